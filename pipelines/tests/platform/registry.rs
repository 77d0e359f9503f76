//! Models change while applications are decided: a promotion or a rollback is in force within a second, every decision is
//! whole by one engine, none is lost, and each runs again to the byte, whatever was killed in between.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::fleet::{Fleet, until};
use crate::harness::models::{Models, NAME, applied, decided, site};
use crate::harness::{self, Weir};

/// Applications under way at once while models change.
const WORKERS: usize = 4;
const WITHIN: Duration = Duration::from_secs(1);

/// Applications that flow until told to stop, or until the platform is gone.
struct Flow {
    weir: Weir,
    stopped: AtomicBool,
    next: AtomicU32,
    applications: Mutex<Vec<String>>,
}

impl Flow {
    fn over(weir: Weir, first: u32) -> (Arc<Self>, JoinSet<()>) {
        let flow = Self { weir, stopped: false.into(), next: first.into(), applications: Mutex::default() };
        let flow = Arc::new(flow);
        let worker = |flow: Arc<Self>| async move {
            while !flow.stopped.load(Ordering::SeqCst) {
                let Some(application) = applied(&flow.weir, flow.number()).await else { return };
                flow.applications.lock().unwrap().push(application);
            }
        };
        let running = (0..WORKERS).map(|_| worker(Arc::clone(&flow))).collect();
        (flow, running)
    }

    fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    async fn stop(self: Arc<Self>, running: JoinSet<()>) -> (Weir, Vec<String>) {
        self.stopped.store(true, Ordering::SeqCst);
        running.join_all().await;
        let Some(flow) = Arc::into_inner(self) else { panic!("the flow is over") };
        (flow.weir, flow.applications.into_inner().unwrap())
    }

    /// How long from now until a decision is made by this version: nobody who applies later than that gets another.
    async fn until_decided_by(&self, version: u32) -> Duration {
        let began = Instant::now();
        loop {
            let applied = began.elapsed();
            if decided(&self.weir, self.number()).await["model"]["version"] == version {
                return began.elapsed();
            }
            assert!(applied < WITHIN, "version {version} does not decide within {WITHIN:?}");
        }
    }
}

/// Each is decided once, whole by one version, and decided again to the byte; the versions that did.
async fn whole(weir: &Weir, applications: &[String]) -> BTreeSet<u64> {
    let (mut versions, mut hashes) = (BTreeSet::new(), BTreeSet::new());
    for application in applications {
        let decision = weir.get(&format!("/v1/decisions/{application}")).await;
        let model = &decision["model"];
        versions.insert(model["version"].as_u64().unwrap());
        hashes.insert((model["version"].to_string(), model["hash"].to_string(), model["score"].to_string()));
        let again = weir.post(&format!("/v1/decisions/{application}/rerun"), "rerun", &json!({})).await.1;
        assert_eq!(again["equal"], json!(true), "{again}");
    }
    assert_eq!(hashes.len(), versions.len(), "everybody is the same but for the version that decided: {hashes:?}");
    versions
}

/// In another process, so off this one's threads.
async fn away(models: &Arc<Models>, order: impl FnOnce(&Models) + Send + 'static) {
    let models = Arc::clone(models);
    tokio::task::spawn_blocking(move || order(&models)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_and_a_rollback_are_in_force_within_a_second_while_applications_flow() {
    let (site, models) = site(2);
    let (flow, running) = Flow::over(site.start(&[]).await, 0);
    until("applications flow", Duration::from_secs(30), async || flow.applications.lock().unwrap().len() >= 8).await;
    away(&models, |models| models.promote(2)).await;
    println!("promoted: {:?}", flow.until_decided_by(2).await);
    away(&models, Models::rollback).await;
    println!("rolled back: {:?}", flow.until_decided_by(1).await);
    let (weir, applications) = flow.stop(running).await;
    assert_eq!(whole(&weir, &applications).await, BTreeSet::from([1, 2]));
    let trail = models.ask(&["show", NAME]);
    assert!(trail.contains("ada: champion 1 -> 2: it is better"), "{trail}");
    assert!(trail.contains("ada: champion 2 -> 1: it was not"), "{trail}");
    weir.stop();
    // What stands is known again, and old decisions still run.
    let weir = site.start(&[]).await;
    assert_eq!(decided(&weir, 900_000).await["model"]["version"], 1);
    whole(&weir, &applications).await;
    weir.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_a_promotion_takes_effect_nothing_is_lost_or_mixed() {
    let (site, models) = site(2);
    let mut applications = Vec::new();
    for (round, wait) in (0_u32..).zip([0, 60, 250]) {
        let (flow, running) = Flow::over(site.start(&[]).await, round * 10_000);
        let before = models.ask(&["show", NAME]).lines().count();
        until("applications flow", Duration::from_secs(30), async || flow.applications.lock().unwrap().len() >= 4)
            .await;
        let promoting = away(&models, move |models| if round == 1 { models.rollback() } else { models.promote(2) });
        let killing = async {
            until("the move is there", Duration::from_secs(30), async || {
                models.ask(&["show", NAME]).lines().count() > before
            })
            .await;
            tokio::time::sleep(Duration::from_millis(wait)).await;
            flow.weir.kill();
        };
        tokio::join!(promoting, killing);
        applications.extend(flow.stop(running).await.1);
    }
    let weir = site.start(&[]).await;
    assert_eq!(decided(&weir, 900_000).await["model"]["version"], 2, "the last move stands");
    assert_eq!(whole(&weir, &applications).await, BTreeSet::from([1, 2]));
    weir.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_experiment_and_a_shadow_are_on_record_and_arms_stay_after_a_restart() {
    let (site, models) = site(3);
    models.ask(&["promote", NAME, "2", "--share", "50", "--why", "try it"]);
    models.ask(&["shadow", NAME, "3", "--why", "watch it"]);
    let weir = site.start(&[]).await;
    let mut arms = BTreeSet::new();
    for number in 0..16 {
        let decision = decided(&weir, number).await;
        let (arm, version) =
            (decision["experiment"]["arm"].as_str().unwrap().to_owned(), &decision["model"]["version"]);
        assert_eq!(*version, json!(if arm == "challenger" { 2 } else { 1 }), "{decision}");
        let shadow = &decision["shadows"][0];
        let higher =
            shadow["answer"]["scored"]["score"].as_i64().unwrap() - decision["model"]["score"].as_i64().unwrap();
        assert_eq!((shadow["version"].as_u64(), higher), (Some(3), if arm == "challenger" { 1 } else { 2 }));
        let application = decision["application"].as_str().unwrap();
        let again = weir.post(&format!("/v1/decisions/{application}/rerun"), "rerun", &json!({})).await.1;
        assert_eq!(again["equal"], json!(true), "{again}");
        arms.insert(arm);
    }
    assert_eq!(arms.len(), 2, "sixteen customers are in both arms");
    models.ask(&["rollback", NAME, "--challenger", "--why", "enough"]);
    models.ask(&["shadow", NAME, "3", "--off", "--why", "enough"]);
    until("the experiment is over", Duration::from_secs(30), async || {
        decided(&weir, fastrand::u32(1_000..900_000)).await["experiment"].is_null()
    })
    .await;
    weir.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lineup_that_cannot_be_loaded_leaves_the_old_one_in_force_and_says_so() {
    let (site, models) = site(2);
    let weir = site.start(&[]).await;
    let listed = models.ask(&["list", "--json"]);
    let second: Value = serde_json::from_str(listed.lines().nth(1).unwrap()).unwrap();
    let hash = second["seal"]["hash"].as_str().unwrap();
    let registry = models.folder.join("registry").join(NAME);
    let graph = registry.join("packages").join(hash).join("model.onnx");
    let good = std::fs::read(&graph).unwrap();
    std::fs::write(&graph, &good[1..]).unwrap();
    // No command makes such a move: the gate reads the package first.
    let refused = models.asked(&["promote", NAME, "2", "--why", "x"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("expected package"));
    let made = json!({ "alias": "champion", "to": { "version": 2, "hash": hash }, "previous": null,
        "who": "eve", "at": harness::START, "why": "x" });
    std::fs::write(registry.join("moves/00000002.json"), made.to_string()).unwrap();
    until("it is told", Duration::from_secs(10), async || {
        let page = weir.http.get(format!("{}/metrics", weir.base)).send().await.unwrap().text().await.unwrap();
        page.lines().any(|line| line.starts_with("weir_lineup_failures_total") && !line.ends_with(" 0"))
    })
    .await;
    assert!(std::fs::read_to_string(site.log_file()).unwrap().contains("the lineup in force stays"));
    assert_eq!(decided(&weir, 1).await["model"]["version"], 1);
    std::fs::write(&graph, &good).unwrap();
    until("it is tried again", Duration::from_secs(30), async || {
        decided(&weir, fastrand::u32(1_000..900_000)).await["model"]["version"] == 2
    })
    .await;
    weir.stop();
}

#[test]
fn what_no_command_should_do_is_refused_on_one_line() {
    let (_site, models) = site(1);
    let key = models.folder.join("key.pem");
    let (key, first) = (harness::models::path(&key), models.folder.join("v1"));
    let first = harness::models::path(&first);
    for (arguments, said) in [
        (vec!["promote", NAME, "7", "--why", "x"], "german_credit version 7: no such version"),
        (vec!["promote", "../x", "1", "--why", "x"], "expected a name of small letters"),
        (vec!["promote", NAME, "1", "--why", "x"], "version 1 is champion already"),
        (vec!["rollback", NAME, "--why", "x"], "no champion to roll back from, or none before it"),
        (vec!["shadow", NAME, "1", "--off", "--why", "x"], "version 1 is no shadow"),
        (vec!["deploy", "nowhere", "--key", key], "model.toml cannot be read"),
        (vec!["deploy", first, "--key", first], "cannot be read"),
        (vec!["keygen", key], "cannot be written"),
    ] {
        let arguments: Vec<&str> = arguments;
        let refused = if arguments[0] == "keygen" {
            harness::weir().arg("models").args(&arguments).output().unwrap()
        } else {
            models.asked(&arguments)
        };
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert_eq!((refused.status.code(), stderr.lines().count()), (Some(2), 1), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
    let elsewhere = models.asked(&["list", "--registry", "nowhere"]);
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(models.ask(&["list"]).contains("champion"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_kafka_every_process_follows_and_decisions_run_again_where_lending_is() {
    let Some(mut fleet) = Fleet::new("registry", "").await else { return };
    let models = Arc::new(Models::new(&mut fleet.site));
    (1..=2).for_each(|version| models.deploy(version));
    models.promote(1);
    let desk = fleet.start("desk", "ingest,features,lending").await;
    let _scoring = [fleet.start("scoring-a", "scoring").await, fleet.start("scoring-b", "scoring").await];
    let (flow, running) = Flow::over(desk, 0);
    until("applications flow", Duration::from_secs(60), async || flow.applications.lock().unwrap().len() >= 8).await;
    away(&models, |models| models.promote(2)).await;
    tokio::time::sleep(WITHIN).await;
    for _ in 0..8 {
        assert_eq!(decided(&flow.weir, flow.number()).await["model"]["version"], 2);
    }
    let (desk, applications) = flow.stop(running).await;
    assert_eq!(whole(&desk, &applications).await, BTreeSet::from([1, 2]));
}
