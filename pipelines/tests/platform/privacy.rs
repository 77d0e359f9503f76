//! After the demo nobody finds a person in what it left behind: a sweep over log, state, database, kept engines, logs,
//! metrics, configuration and both reports for every identifier that was made up and sent.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use aho_corasick::AhoCorasick;
use weir_ingest::log::EmbeddedLog;
use weir_messages::Topic;
use weir_pipelines::demo::planted_identifiers;

use crate::harness::records::each_record;
use crate::harness::weir;

const APPLICANTS: usize = 1_000;
const SEED: u64 = 77;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[tokio::test]
async fn the_demo_leaves_no_identifier_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let [data, report, vectors] = ["demo", "report.html", "vectors.ndjson"].map(|name| folder.path().join(name));
    let mut demo = weir()
        .args(["demo", "--serve", "--applicants", &APPLICANTS.to_string(), "--seed", &SEED.to_string()])
        .arg("--data")
        .arg(&data)
        .arg("--report")
        .arg(&report)
        .arg("--vectors")
        .arg(&vectors)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut printed, mut address) = (String::new(), None);
    for line in BufReader::new(demo.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        address = line.strip_prefix("Serving on ").and_then(|rest| rest.split(' ').next()).map(str::to_owned);
        printed.push_str(&line);
        if address.is_some() {
            break;
        }
    }
    let address = address.unwrap_or_else(|| panic!("the demo did not get to its end: {printed}"));
    let metrics = reqwest::get(format!("{address}/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("weir_decisions_total"), "{metrics}");
    let interrupted = std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", demo.id())]).status();
    assert!(interrupted.unwrap().success() && demo.wait().unwrap().success());

    let planted = planted_identifiers(APPLICANTS, SEED);
    assert!(planted.iter().filter(|one| one.kind == "phone").count() >= APPLICANTS);
    let patterns = AhoCorasick::new(planted.iter().map(|one| &one.value)).unwrap();
    let clean = |what: &str, bytes: &[u8]| {
        if let Some(found) = patterns.find(bytes) {
            panic!("{what} holds a {} in clear", planted[found.pattern().as_usize()].kind);
        }
    };
    clean("the printed report", printed.as_bytes());
    clean("the metrics", metrics.as_bytes());
    let lines = std::fs::read_to_string(&vectors).unwrap();
    let planted_as = |what: &str| lines.lines().filter(|line| line.contains(&format!("\"planted\":{what}"))).count();
    assert_eq!(["\"ring ", "\"bot\"", "null"].map(planted_as), [30, 10, 960]);
    let mut left = vec![report, vectors];
    files(&data, &mut left);
    assert!(left.len() > 10, "{left:?}");
    left.iter().for_each(|path| clean(&path.display().to_string(), &std::fs::read(path).unwrap()));
    swept(&data.join("platform/log"), clean).await;
}

/// The log's rows lie compressed in its files, so they are read as records too.
async fn swept(folder: &Path, clean: impl Fn(&str, &[u8])) {
    let log = EmbeddedLog::open(folder).unwrap();
    for topic in Topic::ALL {
        let seen = each_record(&log, topic, |record| {
            clean(topic.name(), &record.value);
            clean(topic.name(), record.key.as_bytes());
            record.headers.iter().for_each(|header| clean(topic.name(), header.value.as_bytes()));
        });
        // On one partition nothing is shuffled, and dead letters there need not be.
        assert!(seen.await > 0 || ![Topic::Events, Topic::Decisions].contains(&topic), "{topic} is empty");
    }
}
