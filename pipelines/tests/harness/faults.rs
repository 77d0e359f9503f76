//! What went wrong in the processes of a test that failed, told before their folder is gone.

use std::path::Path;

/// The first and the last of each process's errors, so many of each.
const TOLD: usize = 10;

pub fn tell(folder: &Path) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|ending| ending == "log") {
            let log = std::fs::read_to_string(&path).unwrap_or_default();
            let faults: Vec<&str> = log.lines().filter(|line| is_a_fault(line)).collect();
            let last = faults.iter().skip(TOLD.max(faults.len().saturating_sub(TOLD)));
            faults.iter().take(TOLD).chain(last).for_each(|line| eprintln!("{}: {line}", path.display()));
        }
    }
}

/// Errors, and what the Kafka client warns of when a group puts it out.
fn is_a_fault(line: &str) -> bool {
    ["\"ERROR\"", "MAXPOLL", "SESSTMOUT", "joins anew"].iter().any(|word| line.contains(word))
}
