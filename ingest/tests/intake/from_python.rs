//! Events from Python: the CloudEvents SDK in both modes, sent by a client that partitions as Java does.

use std::path::PathBuf;
use std::process::Command;

use weir_messages::Shard;

use crate::broker::{PARTITIONS, Site};

/// What the producer printed: each key, and the partition that it chose for it.
fn produce(site: &Site) -> Result<Vec<(String, u16)>, String> {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap());
    let mut set_up = Command::new(here.join("../scripts/python-clients"));
    let set_up = set_up.arg(here.join("tests/intake/python")).output().map_err(|error| error.to_string())?;
    if !set_up.status.success() {
        return Err(format!("its clients cannot be had: {}", String::from_utf8_lossy(&set_up.stderr)));
    }
    let python = String::from_utf8(set_up.stdout).unwrap();
    let script = here.join("tests/intake/python/produce.py");
    let produced = Command::new(python.trim()).arg(script).args([&site.settings.brokers, &site.topic()]).output();
    let produced = produced.unwrap();
    assert!(produced.status.success(), "{}", String::from_utf8_lossy(&produced.stderr));
    let printed = String::from_utf8(produced.stdout).unwrap();
    let line = |line: &str| line.split_once(' ').map(|(key, partition)| (key.to_owned(), partition.parse().unwrap()));
    Ok(printed.lines().map(|text| line(text).unwrap()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_writes_events_in_both_modes_and_javas_partitions_are_ours() {
    let test = "the_python_sdk_writes_events_in_both_modes_and_javas_partitions_are_ours";
    let Some(site) = Site::new(test).await else { return };
    let _intake = site.intake();
    let chosen = match produce(&site) {
        Ok(chosen) => chosen,
        Err(why) => return crate::broker::skip(test, &format!("no Python producer: {why}")),
    };
    assert_eq!(chosen.len(), 100);
    for (key, partition) in &chosen {
        assert_eq!(*partition, Shard::of(key).partition(PARTITIONS), "{key}");
    }
    let events = site.events(101).await;
    for number in 0..=100 {
        let event = &events[&format!("e{number}")];
        assert_eq!((event.subject.as_str(), event.source.as_str()), (format!("c{number}").as_str(), "python/sdk"));
        let data: serde_json::Value = serde_json::from_str(event.data.get()).unwrap();
        assert_eq!(data["dwell_ms"], 10);
    }
}
