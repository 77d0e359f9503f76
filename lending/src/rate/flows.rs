//! Internal rates: the rate at which flows of money, each at its time, are worth nothing together.

use chrono::NaiveDate;
use rust_decimal::{Decimal, MathematicalOps, RoundingStrategy};
use weir_money::{Money, Rate};

use super::root::{Sign, Sum, Value, changes, zeros};

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

/// 10^-18: what is smaller has fewer than ten of the 28 decimals.
const LEAST_SHARE: Decimal = Decimal::from_parts(1, 0, 0, false, 18);
/// 10^12.
const SCALED_FROM: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);
/// 10^-12. What grows by less within the fraction of a period is no loan, and its worth no longer a decimal.
const LEAST_SIMPLE_GROWTH: Decimal = Decimal::from_parts(1, 0, 0, false, 12);
/// Beyond e^66, which is 4.6e28, a decimal holds no growth; below e^-66 none is told from nothing.
const FARTHEST: Decimal = Decimal::from_parts(66, 0, 0, false, 0);

/// Flows may have a rate, and it is not one that is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BeyondRange {
    #[error("the rate: expected 1 + r from e^-66 to e^66 (4.6e28) a period, found one beyond")]
    Rate,
    #[error("the flows: expected amounts of which none is below 10^-30 of the largest, found a smaller one")]
    Amounts,
}

/// Each X where the sum of amount / (1 + X)^periods is zero (2008/48/EC Annex I, and XIRR with periods in years), ascending;
/// none where no rate is defined. Money that is put in and of which nothing returns earns -1.
pub fn internal_rates(flows: &[Flow]) -> Result<Vec<Rate>, BeyondRange> {
    let forces = forces_of_interest(flows)?;
    if forces.is_empty() && is_total_loss(flows) {
        return Ok(vec![Rate::new(Decimal::NEGATIVE_ONE)]);
    }
    Ok(forces.into_iter().map(|force| rate(growth(force) - Decimal::ONE)).collect())
}

/// 12 CFR 1026 Appendix J (b)(8): each unit-period rate i at which the flows, amount / ((1 + f i)(1 + i)^t), are worth
/// nothing together, times the unit-periods in a year; ascending.
pub fn annual_percentage_rates(flows: &[Flow], unit_periods_per_year: Decimal) -> Result<Vec<Rate>, BeyondRange> {
    let annual = |force| (growth(force) - Decimal::ONE).checked_mul(unit_periods_per_year).map(rate);
    forces_of_interest(flows)?.into_iter().map(|force| annual(force).ok_or(BeyondRange::Rate)).collect()
}

/// The one that is given of several: nearest to zero in ln(1 + r), so that a rate and the one that undoes it are equally near,
/// and the positive one of two that are. It is the one that a small change of the flows moves least when all are small.
#[must_use]
pub fn nearest(rates: &[Rate]) -> Option<Rate> {
    let far = |rate: &&Rate| {
        let force = rate.fraction().checked_add(Decimal::ONE).and_then(|growth| growth.checked_ln());
        force.map_or(Decimal::MAX, |force| force.abs().round_dp(DECIMALS))
    };
    rates.iter().rev().min_by_key(far).copied()
}

/// The internal rate of dated flows, ACT/365 from the earliest date.
#[must_use]
pub fn all_in(flows: &[(NaiveDate, Money)]) -> Option<AllInRate> {
    let first = flows.iter().map(|(date, _)| *date).min()?;
    let years = |date: NaiveDate| Decimal::from((date - first).num_days()) / Decimal::from(365);
    let flows: Vec<_> = flows.iter().map(|(date, money)| Flow::new(money.major_units(), years(*date))).collect();
    let forces = forces_of_interest(&flows).ok()?;
    let force = forces.into_iter().rev().min_by_key(Decimal::abs)?;
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

/// The continuous rates ln(1 + i): in them every flow is one exponential, and rates near -1 are as tame as large ones.
fn forces_of_interest(flows: &[Flow]) -> Result<Vec<Decimal>, BeyondRange> {
    let Some(worth) = Worth::scaled(flows)? else { return Ok(Vec::new()) };
    let forces = zeros(&worth, -FARTHEST, FARTHEST);
    let beyond = forces.is_empty() && worth.has_zero_beyond() || forces.iter().any(|force| !worth.has_digits(*force));
    if beyond { Err(BeyondRange::Rate) } else { Ok(forces) }
}

/// How often money in and money out change in order of time: at most so many rates there are, and the time that they
/// take to be found grows with the cube of it.
pub(super) fn changes_of_sign(flows: &[Flow]) -> Result<usize, BeyondRange> {
    let signs = |worth: Worth| changes(&worth.times().into_iter().map(|(_, sign)| sign).collect::<Vec<_>>()).len();
    Ok(Worth::scaled(flows)?.map_or(0, signs))
}

/// What flows in order of time are worth together, as a function of the force of interest. Flows of one time are one term.
struct Worth {
    terms: Vec<Vec<Flow>>,
    gaps: Vec<Decimal>,
}

impl Worth {
    /// `None` where no money flows.
    fn scaled(flows: &[Flow]) -> Result<Option<Self>, BeyondRange> {
        let amounts = || flows.iter().map(|flow| flow.amount.abs()).filter(|amount| !amount.is_zero());
        let Some(largest) = amounts().max() else { return Ok(None) };
        // Below a million million no sum overflows, and what is small beside the largest keeps its digits. In order of
        // time, so that worth is carried from flow to flow.
        let unit = (largest / SCALED_FROM).max(Decimal::ONE);
        if unit > Decimal::ONE && amounts().any(|amount| amount / unit < LEAST_SHARE) {
            return Err(BeyondRange::Amounts);
        }
        let mut flows: Vec<_> = flows.iter().map(|flow| Flow { amount: flow.amount / unit, ..*flow }).collect();
        flows.sort_by_key(|flow| flow.periods);
        Ok(Some(Self::of(&flows)))
    }

    fn of(flows: &[Flow]) -> Self {
        let terms: Vec<Vec<Flow>> = flows.chunk_by(|a, b| a.periods == b.periods).map(<[Flow]>::to_vec).collect();
        let gaps = terms.windows(2).map(|pair| pair[1][0].periods - pair[0][0].periods).collect();
        Self { terms, gaps }
    }

    /// Whether the terms have ten digits and more there: growth is cut off behind 28 decimals, and simple growth before.
    fn has_digits(&self, force: Decimal) -> bool {
        let rate = growth(force) - Decimal::ONE;
        let mut flows = self.terms.iter().flatten();
        if flows.any(|flow| simple_growth(flow, rate) < LEAST_SIMPLE_GROWTH) {
            return false;
        }
        let whole: Decimal = self.terms.iter().flatten().map(|flow| flow.amount.abs()).sum();
        self.at(force, &vec![Decimal::ONE; self.terms.len()]).size >= whole * LEAST_SHARE
    }

    /// Whether its signs at an end of the range and for ever beyond it differ.
    fn has_zero_beyond(&self) -> bool {
        let signs: Vec<Sign> =
            self.times().into_iter().map(|(_, sign)| sign).filter(|sign| *sign != Sign::Zero).collect();
        let factors = vec![Decimal::ONE; self.terms.len()];
        let at = |force| Sign::of(self.at(force, &factors).sum);
        let differs = |end: Sign, beyond: Option<&Sign>| end != Sign::Zero && beyond.is_some_and(|sign| *sign != end);
        differs(at(FARTHEST), signs.first()) || differs(at(-FARTHEST), signs.last())
    }
}

impl Sum for Worth {
    fn times(&self) -> Vec<(Decimal, Sign)> {
        let sign = |term: &[Flow]| Sign::of(term.iter().map(|flow| flow.amount).sum());
        self.terms.iter().map(|term| (term[0].periods, sign(term))).collect()
    }

    /// Horner's scheme over the time between flows: worth at the first flow, or at the last one where the rate is negative,
    /// so that no factor is above 1. Few gaps differ, and each costs one exponential.
    fn at(&self, force: Decimal, factors: &[Decimal]) -> Value {
        let rate = growth(force) - Decimal::ONE;
        let simple = |flow: &Flow| match flow.fraction.is_zero() {
            true => flow.amount,
            false => flow.amount / simple_growth(flow, rate).max(LEAST_SIMPLE_GROWTH),
        };
        let mut growths: Vec<(Decimal, Decimal)> = Vec::with_capacity(4);
        let mut over = |gap: Decimal| match growths.iter().find(|(known, _)| *known == gap) {
            Some((_, growth)) => *growth,
            None => {
                let growth = growth(-force.abs() * gap);
                growths.push((gap, growth));
                growth
            }
        };
        let mut carry = |worth: Value, (term, factor, gap): (&Vec<Flow>, &Decimal, Option<&Decimal>)| {
            let over = gap.map_or(Decimal::ONE, |gap| over(*gap));
            let amount = term.iter().map(simple).sum::<Decimal>() * factor;
            Value { sum: worth.sum * over + amount, size: worth.size * over + amount.abs() }
        };
        let nothing = Value { sum: Decimal::ZERO, size: Decimal::ZERO };
        let terms = self.terms.iter().zip(factors);
        if force.is_sign_negative() {
            let gaps = std::iter::once(None).chain(self.gaps.iter().map(Some));
            terms.zip(gaps).map(|((term, factor), gap)| (term, factor, gap)).fold(nothing, &mut carry)
        } else {
            let gaps = std::iter::once(None).chain(self.gaps.iter().rev().map(Some));
            terms.rev().zip(gaps).map(|((term, factor), gap)| (term, factor, gap)).fold(nothing, &mut carry)
        }
    }
}

/// Over the broken part of a period.
fn simple_growth(flow: &Flow, rate: Decimal) -> Decimal {
    Decimal::ONE + flow.fraction * rate
}

fn is_total_loss(flows: &[Flow]) -> bool {
    let last_given = flows.iter().filter(|flow| flow.amount < Decimal::ZERO).map(|flow| flow.periods).max();
    let returned = flows.iter().any(|flow| flow.amount > Decimal::ZERO);
    !returned && flows.iter().any(|flow| flow.amount.is_zero() && last_given.is_some_and(|last| flow.periods > last))
}
