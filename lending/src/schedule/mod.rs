//! Repayment schedules before any payment: when each installment falls due, and what of it is interest.
//! The conventions are those of `data/loan/README.md`, sections 2 to 4. What a payment does to an installment is
//! `loan`'s.

mod calendar;
mod day_count;
mod equal_installment;
mod equal_principal;
mod flat;
mod request;
#[cfg(test)]
mod stories;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use weir_money::{Currency, Money, MoneyError, Rate};

use day_count::to_digits;

pub use calendar::{Period, PeriodUnit};
pub use day_count::{DayCount, InterestBasis};
pub use request::{RequestError, answer};

/// More installments than any consumer loan has, and few enough to compute at once.
pub const MOST_INSTALLMENTS: u32 = 1_200;

#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error("{field}: expected {expected}, found {found}")]
    Term { field: &'static str, expected: &'static str, found: String },
    #[error("annual_rate: interest grows beyond what can be computed")]
    Overflow,
    #[error("principal: an amount of the schedule cannot be held")]
    Money(#[from] MoneyError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Equal payments on a declining balance.
    EqualInstallment,
    /// Equal parts of principal, interest on the balance.
    EqualPrincipal,
    /// Interest on the whole principal throughout, in equal payments.
    Flat,
}

/// What determines a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub principal: Money,
    pub annual_rate: Rate,
    pub disbursed_on: NaiveDate,
    pub installments: u32,
    pub period: Period,
    pub method: Method,
    pub day_count: DayCount,
    pub interest_basis: InterestBasis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installment {
    /// From 1.
    pub number: u32,
    pub due_on: NaiveDate,
    pub principal: Money,
    pub interest: Money,
}

impl Installment {
    pub fn payment(&self) -> Result<Money, MoneyError> {
        self.principal.checked_add(self.interest)
    }
}

/// Installments in order of their due dates; their principal adds up to what was lent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    pub starts_on: NaiveDate,
    pub installments: Vec<Installment>,
}

impl Schedule {
    pub fn of(terms: &Terms) -> Result<Self, ScheduleError> {
        terms.check()?;
        let installments = match terms.method {
            Method::EqualInstallment => equal_installment::installments(terms)?,
            Method::EqualPrincipal => equal_principal::installments(terms)?,
            Method::Flat => flat::installments(terms)?,
        };
        Ok(Self { starts_on: terms.disbursed_on, installments })
    }

    pub fn total_interest(&self, currency: Currency) -> Result<Money, MoneyError> {
        Money::sum(currency, self.installments.iter().map(|installment| installment.interest))
    }

    pub fn total_principal(&self, currency: Currency) -> Result<Money, MoneyError> {
        Money::sum(currency, self.installments.iter().map(|installment| installment.principal))
    }

    /// Each installment with the first day of its period, which is the due date before it.
    pub fn with_starts(&self) -> impl Iterator<Item = (NaiveDate, &Installment)> {
        let due_dates = self.installments.iter().map(|installment| installment.due_on);
        std::iter::once(self.starts_on).chain(due_dates).zip(&self.installments)
    }
}

impl Terms {
    fn check(&self) -> Result<(), ScheduleError> {
        let wrong = |field, expected, found: String| Err(ScheduleError::Term { field, expected, found });
        if !self.principal.is_positive() {
            return wrong("principal", "an amount above zero", self.principal.to_string());
        }
        if self.annual_rate.is_negative() {
            return wrong("annual_rate", "zero or more", self.annual_rate.to_string());
        }
        if !(1..=MOST_INSTALLMENTS).contains(&self.installments) {
            return wrong("installments", "1 to 1200", self.installments.to_string());
        }
        if !(1..=366).contains(&self.period.every) {
            return wrong("period.every", "1 to 366", self.period.every.to_string());
        }
        Ok(())
    }

    fn periods(&self) -> Result<Vec<PeriodFactor>, ScheduleError> {
        let mut start = self.disbursed_on;
        (1..=self.installments)
            .map(|number| {
                let due_on = self.period.after(self.disbursed_on, number).ok_or_else(|| ScheduleError::Term {
                    field: "disbursed_on",
                    expected: "a date whose installments fall due within the calendar",
                    found: self.disbursed_on.to_string(),
                })?;
                let years = self.day_count.years(self.interest_basis, self.period, start, due_on);
                start = due_on;
                let factor = self.annual_rate.fraction().checked_mul(years).and_then(to_digits);
                Ok(PeriodFactor { number, due_on, factor: factor.ok_or(ScheduleError::Overflow)? })
            })
            .collect()
    }

    /// `share` over the number of installments, rounded half-even.
    fn per_installment(&self, share: Money) -> Result<Money, ScheduleError> {
        let each = share.major_units() / Decimal::from(self.installments);
        Ok(Money::round_half_even(each, share.currency())?)
    }
}

/// A period by its due date, and what fraction of the balance it earns.
struct PeriodFactor {
    number: u32,
    due_on: NaiveDate,
    factor: Decimal,
}

impl PeriodFactor {
    /// Rounded once, half-even.
    fn interest(&self, balance: Money) -> Result<Money, ScheduleError> {
        let interest = balance.major_units().checked_mul(self.factor).ok_or(ScheduleError::Overflow)?;
        Ok(Money::round_half_even(interest, balance.currency())?)
    }

    fn installment(&self, principal: Money, interest: Money) -> Installment {
        Installment { number: self.number, due_on: self.due_on, principal, interest }
    }
}

/// The principal within `payment`. A payment of few cents may round up to more than the balance, or not cover the
/// interest.
fn rest_of(payment: Money, interest: Money, balance: Money) -> Result<Money, MoneyError> {
    let rest = payment.checked_sub(interest)?.checked_min(balance)?;
    Ok(if rest.is_negative() { Money::zero(rest.currency()) } else { rest })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(method: Method, principal: &str, annual_rate: &str, installments: u32, disbursed_on: &str) -> Terms {
        Terms {
            principal: Money::parse(principal, Currency::EUR).unwrap(),
            annual_rate: annual_rate.parse().unwrap(),
            disbursed_on: disbursed_on.parse().unwrap(),
            installments,
            period: Period::MONTHLY,
            method,
            day_count: DayCount::ActualActual,
            interest_basis: InterestBasis::Daily,
        }
    }

    fn rows(terms: &Terms) -> Vec<(String, String)> {
        let schedule = Schedule::of(terms).unwrap();
        schedule.installments.iter().map(|row| (row.principal.amount(), row.interest.amount())).collect()
    }

    fn text(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        rows.iter().map(|(principal, interest)| ((*principal).to_owned(), (*interest).to_owned())).collect()
    }

    /// Rows after the down payment of story repay-037 of `data/loan/stories.jsonl`.
    #[test]
    fn flat_interest_is_on_the_whole_principal_throughout() {
        let expected = text(&[("249.95", "2.54"), ("250.11", "2.38"), ("249.94", "2.54")]);
        assert_eq!(rows(&terms(Method::Flat, "750.00", "0.04", 3, "2024-01-01")), expected);
    }

    #[test]
    fn equal_principal_pays_the_same_part_each_time_and_the_last_takes_the_rest() {
        let terms = Terms {
            day_count: DayCount::Thirty360,
            ..terms(Method::EqualPrincipal, "100.00", "0.12", 3, "2024-01-01")
        };
        assert_eq!(rows(&terms), text(&[("33.33", "1.00"), ("33.33", "0.67"), ("33.34", "0.33")]));
    }

    #[test]
    fn a_currency_without_decimals_has_whole_installments() {
        let yen = Money::parse("100000", Currency::JPY).unwrap();
        let terms = Terms { principal: yen, ..terms(Method::EqualInstallment, "1", "0.12", 12, "2024-01-01") };
        let schedule = Schedule::of(&terms).unwrap();
        assert_eq!(schedule.total_principal(Currency::JPY).unwrap(), yen);
        assert_eq!(schedule.installments[0].interest.to_string(), "1016 JPY");
    }

    fn any_terms() -> impl Strategy<Value = Terms> {
        let methods = prop::sample::select(vec![Method::EqualInstallment, Method::EqualPrincipal, Method::Flat]);
        let day_counts = prop::sample::select(vec![
            DayCount::Actual365,
            DayCount::Actual360,
            DayCount::ActualActual,
            DayCount::Thirty360,
        ]);
        let units = prop::sample::select(vec![PeriodUnit::Day, PeriodUnit::Week, PeriodUnit::Month]);
        let bases = prop::sample::select(vec![InterestBasis::Daily, InterestBasis::WholePeriod]);
        let amounts = (1_i64..10_000_000_000, 0_i64..100_000, 1_u32..240, 0_u64..4_000);
        (methods, day_counts, units, bases, amounts, 1_u32..14).prop_map(
            |(method, day_count, unit, interest_basis, (minor_units, rate, installments, day), every)| Terms {
                principal: Money::from_minor_units(minor_units, Currency::EUR),
                annual_rate: Rate::new(Decimal::new(rate, 5)),
                disbursed_on: NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(day),
                installments,
                period: Period { every, unit },
                method,
                day_count,
                interest_basis,
            },
        )
    }

    proptest! {
        #[test]
        fn any_schedule_pays_back_what_was_lent_on_rising_dates(terms in any_terms()) {
            let schedule = match Schedule::of(&terms) {
                Ok(schedule) => schedule,
                // Doubling every period for hundreds of periods.
                Err(ScheduleError::Overflow) => return Ok(()),
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            };
            prop_assert_eq!(schedule.installments.len(), usize::try_from(terms.installments).unwrap());
            prop_assert_eq!(schedule.total_principal(Currency::EUR).unwrap(), terms.principal);
            for (start, row) in schedule.with_starts() {
                prop_assert!(start < row.due_on);
                prop_assert!(!row.principal.is_negative() && !row.interest.is_negative());
            }
        }
    }
}
