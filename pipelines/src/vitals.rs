//! What the process knows of its own health, kept by the loop and read by `/readyz` and `/metrics`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use weir_messages::{KnownTime, TaskEnded};

use crate::health::{Check, Health, Reports};

#[derive(Debug, Default)]
pub struct Vitals {
    appended: AtomicU64,
    folded: AtomicU64,
    saved: AtomicU64,
    /// By whoever watches the topics, where there are several partitions.
    measured: AtomicU64,
    newest: AtomicI64,
    /// The first task that ended: the process cannot go on.
    ended: OnceLock<TaskEnded>,
    log_is_silent: AtomicBool,
    disk_is_short: AtomicBool,
    drains: AtomicBool,
    reports: Reports,
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

    /// The state holds everything before `next`, on a log of one partition.
    pub fn was_saved(&self, next: u64) {
        self.saved.fetch_max(next, Ordering::Relaxed);
    }

    pub fn saved(&self) -> u64 {
        self.saved.load(Ordering::Relaxed)
    }

    /// Something that became known at `newest` has been folded.
    pub fn knows(&self, newest: KnownTime) {
        self.newest.fetch_max(newest.micros(), Ordering::Relaxed);
    }

    /// How far the folds are behind, where others hold them too.
    pub fn measured(&self, lag: u64) {
        self.measured.store(lag, Ordering::Relaxed);
    }

    /// A task has ended that must not; the first one is remembered.
    pub fn task_ended(&self, ended: TaskEnded) {
        self.ended.set(ended).ok();
    }

    pub fn ended(&self) -> Option<&TaskEnded> {
        self.ended.get()
    }

    /// The process was told to stop: whoever balances load goes elsewhere.
    pub fn drain(&self) {
        self.drains.store(true, Ordering::Relaxed);
    }

    pub fn drains(&self) -> bool {
        self.drains.load(Ordering::Relaxed)
    }

    /// Whether the log answered when it was last asked.
    pub fn log_answered(&self, answered: bool) {
        self.log_is_silent.store(!answered, Ordering::Relaxed);
    }

    pub fn log_answers(&self) -> bool {
        !self.log_is_silent.load(Ordering::Relaxed)
    }

    /// Whether the disk of the data folder has the room that is to be left.
    pub fn disk_has_room(&self, room: bool) {
        self.disk_is_short.store(!room, Ordering::Relaxed);
    }

    pub fn disk_is_short(&self) -> bool {
        self.disk_is_short.load(Ordering::Relaxed)
    }

    /// How a part does that has no other place here. It stands until the part reports again.
    pub(crate) fn report(&self, name: &'static str, health: Health) {
        self.reports.report(name, health);
    }

    pub(crate) fn reported(&self) -> Vec<Check> {
        self.reports.checks()
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
