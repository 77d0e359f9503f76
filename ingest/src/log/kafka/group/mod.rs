//! Members of a consumer group, each on a thread of its own: take partitions over, hand their records on in order, give
//! them back. Where a partition is read from is the member's to say, as offsets live with the state that they produced;
//! what is committed to the brokers is for displays of lag alone.
//!
//! A partition whose member failed stays with this process and is tried again after a pause: the group is not disturbed,
//! and the other partitions go on.

mod consumer;
#[cfg(test)]
mod counting;
mod fetching;
mod holds;
#[cfg(test)]
mod lost;
mod membership;
mod ownership;
mod rebalance;
#[cfg(test)]
mod slow;
mod standing;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use weir_messages::{Position, Tasks, Topic};

use super::KafkaSettings;
use super::client::BrokerError;
use crate::log::Entry;
use holds::Holds;
use membership::{Membership, Place};
use ownership::Ownership;
pub use ownership::Waiting;

/// How long whoever stops a member waits for it to save and to leave its group.
pub const MAX_STOP: Duration = Duration::from_secs(20);

pub type MemberError = Box<dyn std::error::Error + Send + Sync>;

/// What a member does with the partitions it is given. All calls come from the member's own thread.
pub trait Member: Send {
    /// Takes the partition over (restores its state) and answers the first offset to read. After an error it is called
    /// again, after a pause, as long as the partition is this member's. Called between polls: what it takes longer than
    /// the poll interval costs the member its place in the group.
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError>;

    /// The next records of a partition, in order. After an error the partition's state is dropped, as in `lost`, and
    /// taken up again from `assigned`, after a pause.
    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError>;

    /// Every partition's records of one poll were taken: time to finish what is cheaper for all of them at once.
    /// Answers those that failed, with which it goes on as after an error of `take`.
    fn settle(&mut self) -> Vec<(u16, MemberError)> {
        Vec::new()
    }

    /// Between polls, at least every 100 ms: time to save what is due. Answers the offsets that are saved now; the
    /// group commits those that moved. After an error every partition is dropped and taken up again.
    fn pause(&mut self) -> Result<Vec<Position>, MemberError>;

    /// The partition goes to another member: save everything now. Its state is closed when this returns.
    fn revoked(&mut self, partition: u16);

    /// The partition already belongs to another, or its last records were not taken: drop its state, save nothing. Its
    /// state is closed when this returns.
    fn lost(&mut self, partition: u16);
}

#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    #[error("the group refuses this member for good")]
    Refused(#[source] KafkaError),
    #[error("the member cannot join its group anew")]
    Rejoin(#[from] BrokerError),
    #[error("the member ended by a panic")]
    Panicked,
    #[error("expected the member to end within {} s, found it at work", MAX_STOP.as_secs())]
    Busy,
}

/// A consumer group of one topic, as far as it is of this process: members of it that share a folder of state join
/// through one of these.
#[derive(Debug, Clone)]
pub struct Group {
    settings: KafkaSettings,
    topic: Topic,
    name: &'static str,
    ownership: Arc<Ownership>,
    tasks: Tasks,
}

impl Group {
    /// The topic must be there.
    #[must_use]
    pub fn new(settings: &KafkaSettings, topic: Topic, name: &'static str) -> Self {
        Self { settings: settings.clone(), topic, name, ownership: Arc::default(), tasks: Tasks::default() }
    }

    /// That the thread of a member has ended is told to `tasks`, under the name of the group.
    #[must_use]
    pub fn watched(self, tasks: &Tasks) -> Self {
        Self { tasks: tasks.clone(), ..self }
    }

    /// Adds a member.
    pub fn join(&self, member: Box<dyn Member>) -> Result<Running, BrokerError> {
        let Self { settings, topic, name, ownership, tasks } = self;
        let (topic, seat) = (settings.topic(*topic), Ownership::seat(ownership));
        let holds = Holds::new(topic.clone(), member, seat);
        let stop = Arc::new(AtomicBool::new(false));
        let place = Place { settings: settings.clone(), topic, group: (*name).to_owned() };
        let membership = Membership::new(place, holds, Arc::clone(&stop))?;
        let (tasks, name) = (tasks.part(), *name);
        let part = tasks.clone();
        let run = move || part.run(name, || membership.run()).unwrap_or(Ok(()));
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        Ok(Running { stop, thread: Some(thread.expect("the system gives a thread")), tasks })
    }

    /// The partitions that this process was given and has not taken over.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        self.ownership.waiting(Instant::now())
    }
}

/// A member at work. Dropping it stops it and waits, for `MAX_STOP` at most.
#[derive(Debug)]
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), GroupError>>>,
    tasks: Tasks,
}

impl Running {
    /// Asks it to save, to leave its group and to end.
    pub fn stop(&self) {
        self.tasks.stop();
        self.stop.store(true, Ordering::Release);
    }

    #[must_use]
    pub fn alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Waits for its end, for `MAX_STOP` at most. Blocking.
    pub fn join(mut self) -> Result<(), GroupError> {
        let thread = self.thread.take().expect("it is joined once");
        end_of(thread)
    }
}

/// A thread that does not end in time is left behind; it has saved what it could, and the process may end.
fn end_of(thread: JoinHandle<Result<(), GroupError>>) -> Result<(), GroupError> {
    let began = Instant::now();
    while !thread.is_finished() {
        if began.elapsed() >= MAX_STOP {
            return Err(GroupError::Busy);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    thread.join().unwrap_or(Err(GroupError::Panicked))
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if let Some(Err(error)) = self.thread.take().map(end_of) {
            tracing::error!(error = %weir_messages::Causes(&error), "a member of a group did not end well");
        }
    }
}
