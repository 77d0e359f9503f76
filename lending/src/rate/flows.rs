//! Internal rates: the rate at which flows of money, each at its time, are worth nothing together.

use chrono::NaiveDate;
use rust_decimal::{Decimal, MathematicalOps, RoundingStrategy};
use weir_money::{Money, Rate};

use super::root::nearest_zero;

/// Decimals of a rate that come out of here; about five more are computed.
const DECIMALS: u32 = 20;
/// e to less than this is below the last digit a decimal has.
const SMALLEST_EXPONENT: Decimal = Decimal::from_parts(65, 0, 0, true, 0);

/// An amount, negative where it is paid out, at whole or broken `periods` after the first flow. Within `fraction` of a
/// further period interest is simple, as 12 CFR 1026 Appendix J has it; elsewhere it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    pub amount: Decimal,
    pub periods: Decimal,
    /// At least 0 and below 1.
    pub fraction: Decimal,
}

impl Flow {
    #[must_use]
    pub const fn new(amount: Decimal, periods: Decimal) -> Self {
        Self { amount, periods, fraction: Decimal::ZERO }
    }
}

/// The all-in annual rate of a loan, in the two meanings that laws give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllInRate {
    /// (1 + r)^t compounding over days / 365.
    pub effective: Rate,
    /// Twelve times the monthly rate that compounds to the effective one.
    pub nominal: Rate,
}

/// X where the sum of amount / (1 + X)^periods is zero (2008/48/EC Annex I, and XIRR with periods in years); nearest to
/// zero where there are several, `None` where there is none. Money that is put in and of which nothing returns earns -1.
#[must_use]
pub fn internal_rate(flows: &[Flow]) -> Option<Rate> {
    match force_of_interest(flows) {
        Some(force) => Some(rate(growth(force) - Decimal::ONE)),
        None if is_total_loss(flows) => Some(Rate::new(Decimal::NEGATIVE_ONE)),
        None => None,
    }
}

/// 12 CFR 1026 Appendix J (b)(8): the unit-period rate i at which the flows, amount / ((1 + f i)(1 + i)^t), are worth
/// nothing together, times the unit-periods in a year.
#[must_use]
pub fn annual_percentage_rate(flows: &[Flow], unit_periods_per_year: Decimal) -> Option<Rate> {
    let unit_period_rate = growth(force_of_interest(flows)?) - Decimal::ONE;
    unit_period_rate.checked_mul(unit_periods_per_year).map(rate)
}

/// The internal rate of dated flows, ACT/365 from the earliest date.
#[must_use]
pub fn all_in(flows: &[(NaiveDate, Money)]) -> Option<AllInRate> {
    let first = flows.iter().map(|(date, _)| *date).min()?;
    let years = |date: NaiveDate| Decimal::from((date - first).num_days()) / Decimal::from(365);
    let flows: Vec<_> = flows.iter().map(|(date, money)| Flow::new(money.major_units(), years(*date))).collect();
    let force = force_of_interest(&flows)?;
    let months = Decimal::from(12);
    Some(AllInRate {
        effective: rate(growth(force) - Decimal::ONE),
        nominal: rate((growth(force / months) - Decimal::ONE) * months),
    })
}

fn rate(value: Decimal) -> Rate {
    Rate::new(value.round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointNearestEven))
}

/// e^x; zero where that is below the last digit.
fn growth(exponent: Decimal) -> Decimal {
    if exponent < SMALLEST_EXPONENT { Decimal::ZERO } else { exponent.checked_exp().unwrap_or(Decimal::ZERO) }
}

/// The continuous rate ln(1 + i): in it every flow is one exponential, and rates near -1 are as tame as large ones.
fn force_of_interest(flows: &[Flow]) -> Option<Decimal> {
    let largest = flows.iter().map(|flow| flow.amount.abs()).max().filter(|largest| !largest.is_zero())?;
    let pays = flows.iter().any(|flow| flow.amount > Decimal::ZERO);
    let takes = flows.iter().any(|flow| flow.amount < Decimal::ZERO);
    if !pays || !takes {
        return None;
    }
    // In units of the largest amount no sum overflows. In order of time, so that worth is carried from flow to flow.
    let mut flows: Vec<_> = flows.iter().map(|flow| Flow { amount: flow.amount / largest, ..*flow }).collect();
    flows.sort_by_key(|flow| flow.periods);
    let gaps: Vec<Decimal> = flows.windows(2).map(|pair| pair[1].periods - pair[0].periods).collect();
    nearest_zero(|force| worth(&flows, &gaps, force))
}

/// Horner's scheme over the time between flows: worth at the first flow, or at the last one where the rate is negative,
/// so that no factor is above 1. Few gaps differ, and each costs one exponential.
fn worth(flows: &[Flow], gaps: &[Decimal], force: Decimal) -> Decimal {
    let rate = growth(force) - Decimal::ONE;
    let amount = |flow: &Flow| flow.amount / (Decimal::ONE + flow.fraction * rate);
    let mut factors: Vec<(Decimal, Decimal)> = Vec::with_capacity(4);
    let mut factor = |gap: Decimal| match factors.iter().find(|(known, _)| *known == gap) {
        Some((_, factor)) => *factor,
        None => {
            let factor = growth(-force.abs() * gap);
            factors.push((gap, factor));
            factor
        }
    };
    let mut carry = |worth: Decimal, (flow, gap): (&Flow, Option<&Decimal>)| {
        worth * gap.map_or(Decimal::ONE, |gap| factor(*gap)) + amount(flow)
    };
    if force.is_sign_negative() {
        let gaps = std::iter::once(None).chain(gaps.iter().map(Some));
        flows.iter().zip(gaps).fold(Decimal::ZERO, &mut carry)
    } else {
        let gaps = std::iter::once(None).chain(gaps.iter().rev().map(Some));
        flows.iter().rev().zip(gaps).fold(Decimal::ZERO, &mut carry)
    }
}

fn is_total_loss(flows: &[Flow]) -> bool {
    let last_given = flows.iter().filter(|flow| flow.amount < Decimal::ZERO).map(|flow| flow.periods).max();
    let returned = flows.iter().any(|flow| flow.amount > Decimal::ZERO);
    !returned && flows.iter().any(|flow| flow.amount.is_zero() && last_given.is_some_and(|last| flow.periods > last))
}
