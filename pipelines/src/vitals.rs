//! What the process knows of its own health, kept by the loop and read by `/readyz` and `/metrics`.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use weir_messages::KnownTime;

#[derive(Debug, Default)]
pub struct Vitals {
    appended: AtomicU64,
    folded: AtomicU64,
    /// By whoever watches the topics, where there are several partitions.
    measured: AtomicU64,
    newest: AtomicI64,
    stopped: AtomicBool,
    log_is_silent: AtomicBool,
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
            self.knows(newest);
        }
    }

    /// Something that became known at `newest` has been folded.
    pub fn knows(&self, newest: KnownTime) {
        self.newest.fetch_max(newest.micros(), Ordering::Relaxed);
    }

    /// How far the folds are behind, where others hold them too.
    pub fn measured(&self, lag: u64) {
        self.measured.store(lag, Ordering::Relaxed);
    }

    /// The loop has ended, by order or by an error.
    pub fn stopped(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Whether the log answered when it was last asked.
    pub fn log_answered(&self, answered: bool) {
        self.log_is_silent.store(!answered, Ordering::Relaxed);
    }

    pub fn log_answers(&self) -> bool {
        !self.log_is_silent.load(Ordering::Relaxed)
    }

    /// Records on the log that the fold has not taken.
    pub fn lag(&self) -> u64 {
        let own = self.appended.load(Ordering::Relaxed).saturating_sub(self.folded.load(Ordering::Relaxed));
        own + self.measured.load(Ordering::Relaxed)
    }

    /// When the newest folded event became known; `None` before the first.
    pub fn newest(&self) -> Option<KnownTime> {
        let micros = self.newest.load(Ordering::Relaxed);
        (micros != 0).then(|| KnownTime::from_micros(micros))
    }
}
