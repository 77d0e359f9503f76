//! What the platform takes of memory and disk, by what may grow and what may not.

use std::fmt;
use std::path::Path;

use crate::world::World;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// Resident, in bytes.
    pub(crate) memory: u64,
    /// Tables of the event log and of the state, in bytes: bounded by retention.
    pub(crate) tables: u64,
    /// What was written and is not in tables yet, in bytes.
    pub(crate) journals: u64,
    /// The books, in bytes: grow with the loans.
    pub(crate) books: u64,
    /// Series on the metrics page.
    pub(crate) series: usize,
}

impl Measured {
    pub(crate) async fn of(world: &World) -> Self {
        let data = world.site.data();
        let page = world.weir.http.get(format!("{}/metrics", world.weir.base)).send().await.unwrap();
        let page = page.text().await.unwrap();
        let tables = ["log/keyspaces", "state/keyspaces"].iter().map(|part| bytes(&data.join(part))).sum();
        Self {
            memory: resident(world.weir.process()),
            tables,
            journals: bytes(&data.join("log")) + bytes(&data.join("state")) - tables,
            books: ["lending.sqlite", "lending.sqlite-wal"].iter().map(|file| bytes(&data.join(file))).sum(),
            series: page.lines().filter(|line| !line.starts_with('#')).count(),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes >> 20;
        let [memory, tables, journals, books] = [self.memory, self.tables, self.journals, self.books].map(mib);
        write!(f, "memory {memory} MiB, tables {tables} MiB, journals {journals} MiB, books {books} MiB, ")?;
        write!(f, "{} series", self.series)
    }
}

/// Of a file or of everything in a folder.
pub(crate) fn bytes(path: &Path) -> u64 {
    let Ok(found) = path.symlink_metadata() else { return 0 };
    if !found.is_dir() {
        return found.len();
    }
    let Ok(entries) = path.read_dir() else { return 0 };
    entries.flatten().map(|entry| bytes(&entry.path())).sum()
}

fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
