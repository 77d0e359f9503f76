//! The tasks and threads of a process, by name: the first that ends before the process is told to stop is reported with
//! its cause. Spawns nothing itself, so that it needs no runtime.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::Causes;

/// A task that ended and was not told to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the task `{name}` ended: {cause}")]
pub struct TaskEnded {
    pub name: &'static str,
    /// The panic's message, the error with its causes, or that it returned.
    pub cause: String,
}

/// How a test has a task end as soon as it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskFault {
    Panics,
    Returns,
}

/// What a task gives when it ends: nothing, or a result whose error is its cause.
pub trait TaskOutcome {
    fn cause(&self) -> Option<String>;
}

impl TaskOutcome for () {
    fn cause(&self) -> Option<String> {
        None
    }
}

impl<T, E: Error> TaskOutcome for Result<T, E> {
    fn cause(&self) -> Option<String> {
        self.as_ref().err().map(|error| Causes(error).to_string())
    }
}

/// Cheap to clone. The default reports nothing: for tests and tools.
#[derive(Clone, Default)]
pub struct Tasks {
    reporter: Option<Arc<Reporter>>,
    /// Of a part that may be told to stop by itself.
    part: Option<Arc<AtomicBool>>,
}

type Report = dyn Fn(TaskEnded) + Send + Sync;
type FaultOf = dyn Fn(&str) -> Option<TaskFault> + Send + Sync;

struct Reporter {
    stopping: AtomicBool,
    report: Box<Report>,
    fault: Box<FaultOf>,
}

impl Tasks {
    /// `report` is called in the task or thread that ended and must not block; `fault` is asked once for each task.
    pub fn new(
        report: impl Fn(TaskEnded) + Send + Sync + 'static,
        fault: impl Fn(&str) -> Option<TaskFault> + Send + Sync + 'static,
    ) -> Self {
        let (report, fault) = (Box::new(report), Box::new(fault));
        Self { reporter: Some(Arc::new(Reporter { stopping: AtomicBool::new(false), report, fault })), part: None }
    }

    /// For what may be closed while the process goes on: `stop` is then its own.
    #[must_use]
    pub fn part(&self) -> Self {
        Self { reporter: self.reporter.clone(), part: Some(Arc::default()) }
    }

    /// From now on a task that ends does so as it was told to.
    pub fn stop(&self) {
        let whole = self.reporter.as_ref().map(|reporter| &reporter.stopping);
        self.part.as_deref().or(whole).into_iter().for_each(|stopping| stopping.store(true, Ordering::SeqCst));
    }

    /// Reports a task that cannot do its work any more, though it goes on to answer those who wait for it.
    pub fn report(&self, name: &'static str, cause: impl Into<String>) {
        let stopping = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
        if let Some(reporter) = &self.reporter
            && !stopping(&reporter.stopping)
            && !self.part.as_deref().is_some_and(stopping)
        {
            (reporter.report)(TaskEnded { name, cause: cause.into() });
        }
    }

    /// `task`, to be spawned. Dropping it unfinished, as an abort does, is an end too.
    pub fn watch<F>(&self, name: &'static str, task: F) -> Watched<F>
    where
        F: Future,
        F::Output: TaskOutcome,
    {
        Watched { task: Box::pin(task), name, tasks: self.clone(), fault: self.fault(name), ended: false }
    }

    /// Runs the body of a thread.
    pub fn run<T: TaskOutcome>(&self, name: &'static str, body: impl FnOnce() -> T) -> Option<T> {
        let fault = self.fault(name);
        let run = AssertUnwindSafe(|| fail(name, fault).is_none().then(body));
        match catch_unwind(run) {
            Ok(outcome) => {
                self.report(name, outcome.as_ref().and_then(TaskOutcome::cause).unwrap_or_else(returned));
                outcome
            }
            Err(panic) => {
                self.report(name, message(&*panic));
                resume_unwind(panic)
            }
        }
    }

    fn fault(&self, name: &str) -> Option<TaskFault> {
        self.reporter.as_ref().and_then(|reporter| (reporter.fault)(name))
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.reporter.is_some() { "Tasks(reported)" } else { "Tasks(not reported)" })
    }
}

/// A task that tells when it ends. A panic ends it without unwinding further.
pub struct Watched<F> {
    task: Pin<Box<F>>,
    name: &'static str,
    tasks: Tasks,
    fault: Option<TaskFault>,
    ended: bool,
}

impl<F> Watched<F> {
    fn end(&mut self, cause: String) -> Poll<()> {
        self.ended = true;
        self.tasks.report(self.name, cause);
        Poll::Ready(())
    }
}

impl<F> Future for Watched<F>
where
    F: Future,
    F::Output: TaskOutcome,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (name, fault) = (self.name, self.fault);
        let poll = AssertUnwindSafe(|| match fail(name, fault) {
            Some(()) => Poll::Ready(None),
            None => self.task.as_mut().poll(context).map(Some),
        });
        match catch_unwind(poll) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => {
                let cause = outcome.as_ref().and_then(TaskOutcome::cause);
                self.end(cause.unwrap_or_else(returned))
            }
            Err(panic) => self.end(message(&*panic)),
        }
    }
}

impl<F> Drop for Watched<F> {
    fn drop(&mut self) {
        if !self.ended {
            self.tasks.report(self.name, "it was aborted");
        }
    }
}

impl<F> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watched({})", self.name)
    }
}

/// `Some` where the task is to return at once.
fn fail(name: &str, fault: Option<TaskFault>) -> Option<()> {
    match fault {
        None => None,
        Some(TaskFault::Returns) => Some(()),
        Some(TaskFault::Panics) => panic!("the fail point of the task `{name}` was reached"),
    }
}

fn returned() -> String {
    "it returned".to_owned()
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::task::Waker;

    use super::*;

    #[derive(Clone, Default)]
    struct Reported(Arc<Mutex<Vec<(&'static str, String)>>>);

    impl Reported {
        fn tasks(&self, fault: Option<TaskFault>) -> Tasks {
            let reported = Arc::clone(&self.0);
            Tasks::new(move |ended| reported.lock().unwrap().push((ended.name, ended.cause)), move |_| fault)
        }

        fn taken(&self) -> Vec<(&'static str, String)> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    fn panics(number: u32) {
        panic!("number {number}");
    }

    fn poll(task: &mut (impl Future<Output = ()> + Unpin)) -> Poll<()> {
        Pin::new(task).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_task_that_returns_fails_panics_or_is_dropped_is_named() {
        let reported = Reported::default();
        let tasks = reported.tasks(None);
        let ends = |told: &str| vec![("one", told.to_owned())];
        assert!(poll(&mut tasks.watch("one", async {})).is_ready());
        assert_eq!(reported.taken(), ends("it returned"));
        assert!(poll(&mut tasks.watch("one", async { Err::<(), _>(fmt::Error) })).is_ready());
        assert_eq!(reported.taken(), ends(&fmt::Error.to_string()));
        assert!(poll(&mut tasks.watch("one", async { panics(7) })).is_ready());
        assert_eq!(reported.taken(), ends("it panicked: number 7"));
        assert!(poll(&mut tasks.watch("one", std::future::pending::<()>())).is_pending());
        assert_eq!(reported.taken(), ends("it was aborted"));
    }

    #[test]
    fn a_thread_that_ends_is_named_and_its_result_handed_on() {
        let reported = Reported::default();
        let tasks = reported.tasks(None);
        assert_eq!(tasks.run("fold", || Err::<(), _>(fmt::Error)), Some(Err(fmt::Error)));
        assert!(catch_unwind(AssertUnwindSafe(|| tasks.run("fold", || panics(8)))).is_err());
        let told = reported.taken().into_iter().map(|(_, cause)| cause).collect::<Vec<_>>();
        assert_eq!(told, [fmt::Error.to_string(), "it panicked: number 8".to_owned()]);
    }

    #[test]
    fn nothing_is_reported_once_the_process_is_told_to_stop() {
        let reported = Reported::default();
        let tasks = reported.tasks(None);
        tasks.stop();
        drop(tasks.watch("one", std::future::pending::<()>()));
        tasks.run("two", || ());
        assert_eq!(reported.taken(), []);
    }

    #[test]
    fn a_part_that_is_told_to_stop_silences_no_other() {
        let reported = Reported::default();
        let tasks = reported.tasks(None);
        let part = tasks.part();
        part.run("one", || ());
        part.stop();
        part.run("two", || ());
        tasks.run("three", || ());
        let names: Vec<_> = reported.taken().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["one", "three"]);
        let part = tasks.part();
        tasks.stop();
        part.run("four", || ());
        assert_eq!(reported.taken(), []);
    }

    #[test]
    fn a_fault_ends_a_task_before_it_does_anything() {
        for (fault, told) in [(TaskFault::Returns, "it returned"), (TaskFault::Panics, "it panicked: the fail point")] {
            let reported = Reported::default();
            let tasks = reported.tasks(Some(fault));
            assert!(poll(&mut tasks.watch("one", async { panics(9) })).is_ready());
            catch_unwind(AssertUnwindSafe(|| tasks.run("one", || panics(9)))).ok();
            let reported = reported.taken();
            assert!(reported.len() == 2 && reported.iter().all(|(_, cause)| cause.starts_with(told)), "{reported:?}");
        }
    }
}
