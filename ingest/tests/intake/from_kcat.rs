//! Events from `kcat`, a producer that shell scripts use.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::broker::Site;

/// Writes one record by `kcat`; false where there is none on this machine.
fn kcat(site: &Site, headers: &[&str], value: &str) -> bool {
    let headers = headers.iter().flat_map(|header| ["-H", header]);
    let arguments = ["-P", "-b", &site.settings.brokers, "-t", &site.topic()];
    let child = Command::new("kcat").args(arguments).args(headers).stdin(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return false };
    child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_writes_events_in_both_modes() {
    let test = "kcat_writes_events_in_both_modes";
    let Some(site) = Site::new(test).await else { return };
    let structured = r#"{"specversion":"1.0","id":"e1","source":"shell","type":"behaviour.click.v1","subject":"c1","data":{"screen":"home","target":"next","dwell_ms":10}}"#;
    if !kcat(&site, &["content-type=application/cloudevents+json"], structured) {
        return crate::broker::skip(test, "no kcat on this machine");
    }
    let _intake = site.intake();
    let binary = [
        "ce_specversion=1.0",
        "ce_id=e2",
        "ce_source=shell",
        "ce_type=device.login.v1",
        "ce_subject=c2",
        "content-type=application/json",
    ];
    kcat(&site, &binary, r#"{"device":"device-77","ip":"203.0.113.77","os":"android"}"#);
    kcat(&site, &[], "hello");
    let events = site.events(2).await;
    assert_eq!((events["e1"].subject.as_str(), events["e2"].subject.as_str()), ("c1", "c2"));
    assert!(!events["e2"].data.get().contains("203.0.113.77\""), "{}", events["e2"].data);
    assert_eq!(site.dead_letters(1).await[0].class, "malformed");
}
