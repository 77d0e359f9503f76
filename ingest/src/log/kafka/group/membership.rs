//! The thread of a member: polls, hands records on, takes partitions over one a turn, and notices when it is out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::GroupError;
use super::consumer::GroupConsumer;
use super::holds::Holds;
use super::rebalance::Rebalancing;
use super::standing::{Astray, Standing};
use crate::log::kafka::client::BrokerError;
use crate::log::kafka::{KafkaSettings, record};

/// The longest time without a call of `Member::pause`, where the member itself takes no longer.
const SLICE: Duration = Duration::from_millis(100);
/// Records handed over at most before the member may pause.
const MOST_ENTRIES: usize = 4_096;
const MOST_BYTES: usize = 16 << 20;
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// The part of the poll interval that may go into saving what is given back.
const SAVING: u32 = 3;

/// Where a member joins.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) settings: KafkaSettings,
    /// As the brokers know it.
    pub(super) topic: String,
    pub(super) group: String,
}

impl Place {
    fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.settings.max_poll_interval_ms.into())
    }

    /// The others have a poll interval to come to it, once a session without a sign of life has ended.
    fn longest_rebalance(&self) -> Duration {
        self.poll_interval() + Duration::from_millis(self.settings.session_timeout_ms.into())
    }

    fn join(&self, holds: &Arc<Mutex<Holds>>, standing: &Arc<Standing>) -> Result<GroupConsumer, BrokerError> {
        let context = Rebalancing::new(Arc::clone(holds), Arc::clone(standing), self.poll_interval() / SAVING);
        GroupConsumer::join(&self.settings, &self.topic, &self.group, context)
    }
}

pub(super) struct Membership {
    place: Place,
    consumer: GroupConsumer,
    holds: Arc<Mutex<Holds>>,
    standing: Arc<Standing>,
    stop: Arc<AtomicBool>,
    /// Just before the last poll: what a callback in it takes counts as well.
    polled: Instant,
    /// The poll interval has passed without a poll.
    exceeded: bool,
    committed: Instant,
    /// When its client was made.
    joined: Instant,
}

impl Membership {
    pub(super) fn new(place: Place, holds: Holds, stop: Arc<AtomicBool>) -> Result<Self, BrokerError> {
        let (holds, standing) = (Arc::new(Mutex::new(holds)), Arc::default());
        let consumer = place.join(&holds, &standing)?;
        let now = Instant::now();
        Ok(Self { place, consumer, holds, standing, stop, polled: now, exceeded: false, committed: now, joined: now })
    }

    /// In the end gives back what it has, and leaves the group.
    pub(super) fn run(mut self) -> Result<(), GroupError> {
        let ended = self.work();
        if !self.is_out() {
            let mut holds = self.holds();
            holds.revoke_all(self.place.poll_interval() / SAVING);
            holds.commit(&self.consumer);
        }
        ended
    }

    fn work(&mut self) -> Result<(), GroupError> {
        while !self.stop.load(Ordering::Acquire) {
            self.gather()?;
            self.hand_over();
            if self.holds().is_due() {
                // Each takeover has a poll interval of its own.
                self.gather()?;
                self.take_over_next();
            }
        }
        Ok(())
    }

    fn holds(&self) -> MutexGuard<'_, Holds> {
        self.holds.lock().expect("a panic of the member ends its thread")
    }

    /// Waits for the first record and takes what came with it. Rebalances happen in here, so what was gathered of a
    /// partition is kept with the hold on it and goes with it.
    fn gather(&mut self) -> Result<(), GroupError> {
        self.leave_when_out()?;
        let mut patience = if self.holds().is_due() { Duration::ZERO } else { SLICE };
        let (mut entries, mut bytes) = (0, 0);
        while entries < MOST_ENTRIES && bytes < MOST_BYTES && !self.exceeded {
            self.polled = Instant::now();
            let polled = self.consumer.poll(patience);
            self.exceeded |= self.polled.elapsed() >= self.place.poll_interval();
            match polled {
                None => break,
                Some(Ok(message)) => {
                    let entry = record::entry(&message);
                    (entries, bytes) = (entries + 1, bytes + record::size(&entry.record));
                    self.holds().gathered(entry);
                }
                Some(Err(error)) => self.check(error)?,
            }
            patience = Duration::ZERO;
        }
        self.leave_when_out()
    }

    /// Whether the partitions are another's by now. The client alone does not know: when the poll interval passes while
    /// a rebalance is under way, it leaves the group without a word, and takes what it is assigned there for its own.
    fn is_out(&self) -> bool {
        self.exceeded || self.polled.elapsed() >= self.place.poll_interval() || self.consumer.assignment_lost()
    }

    /// Lets go of everything where this member is out of its group. Where its poll interval has passed, or it does not find
    /// back, a new client takes the place of the one whose view of the group cannot be relied on.
    fn leave_when_out(&mut self) -> Result<(), GroupError> {
        let astray = self.standing.astray();
        self.holds().set_astray(astray.as_ref().map(|astray| astray.since));
        let lost = astray.filter(|astray| self.is_lost(astray));
        if lost.is_none() && !self.is_out() {
            return Ok(());
        }
        self.exceeded |= self.polled.elapsed() >= self.place.poll_interval();
        self.holds().lose_all();
        let why = match lost {
            Some(Astray { since, state }) => {
                format!("its client does not find back into its group for {} s ({state})", since.elapsed().as_secs())
            }
            None if self.exceeded => {
                let interval = self.place.settings.max_poll_interval_ms;
                format!("more than kafka.max_poll_interval_ms ({interval}) passed between polls")
            }
            None => return Ok(()),
        };
        tracing::warn!(group = self.place.group, why, "a member joins anew, with a new client");
        self.holds().joins_anew();
        self.consumer.leave();
        self.consumer = self.place.join(&self.holds, &self.standing)?;
        (self.joined, self.polled, self.exceeded) = (Instant::now(), Instant::now(), false);
        Ok(())
    }

    /// Whether it is astray, and its client has had longer than any rebalance takes. That the brokers are away, or that the
    /// client has lost them for good (librdkafka's issue 5301), looks the same from here: a new client does no harm.
    fn is_lost(&self, astray: &Astray) -> bool {
        let longest = self.place.longest_rebalance();
        astray.since.elapsed() >= longest && self.joined.elapsed() >= longest
    }

    fn check(&mut self, error: KafkaError) -> Result<(), GroupError> {
        if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
            return Err(GroupError::Refused(error));
        }
        match error.rdkafka_error_code() {
            // Of which partition is not said.
            Some(RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset) => {
                self.holds().drop_out_of_range(&self.consumer);
            }
            Some(RDKafkaErrorCode::PollExceeded) => self.exceeded = true,
            Some(_) | None => tracing::warn!(%error, "the group's consumer goes on after an error"),
        }
        Ok(())
    }

    /// Stops as soon as it is known that the partitions are another's: nothing is saved of those.
    fn hand_over(&mut self) {
        while !self.is_out() && self.holds().hand_over_one(&self.consumer) {}
        if !self.is_out() {
            self.holds().settle(&self.consumer);
        }
        if !self.is_out() {
            self.holds().drop_superseded(&self.consumer);
            self.pause();
        }
    }

    fn take_over_next(&self) {
        if !self.is_out() {
            self.holds().take_over_next(&self.consumer);
        }
    }

    fn pause(&mut self) {
        self.holds().pause(&self.consumer);
        if self.committed.elapsed() >= COMMIT_EVERY {
            self.committed = Instant::now();
            self.holds().commit(&self.consumer);
        }
    }
}
