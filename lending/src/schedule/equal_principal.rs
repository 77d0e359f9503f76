//! Equal parts of principal, interest on the balance; the last installment takes what rounding left.

use super::{Installment, ScheduleError, Terms};

pub(super) fn installments(terms: &Terms) -> Result<Vec<Installment>, ScheduleError> {
    let part = terms.per_installment(terms.principal)?;
    let periods = terms.periods()?;
    let mut balance = terms.principal;
    let mut rows = Vec::with_capacity(periods.len());
    for period in &periods {
        let interest = period.interest(balance)?;
        let principal = if rows.len() + 1 == periods.len() { balance } else { part.checked_min(balance)? };
        balance = balance.checked_sub(principal)?;
        rows.push(period.installment(principal, interest));
    }
    Ok(rows)
}
