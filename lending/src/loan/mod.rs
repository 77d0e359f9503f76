//! Loan lifecycle: which command may follow which state, and what each one posts.
//! Pure: reads no clock and does no I/O; the caller passes the business date and persists what comes back.
//!
//! A loan is a fold over its dated transactions. What it owes and what its accounts hold follow from the signed cost
//! table, the payout, the repayments in order of their value dates and the refunds; nothing of it is stored. So a back-dated payment
//! or a reversal is just another fold, and every entry is the difference between the accounts before and after.
//!
//! Not here yet: fees, penalties, charge-off, recalculated interest. Each will be an event, a term of `Position` and an
//! account.

mod accounts;
mod command;
mod decide;
mod event;
mod failure;
mod installment;
mod lifecycle;
mod payments;
mod position;
mod posting;
mod stage;
mod state;
mod status;
#[cfg(test)]
mod tests;

pub use command::{Answer, Change, LoanCommand, Refusal};
pub use event::{LoanEvent, PaymentId, RepaymentId, Signed};
pub use failure::{CancellationReason, FailureCode, FailureReason, ReversalReason};
pub use installment::InstallmentPosition;
pub use lifecycle::{BrokenHistory, Loan};
pub use payments::OpenPayment;
pub use position::Position;
pub use state::LoanState;
pub use status::LoanStatus;
