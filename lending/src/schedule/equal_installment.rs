//! Equal payments on a declining balance: the annuity, then levelled so that the last payment differs least.
//! `data/loan/README.md` section 3.

use rust_decimal::Decimal;
use weir_money::Money;

use super::day_count::to_digits;
use super::{Installment, PeriodFactor, ScheduleError, Terms, rest_of};

/// How often the payment is levelled at most.
const LEVELLINGS: u32 = 3;

pub(super) fn installments(terms: &Terms) -> Result<Vec<Installment>, ScheduleError> {
    let periods = terms.periods()?;
    let mut payment = annuity(terms.principal, &periods)?;
    let mut rows = with_payment(terms.principal, &periods, payment)?;
    for _ in 0..LEVELLINGS {
        let rest = last_less(&rows, payment)?;
        if rest.major_units().abs() * Decimal::ONE_HUNDRED <= Decimal::from(terms.installments / 2) {
            break;
        }
        let levelled = payment.checked_add(terms.per_installment(rest)?)?;
        let levelled_rows = with_payment(terms.principal, &periods, levelled)?;
        if last_less(&levelled_rows, levelled)?.major_units().abs() >= rest.major_units().abs() {
            break;
        }
        (payment, rows) = (levelled, levelled_rows);
    }
    Ok(rows)
}

/// P · Πf_i / F_n with f_i = 1 + factor of period i, F_1 = 1, F_k = F_{k-1} · f_k + 1; rounded half-even.
fn annuity(principal: Money, periods: &[PeriodFactor]) -> Result<Money, ScheduleError> {
    let mut product = Decimal::ONE;
    let mut divisor = Decimal::ZERO;
    for period in periods {
        let growth = Decimal::ONE + period.factor;
        let times = |value: Decimal| value.checked_mul(growth).and_then(to_digits).ok_or(ScheduleError::Overflow);
        product = times(product)?;
        divisor = times(divisor)?.checked_add(Decimal::ONE).ok_or(ScheduleError::Overflow)?;
    }
    // P times the quotient of the two, which stays small where P · Πf_i may not.
    let share = product.checked_div(divisor).ok_or(ScheduleError::Overflow)?;
    let payment = principal.major_units().checked_mul(share).ok_or(ScheduleError::Overflow)?;
    Ok(Money::round_half_even(payment, principal.currency())?)
}

/// The rows when every installment but the last pays `payment`; the last takes what is left.
fn with_payment(principal: Money, periods: &[PeriodFactor], payment: Money) -> Result<Vec<Installment>, ScheduleError> {
    let mut balance = principal;
    let mut rows = Vec::with_capacity(periods.len());
    for period in periods {
        let interest = period.interest(balance)?;
        let principal = if rows.len() + 1 == periods.len() { balance } else { rest_of(payment, interest, balance)? };
        balance = balance.checked_sub(principal)?;
        rows.push(period.installment(principal, interest));
    }
    Ok(rows)
}

/// How much more the last installment asks for than the others.
fn last_less(rows: &[Installment], payment: Money) -> Result<Money, ScheduleError> {
    let last = rows.last().expect("terms are checked to have an installment");
    Ok(last.payment()?.checked_sub(payment)?)
}
