//! What sees that everything runs: the first task that ends is told on the log, turns readiness red, and is the word for
//! the process to end.

use std::sync::Arc;

use tokio::sync::mpsc;
use weir_messages::{TaskEnded, Tasks};

use crate::failpoint::FailPoint;
use crate::vitals::Vitals;

#[derive(Debug, Clone)]
pub(crate) struct Supervision {
    pub tasks: Tasks,
    pub vitals: Arc<Vitals>,
    pub fail_point: Arc<FailPoint>,
}

/// Dropped, it has the tasks end as they were told to. Declared behind what is being opened, it goes before it: where that
/// is refused, the refusal is the word, and not the end of the tasks that it takes with it.
#[derive(Debug)]
pub(super) struct Opening(Option<Tasks>);

impl Opening {
    pub(super) const fn with(tasks: Tasks) -> Self {
        Self(Some(tasks))
    }

    /// Everything is open.
    pub(super) fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(tasks) = &self.0 {
            tasks.stop();
        }
    }
}

impl Supervision {
    /// What is received is the end of a task.
    pub(crate) fn new(fail_point: FailPoint) -> (Self, mpsc::UnboundedReceiver<TaskEnded>) {
        let (vitals, fail_point) = (Arc::new(Vitals::default()), Arc::new(fail_point));
        let (ends, ended) = mpsc::unbounded_channel();
        let (told, armed) = (Arc::clone(&vitals), Arc::clone(&fail_point));
        let report = move |ended: TaskEnded| {
            tracing::error!(task = ended.name, cause = ended.cause, "a task has ended: the process ends");
            told.task_ended(ended.clone());
            ends.send(ended).ok();
        };
        let tasks = Tasks::new(report, move |task| armed.task(task));
        (Self { tasks, vitals, fail_point }, ended)
    }
}
