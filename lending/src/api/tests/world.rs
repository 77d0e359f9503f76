//! What lending needs of the world, as a test can look into it and spoil it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use weir_messages::{Decision, Event, Place, Retry};

use super::*;
use crate::decision_source::DecisionUnread;
use crate::loan::{FailureReason, PaymentId};
use crate::outbox::PublishError;
use crate::payment::{Asked, Outcome, PayoutOrder};

/// Keeps what was published, unless it is down or refuses one of them.
#[derive(Debug, Default)]
pub(super) struct Published(pub(super) Mutex<Vec<Event>>, pub(super) AtomicBool, pub(super) Mutex<BTreeSet<String>>);

#[async_trait]
impl EventSink for Published {
    async fn publish(&self, events: &[Event]) -> Result<(), PublishError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(PublishError { retry: Retry::Now, cause: "down".into() });
        }
        let refused = self.2.lock().unwrap();
        if events.iter().any(|event| refused.contains(event.id.as_str())) {
            return Err(PublishError { retry: Retry::Never, cause: "too large".into() });
        }
        self.0.lock().unwrap().extend(events.iter().cloned());
        Ok(())
    }
}

/// The log of decisions.
#[derive(Debug, Default)]
pub(super) struct Decisions(pub(super) Mutex<BTreeMap<Place, Decision>>);

#[async_trait]
impl DecisionSource for Decisions {
    async fn read(&self, record: Place) -> Result<Option<Decision>, DecisionUnread> {
        Ok(self.0.lock().unwrap().get(&record).cloned())
    }
}

/// What goes wrong with one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Pays, and the answer comes too late.
    Late,
    /// Neither pays nor answers.
    Lost,
    /// Says that it failed, definitively.
    Refused,
    /// A defect of ours on the way to it.
    Panic,
}

/// An honest channel behind a faulty line: one id is paid once.
#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) faults: Mutex<VecDeque<Fault>>,
    /// How often each id was ordered, and whether it was paid.
    pub(super) orders: Mutex<BTreeMap<PaymentId, (u32, Option<Outcome>)>>,
    /// What went out, in order.
    pub(super) paid: Mutex<Vec<String>>,
}

#[async_trait]
impl PaymentChannel for Channel {
    async fn pay_out(&self, order: &PayoutOrder) -> Outcome {
        let fault = self.faults.lock().unwrap().pop_front();
        assert!(fault != Some(Fault::Panic), "a defect");
        let mut orders = self.orders.lock().unwrap();
        let (count, outcome) = orders.entry(order.payment.clone()).or_default();
        *count += 1;
        if matches!((fault, &outcome), (None | Some(Fault::Late), None)) {
            self.paid.lock().unwrap().push(order.amount.to_string());
        }
        match fault {
            None => outcome.get_or_insert(Outcome::Succeeded).clone(),
            Some(Fault::Late) => {
                outcome.get_or_insert(Outcome::Succeeded);
                Outcome::Unknown
            }
            Some(Fault::Lost | Fault::Panic) => Outcome::Unknown,
            Some(Fault::Refused) => {
                outcome.get_or_insert(Outcome::Failed { reason: FailureReason::given("account closed") }).clone()
            }
        }
    }

    async fn ask(&self, payment: &PaymentId) -> Asked {
        match self.orders.lock().unwrap().get(payment) {
            Some((_, Some(outcome))) => Asked::Known(outcome.clone()),
            Some((_, None)) | None => Asked::NotKnown,
        }
    }
}
