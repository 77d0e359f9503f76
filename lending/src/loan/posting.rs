//! The journal entry of an event: what stands on the loan's accounts after it less what stood there before.

use weir_money::MoneyError;

use super::accounts::Accounts;
use super::{Loan, LoanEvent};
use crate::ledger::{Cause, Entry, EntryId, UnbalancedEntry};

/// Why an entry could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum EntryError {
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Unbalanced(#[from] UnbalancedEntry),
}

/// `None` where no account changed.
pub(super) fn entry(before: &Loan, after: &Loan, event: &LoanEvent) -> Result<Option<Entry>, EntryError> {
    let lines = Accounts::of(after)?.less(Accounts::of(before)?)?;
    if lines.is_empty() {
        return Ok(None);
    }
    let booked_on = event.booked_on();
    let (cause, value_on) = match event {
        LoanEvent::Signed(_) | LoanEvent::Cancelled { .. } => return Ok(None),
        LoanEvent::PayoutStarted { payment, .. } => (Cause::PayoutStarted(payment.to_string()), booked_on),
        LoanEvent::PayoutSucceeded { payment, value_on, .. } => {
            (Cause::PayoutSucceeded(payment.to_string()), *value_on)
        }
        LoanEvent::PayoutFailed { payment, .. } => (Cause::PayoutFailed(payment.to_string()), booked_on),
        LoanEvent::RefundStarted { payment, .. } => (Cause::RefundStarted(payment.to_string()), booked_on),
        LoanEvent::RefundSucceeded { payment, value_on, .. } => {
            (Cause::RefundSucceeded(payment.to_string()), *value_on)
        }
        LoanEvent::RefundFailed { payment, .. } => (Cause::RefundFailed(payment.to_string()), booked_on),
        LoanEvent::Repaid { repayment, value_on, .. } => (Cause::Repayment(repayment.to_string()), *value_on),
        LoanEvent::RepaymentReversed { repayment, .. } => (Cause::RepaymentReversed(repayment.to_string()), booked_on),
        LoanEvent::DayEnded { through, .. } => (Cause::DayEnd(*through), *through),
    };
    let id = EntryId::new(format!("{}:{}", before.id(), after.version()));
    Ok(Some(Entry::new(id, booked_on, value_on, cause, lines)?))
}
