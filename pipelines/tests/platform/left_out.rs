//! A challenger or a shadow that cannot be loaded is left out of the lineup and shown; it holds up neither a start nor a
//! rollback.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::fleet::until;
use crate::harness::models::{NAME, decided, site};
use crate::harness::{self, Weir};

/// What `/readyz` says of the lineup, of a process that is ready.
async fn lineup_of(weir: &Weir) -> Value {
    let readiness = weir.get("/readyz").await;
    assert_eq!(readiness["ready"], true, "{readiness}");
    let mut checks = readiness["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == "lineup").cloned().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_that_is_gone_blocks_neither_a_start_nor_a_rollback() {
    let (site, models) = site(3);
    models.promote(2);
    models.ask(&["shadow", NAME, "3", "--why", "watch it"]);
    let seal = models.folder.join("registry").join(NAME).join("seals/00000003.json");
    let seal: Value = serde_json::from_slice(&std::fs::read(seal).unwrap()).unwrap();
    let package = models.folder.join("registry").join(NAME).join("packages").join(seal["hash"].as_str().unwrap());
    std::fs::rename(&package, models.folder.join("gone")).unwrap();

    let weir = site.start(&[]).await;
    let said = lineup_of(&weir).await;
    assert_eq!(said["state"], "degraded", "{said}");
    assert!(said["detail"].as_str().unwrap().starts_with("shadow 3 is left out: "), "{said}");
    assert_eq!(decided(&weir, 1).await["model"]["version"], 2);
    models.rollback();
    let began = Instant::now();
    while decided(&weir, fastrand::u32(1_000..900_000)).await["model"]["version"] != 1 {
        assert!(began.elapsed() < Duration::from_secs(30), "the rollback is not followed");
    }
    std::fs::rename(models.folder.join("gone"), &package).unwrap();
    until("the shadow is asked again", Duration::from_secs(60), async || lineup_of(&weir).await["state"] == "ok").await;
    let decision = decided(&weir, 2).await;
    assert_eq!((&decision["model"]["version"], &decision["shadows"][0]["version"]), (&json!(1), &json!(3)));
    weir.stop();
    // It was told once, though it was tried again.
    let log = std::fs::read_to_string(site.log_file()).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("not all that was asked for is in force")).count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenger_whose_key_is_trusted_no_more_is_left_out() {
    let (mut site, models) = site(1);
    let trusted = site.config["models"]["trusted"].clone();
    let key = models.folder.join("second.pem");
    let second = harness::output(harness::weir().args(["models", "keygen"]).arg(&key)).stdout;
    let second = String::from_utf8(second).unwrap().trim().to_owned();
    let both = toml::Value::Array(vec![trusted[0].clone(), second.into()]);
    harness::set(&mut site.config, "models", "trusted", both);
    site.write_config();
    let package = models.package(2);
    models.ask(&["deploy", harness::models::path(&package), "--key", harness::models::path(&key)]);
    models.ask(&["promote", NAME, "2", "--share", "99", "--why", "try it"]);
    harness::set(&mut site.config, "models", "trusted", trusted);

    let weir = site.start(&[]).await;
    let said = lineup_of(&weir).await;
    assert_eq!(said["state"], "degraded", "{said}");
    assert!(said["detail"].as_str().unwrap().starts_with("challenger 2 is left out: "), "{said}");
    for number in 0..6 {
        let decision = decided(&weir, number).await;
        assert_eq!((&decision["model"]["version"], decision["experiment"].is_null()), (&json!(1), true), "{decision}");
    }
    weir.stop();
}
