//! Named places where a test can end the process at once, as `kill -9` would: `WEIR_FAIL_AT=published` or
//! `WEIR_FAIL_AT=published:3` for the third time it is passed; and named tasks that a test can have end as they start:
//! `WEIR_FAIL_AT=fold:panics` or `fold:returns`. Nothing happens unless it is asked for.

use std::sync::atomic::{AtomicU32, Ordering};

use weir_messages::TaskFault;

/// Every place there is, in the order in which a batch passes them.
pub const PLACES: [&str; 6] = ["events_appended", "folded", "published", "saved", "commit_done", "outbox_published"];

/// Tasks and threads that run as long as their process does, where its log and its database are embedded.
pub const TASKS: [&str; 16] = [
    "http-server",
    "metrics-upkeep",
    "log-writer",
    "fold",
    "decision-delivery",
    "lending-writer",
    "outbox-relay",
    "payout-runner",
    "lending-news",
    "lending-upkeep",
    "sqlite-checkpoint",
    "day-end",
    "disk",
    "retention",
    "lineup",
    "redis-writer",
];

/// Those that only a process on brokers and PostgreSQL has.
pub const TASKS_ON_SERVERS: [&str; 8] = [
    "postgres-listener",
    "postgres-turn",
    "group-lag",
    "weir-intake",
    "weir-customers",
    "weir-entities",
    "weir-decisions",
    "weir-deliveries",
];

fn is_task(name: &str) -> bool {
    TASKS.contains(&name) || TASKS_ON_SERVERS.contains(&name)
}

#[derive(Debug, Default)]
pub(crate) struct FailPoint {
    armed: Option<Armed>,
}

#[derive(Debug)]
enum Armed {
    Place { name: String, left: AtomicU32 },
    Task { name: String, fault: TaskFault },
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "WEIR_FAIL_AT: expected one of {PLACES:?}, perhaps with `:<count>`, or one of {TASKS:?} or \
     {TASKS_ON_SERVERS:?} with `:panics` or `:returns`, found `{0}`"
)]
pub(crate) struct UnknownPlace(String);

impl FailPoint {
    /// From the value of `WEIR_FAIL_AT`.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, UnknownPlace> {
        let Some(text) = text else { return Ok(Self::default()) };
        let (name, how) = text.split_once(':').unwrap_or((text, "1"));
        let armed = if is_task(name) { Armed::task(name, how) } else { Armed::place(name, how) };
        armed.map(|armed| Self { armed: Some(armed) }).ok_or_else(|| UnknownPlace(text.to_owned()))
    }

    /// Aborts the process if this is the armed place, passed for the armed time.
    pub(crate) fn pass(&self, place: &'static str) {
        debug_assert!(PLACES.contains(&place), "{place} is not listed");
        if let Some(Armed::Place { name, left }) = &self.armed
            && name == place
            && left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            tracing::error!(place, "fail point reached: aborting");
            std::process::abort();
        }
    }

    /// How the task is to end, if it is the armed one.
    pub(crate) fn task(&self, task: &str) -> Option<TaskFault> {
        debug_assert!(is_task(task), "{task} is not listed");
        match &self.armed {
            Some(Armed::Task { name, fault }) => (name == task).then_some(*fault),
            Some(Armed::Place { .. }) | None => None,
        }
    }
}

impl Armed {
    fn place(name: &str, count: &str) -> Option<Self> {
        let left = count.parse().ok().filter(|count| *count > 0).map(AtomicU32::new)?;
        PLACES.contains(&name).then(|| Self::Place { name: name.to_owned(), left })
    }

    fn task(name: &str, how: &str) -> Option<Self> {
        let fault = [("panics", TaskFault::Panics), ("returns", TaskFault::Returns)];
        let fault = fault.into_iter().find(|(word, _)| *word == how).map(|(_, fault)| fault)?;
        Some(Self::Task { name: name.to_owned(), fault })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_does_not_exist_is_refused() {
        assert!(FailPoint::parse(Some("nowhere")).is_err());
        assert!(FailPoint::parse(Some("published:0")).is_err());
        assert!(FailPoint::parse(Some("fold")).is_err());
        assert!(FailPoint::parse(Some("published:panics")).is_err());
        assert!(FailPoint::parse(Some("published:3")).is_ok());
        let fold = FailPoint::parse(Some("fold:returns")).unwrap();
        assert_eq!((fold.task("fold"), fold.task("lineup")), (Some(TaskFault::Returns), None));
    }
}
