//! What the process knows of its own health, kept by the loop and read by `/readyz` and `/metrics`.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use weir_messages::KnownTime;

#[derive(Debug, Default)]
pub struct Vitals {
    appended: AtomicU64,
    folded: AtomicU64,
    newest: AtomicI64,
    stopped: AtomicBool,
}

impl Vitals {
    /// The end of the log as the collector last saw it.
    pub fn appended(&self, end: u64) {
        self.appended.fetch_max(end, Ordering::Relaxed);
    }

    /// The fold has taken everything before `next`, and the newest of it became known at `newest`.
    pub fn folded(&self, next: u64, newest: Option<KnownTime>) {
        self.folded.fetch_max(next, Ordering::Relaxed);
        self.appended(next);
        if let Some(newest) = newest {
            self.newest.fetch_max(newest.micros(), Ordering::Relaxed);
        }
    }

    /// The loop has ended, by order or by an error.
    pub fn stopped(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Records on the log that the fold has not taken.
    pub fn lag(&self) -> u64 {
        self.appended.load(Ordering::Relaxed).saturating_sub(self.folded.load(Ordering::Relaxed))
    }

    /// When the newest folded event became known; `None` before the first.
    pub fn newest(&self) -> Option<KnownTime> {
        let micros = self.newest.load(Ordering::Relaxed);
        (micros != 0).then(|| KnownTime::from_micros(micros))
    }
}
