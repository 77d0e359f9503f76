//! Who waits in this process for the decision on an application. As many as there are requests that wait: one that goes
//! away takes its place with it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::oneshot;
use weir_messages::ApplicationId;

use super::ApplicationAnswer;

type Waiters = HashMap<ApplicationId, HashMap<u64, oneshot::Sender<ApplicationAnswer>>>;

#[derive(Debug, Default)]
pub(crate) struct Waiting {
    waiters: Mutex<Waiters>,
    next: AtomicU64,
}

/// One place in the list, for as long as it lives.
#[derive(Debug)]
pub(super) struct Waiter<'a> {
    waiting: &'a Waiting,
    application: ApplicationId,
    number: u64,
    answer: oneshot::Receiver<ApplicationAnswer>,
}

impl Waiting {
    pub(super) fn register(&self, application: &ApplicationId) -> Waiter<'_> {
        let (wake, answer) = oneshot::channel();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.locked().entry(application.clone()).or_default().insert(number, wake);
        Waiter { waiting: self, application: application.clone(), number, answer }
    }

    /// Tells everybody who waits for this application.
    pub(super) fn wake(&self, answer: &ApplicationAnswer) {
        let waiters = self.locked().remove(&answer.application);
        for waiter in waiters.into_iter().flat_map(HashMap::into_values) {
            waiter.send(answer.clone()).ok();
        }
    }

    pub(super) fn applications(&self) -> Vec<ApplicationId> {
        self.locked().keys().cloned().collect()
    }

    pub(super) fn contains(&self, application: &ApplicationId) -> bool {
        self.locked().contains_key(application)
    }

    fn locked(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().expect("no holder panics")
    }
}

impl Waiter<'_> {
    /// The answer, should it come in time.
    pub(super) async fn answer(&mut self, timeout: Duration) -> Option<ApplicationAnswer> {
        tokio::time::timeout(timeout, &mut self.answer).await.ok()?.ok()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut waiters = self.waiting.locked();
        if let Some(of_application) = waiters.get_mut(&self.application) {
            of_application.remove(&self.number);
            if of_application.is_empty() {
                waiters.remove(&self.application);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_goes_away_leaves_nothing_and_nobody_elses_place_moves() {
        let waiting = Waiting::default();
        let (first, second) = (waiting.register(&"a1".into()), waiting.register(&"a1".into()));
        drop(first);
        assert_eq!(waiting.applications(), ["a1".into()]);
        drop(second);
        assert!(waiting.applications().is_empty());
    }
}
