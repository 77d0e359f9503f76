//! Paying out: the port to the payment channel, its signed-HTTP adapter, and the runner that gets every ordered payout
//! to an outcome. An unknown outcome is a state: it is asked again with the same id, and nothing is paid under another.

mod http;
mod runner;
mod signature;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use weir_messages::privacy::Clear;
use weir_money::Money;

pub use http::HttpPaymentChannel;
pub(crate) use runner::{Concluded, Ordered, Payouts, Runner};
pub use signature::{SIGNATURE, Signer, TIMESTAMP};

use crate::loan::{FailureReason, PaymentId};

#[derive(Debug, Clone)]
pub struct PayoutOrder {
    pub payment: PaymentId,
    pub amount: Money,
    pub card: Clear,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// Definitively: no money went or will go out under this id.
    Failed {
        reason: FailureReason,
    },
    /// Perhaps paid, perhaps not.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Known(Outcome),
    /// The channel has never seen this id: sending it, again with this id, is safe.
    NotKnown,
}

/// Promises: one id is paid at most once, however often it is sent; what `pay_out` answered, `ask` answers too. Anything
/// that is not a clear answer is `Unknown`.
#[async_trait]
pub trait PaymentChannel: Send + Sync + Debug {
    async fn pay_out(&self, order: &PayoutOrder) -> Outcome;
    async fn ask(&self, payment: &PaymentId) -> Asked;
    /// For how long every call has ended without an answer that reads; `None` where the latest one was answered.
    fn silent_for(&self) -> Option<Duration> {
        None
    }
}
