//! A queue for each stream that several commands of this process want to change at once. Without one the commits of three
//! writers refuse each other again and again; with it each decides on what the one before has left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::OwnedMutexGuard;

use crate::store::{Commit, StreamId};

type Queue = Arc<tokio::sync::Mutex<()>>;

/// There is one only while somebody is in it.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<HashMap<StreamId, Queue>>);

/// Held by whoever's turn it is.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    queues: &'a Queues,
    stream: StreamId,
    queue: Queue,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Queues {
    /// Waits at the end of the stream's queue.
    pub(super) async fn turn(&self, stream: &StreamId) -> Turn<'_> {
        let queue = Arc::clone(self.locked().entry(stream.clone()).or_default());
        let mut turn = Turn { queues: self, stream: stream.clone(), queue, guard: None };
        turn.guard = Some(Arc::clone(&turn.queue).lock_owned().await);
        turn
    }

    /// A stream that the commit changes and that others queue for.
    pub(super) fn queued<'c>(&self, commit: &'c Commit) -> Option<&'c StreamId> {
        let queues = self.locked();
        commit.appends.iter().map(|append| &append.stream).find(|stream| queues.contains_key(*stream))
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<StreamId, Queue>> {
        self.0.lock().expect("no holder panics")
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut queues = self.queues.locked();
        // The map's own and this one.
        if Arc::strong_count(&self.queue) == 2 {
            queues.remove(&self.stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_queue_is_gone_when_the_last_has_left_it() {
        let queues = Queues::default();
        let stream = StreamId::loan(&"l1".into());
        let first = queues.turn(&stream).await;
        let (second, ()) = tokio::join!(queues.turn(&stream), async {
            tokio::task::yield_now().await;
            assert_eq!(queues.locked().len(), 1);
            drop(first);
        });
        let gone = tokio::time::timeout(std::time::Duration::ZERO, queues.turn(&stream)).await;
        assert!(gone.is_err(), "it is the second one's turn");
        drop((gone, second));
        assert!(queues.locked().is_empty());
    }
}
