//! One `fdatasync` of the disk that the platform writes to, measured while the platform works: a thread appends 4 KiB,
//! syncs and takes the time, every few milliseconds. What any durable answer must wait for at least once.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::DemoError;
use super::figures::Latencies;

const BLOCK: [u8; 4096] = [0x5a; 4096];
/// Rare enough not to load the disk it measures.
const PAUSE: Duration = Duration::from_millis(7);

/// A probe at work.
#[derive(Debug)]
pub(crate) struct Probe {
    stop: Arc<AtomicBool>,
    measuring: JoinHandle<io::Result<Latencies>>,
}

impl Probe {
    pub(crate) fn start(path: &Path) -> Result<Self, DemoError> {
        let file = File::create(path).map_err(DemoError::file(path))?;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let measuring = std::thread::spawn(move || measure(file, &told));
        Ok(Self { stop, measuring })
    }

    /// What it measured; the file is of no further use.
    pub(crate) fn finish(self, path: &Path) -> Result<Latencies, DemoError> {
        self.stop.store(true, Ordering::Relaxed);
        let measured = self.measuring.join().expect("the probe does not panic").map_err(DemoError::file(path))?;
        std::fs::remove_file(path).map_err(DemoError::file(path))?;
        Ok(measured)
    }
}

fn measure(mut file: File, stop: &AtomicBool) -> io::Result<Latencies> {
    let mut latencies = Latencies::default();
    // At least one, however short the run.
    loop {
        file.write_all(&BLOCK)?;
        let began = Instant::now();
        file.sync_data()?;
        latencies.record(began.elapsed());
        if stop.load(Ordering::Relaxed) {
            return Ok(latencies);
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_measures_at_least_once_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("probe");
        let measured = Probe::start(&path).unwrap().finish(&path).unwrap();
        assert!(measured.count() >= 1 && !path.exists());
    }
}
