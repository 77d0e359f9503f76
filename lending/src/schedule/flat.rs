//! Interest on the whole principal throughout: equal payments of principal and all interest, the last takes the rest.
//! `data/loan/README.md` section 4, `progressive`.

use weir_money::Money;

use super::{Installment, ScheduleError, Terms, rest_of};

pub(super) fn installments(terms: &Terms) -> Result<Vec<Installment>, ScheduleError> {
    let periods = terms.periods()?;
    let interests = periods.iter().map(|period| period.interest(terms.principal)).collect::<Result<Vec<_>, _>>()?;
    let all = Money::sum(terms.principal.currency(), interests.iter().copied())?.checked_add(terms.principal)?;
    let payment = terms.per_installment(all)?;
    let mut balance = terms.principal;
    let mut rows = Vec::with_capacity(periods.len());
    for (period, interest) in periods.iter().zip(interests) {
        let principal = if rows.len() + 1 == periods.len() { balance } else { rest_of(payment, interest, balance)? };
        balance = balance.checked_sub(principal)?;
        rows.push(period.installment(principal, interest));
    }
    Ok(rows)
}
