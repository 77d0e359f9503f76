//! The demo as a command that starts others: whoever ends it ends them too.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{self, weir};

const PATIENCE: Duration = Duration::from_secs(120);

fn demo(folder: &Path, applicants: &str) -> Child {
    let mut demo = weir();
    demo.args(["demo", "--serve", "--applicants", applicants, "--data"]).arg(folder.join("data"));
    demo.arg("--report").arg(folder.join("report.html")).current_dir(harness::root());
    demo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn children(parent: &Child) -> Vec<u32> {
    let file = format!("/proc/{0}/task/{0}/children", parent.id());
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

/// Whether a process is there and no mere remainder that nobody has waited for.
fn lives(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn ends_with_its_children(mut demo: Child, started: &[u32]) {
    assert_eq!(started.len(), 2, "the platform and the payment channel");
    assert!(Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap().success());
    let began = Instant::now();
    while demo.try_wait().unwrap().is_none() || started.iter().any(|process| lives(*process)) {
        assert!(began.elapsed() < PATIENCE, "SIGTERM leaves processes behind");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn sigterm_ends_a_demo_that_serves_and_both_its_processes() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = demo(folder.path(), "20");
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("Serving on")), "it serves");
    let started = children(&demo);
    ends_with_its_children(demo, &started);
}

#[test]
fn sigterm_ends_a_demo_in_its_midst_and_both_its_processes() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), "1000");
    let began = Instant::now();
    let started = loop {
        let started = children(&demo);
        if started.len() == 2 {
            break started;
        }
        assert!(began.elapsed() < PATIENCE, "it starts nobody");
        std::thread::sleep(Duration::from_millis(20));
    };
    ends_with_its_children(demo, &started);
}
