//! The three chains of several partitions, one behind the other in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use weir_features::{CustomerStage, EntityStage, VectorStage};
use weir_ingest::RepeatWindow;
use weir_ingest::dead_letters::Seals;
use weir_ingest::log::{EmbeddedLog, Entry};
use weir_messages::privacy::Keyring;
use weir_messages::{Decision, Derived, KnownTime, Outcome, Part, Position, Tasks};
use weir_scoring::{Content as Files, CurrentLineup, Lineup};

use super::*;
use crate::bench::made_up::{acquainted, application, placed};
use crate::content::Content;
use crate::fold::{Fold, Opening, Surroundings};

const DEADLINE_SECONDS: u32 = 600;

/// The content of this repository, with its model.
fn shipped() -> (Content, Arc<CurrentLineup>) {
    let root = crate::demo::platform::content_root().unwrap();
    let content = Content::load(&crate::config::Content::under(&root)).unwrap();
    let engine = content.engine(&Files::read_model(&root.join("models/german_credit")).unwrap()).unwrap();
    let lineup = Arc::new(CurrentLineup::new(Lineup::of(Arc::new(engine))));
    (content, lineup)
}

/// Applications `a1`, `a2` and `a3` of three people, so many minutes after the first became known.
fn events(minutes: [i64; 3]) -> Vec<Record> {
    let mut events: Vec<Record> = [10, 20, 30].into_iter().flat_map(acquainted).collect();
    for ((id, who), minutes) in [("a1", 10), ("a2", 20), ("a3", 30)].into_iter().zip(minutes) {
        let mut record = application(id, who);
        let known = record.headers.iter_mut().find(|header| header.name == "ce_knowntime").unwrap();
        let first = KnownTime::parse(&known.value).unwrap();
        known.value = KnownTime::from_micros(first.micros() + minutes * 60_000_000).to_string();
        events.push(record);
    }
    events
}

/// What is on `weir.features` after the events: every customer's own part, then every entity's.
fn parts(content: &Content, events: Vec<Record>) -> Vec<Record> {
    let mut customers = CustomerChain {
        admitting: Admitting::new(1, RepeatWindow::default()),
        customers: CustomerStage::new(Arc::clone(&content.views)),
    };
    let mut entities = EntityChain { entities: EntityStage::new(Arc::clone(&content.views), 1) };
    let mut own = customers.fold(&placed(0, events)).unwrap();
    let mut told = entities.fold(&placed(0, own.take(Topic::EntityEvents))).unwrap();
    [own.take(Topic::Features), told.take(Topic::Features)].concat()
}

/// Whether it is what the device of this application says.
fn is_device_of(record: &Record, application: &str) -> bool {
    let part = Derived::<Part>::try_from(record).unwrap().body;
    matches!(part, Part::Entity(part) if part.entity == "device" && part.application.as_str() == application)
}

fn decided(lineup: &Arc<CurrentLineup>, parts: Vec<Record>) -> Vec<Decision> {
    let vectors = VectorStage::default().with_deadline(DEADLINE_SECONDS);
    let mut chain = DecisionChain { vectors, deciding: Deciding::new(lineup), gauges: None };
    chain.fold(&placed(0, parts)).unwrap().decisions.into_iter().map(|one| one.decision).collect()
}

fn told(decisions: &[Decision]) -> Vec<(&str, Outcome)> {
    decisions.iter().map(|one| (one.application.as_str(), one.outcome)).collect()
}

#[test]
fn a_part_that_never_comes_sends_its_decision_to_review_and_is_named_there() {
    let (content, lineup) = shipped();
    let whole = parts(&content, events([0, 60, 60]));
    let all = decided(&lineup, whole.clone());
    let approved = [("a1", Outcome::Approve), ("a2", Outcome::Approve), ("a3", Outcome::Approve)];
    assert_eq!(told(&all), approved, "{:?}", all[0].reasons);

    let lacking: Vec<Record> = whole.into_iter().filter(|record| !is_device_of(record, "a1")).collect();
    let late = decided(&lineup, lacking);
    let review = late.iter().find(|one| one.application.as_str() == "a1").expect("it does not wait for ever");
    assert_eq!(review.outcome, Outcome::Review, "{:?}", review.reasons);
    let named: Vec<_> = review.missing.iter().filter(|(_, why)| *why == "part_missing").map(|(name, _)| name).collect();
    assert!(!named.is_empty() && named.iter().all(|name| name.starts_with("device_")), "{:?}", review.missing);
    let others: Vec<_> = told(&late).into_iter().filter(|(application, _)| *application != "a1").collect();
    assert_eq!(others, approved[1..]);
}

/// As long as nobody else applies in the partition no time passes there, and an application waits for its part.
#[test]
fn in_a_partition_where_nobody_else_applies_a_part_is_waited_for() {
    let (content, lineup) = shipped();
    let soon = parts(&content, events([0, 1, 1]));
    let lacking: Vec<Record> = soon.into_iter().filter(|record| !is_device_of(record, "a1")).collect();
    assert_eq!(told(&decided(&lineup, lacking)), [("a2", Outcome::Approve), ("a3", Outcome::Approve)]);
}

fn surroundings(folder: &Path) -> Surroundings {
    let ring = Keyring::new("k1", [("k1".to_owned(), [7; 32])].into()).unwrap();
    Surroundings {
        log: Arc::new(EmbeddedLog::open(&folder.join("log")).unwrap()),
        seals: Seals::new(Arc::new(ring)),
        save_every: Duration::from_secs(3_600),
        repeats: RepeatWindow::default(),
        part_wait_seconds: DEADLINE_SECONDS,
        rebuild_from_kept: false,
        snapshots: None,
        online: None,
        watching: None,
        vitals: Arc::default(),
        tasks: Tasks::default(),
        fail_point: Arc::default(),
    }
}

/// After a restart, or at its next holder, a partition may stand still for long before its next record comes.
#[test]
fn what_waits_for_a_part_is_on_the_chart_as_soon_as_the_state_is_taken_up_and_as_long_as_it_is_held() {
    let (content, lineup) = shipped();
    let lacking = parts(&content, events([0, 1, 1])).into_iter().filter(|record| !is_device_of(record, "a1"));
    let entries =
        lacking.zip(0..).map(|(record, offset)| Entry { position: Position { partition: 0, offset }, record });
    let (folder, recorder) = (tempfile::tempdir().unwrap(), PrometheusBuilder::new().build_recorder());
    let chart = recorder.handle();
    let shown = || {
        chart
            .render()
            .lines()
            .find_map(|line| line.strip_prefix("weir_vectors_waiting{partition=\"0\"} ").map(str::to_owned))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let around = surroundings(folder.path());
    let open = || {
        let vectors = VectorStage::default().with_deadline(DEADLINE_SECONDS);
        let chain = DecisionChain { vectors, deciding: Deciding::new(&lineup), gauges: None };
        let state = folder.path().join("state");
        let opening = Opening { name: "decisions", number: 0, chain: Box::new(chain), folder: state, committed: None };
        runtime.block_on(Fold::open(around.clone(), opening)).unwrap()
    };
    metrics::with_local_recorder(&recorder, || {
        let mut fold = open();
        assert_eq!(shown().as_deref(), Some("0"));
        fold.fold(entries.collect()).unwrap();
        assert_eq!(shown().as_deref(), Some("1"));
        runtime.block_on(fold.publish()).unwrap();
        fold.save().unwrap();
        drop(fold);
        assert_eq!(shown().as_deref(), Some("0"), "it is nobody's here");
        let again = open();
        assert_eq!(shown().as_deref(), Some("1"));
        drop(again);
    });
}
