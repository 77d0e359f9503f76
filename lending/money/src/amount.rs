//! An amount of money: whole minor units of one currency.
//! Arithmetic is checked: another currency or an overflow is an error, never a wrong sum.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::{Currency, as_text};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MoneyError {
    #[error("expected an amount in major units such as 12.50, found `{0}`")]
    NotAnAmount(String),
    #[error("expected at most {decimals} decimals for {currency}, found `{found}`")]
    TooManyDecimals { currency: Currency, decimals: u32, found: String },
    #[error("expected an amount and a currency such as `12.50 EUR`, found `{0}`")]
    NotMoney(String),
    #[error("expected {expected}, found {found}")]
    OtherCurrency { expected: Currency, found: Currency },
    #[error("the amount is beyond the largest that can be held")]
    Overflow,
    #[error("an amount cannot be split into 0 parts")]
    NoParts,
}

/// As text `12.50 EUR`, in JSON too. `amount()` is the part before the currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor_units: i64,
    currency: Currency,
}

impl Money {
    #[must_use]
    pub const fn from_minor_units(minor_units: i64, currency: Currency) -> Self {
        Self { minor_units, currency }
    }

    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor_units(0, currency)
    }

    /// Major units as text: `12.5` and `12.50` for EUR, `-3` for JPY. More decimals than the currency has are refused.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::NotAnAmount(text.chars().take(40).collect());
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(wrong()),
            Some((whole, fraction)) => (whole, fraction),
            None => (digits, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let decimals = currency.decimals();
        let missing = usize::try_from(decimals).unwrap_or(0).checked_sub(fraction.len()).ok_or_else(|| {
            MoneyError::TooManyDecimals { currency, decimals, found: text.chars().take(40).collect() }
        })?;
        let sign = if negative { "-" } else { "" };
        let minor = format!("{sign}{whole}{fraction}{}", "0".repeat(missing));
        let minor_units = minor.parse().map_err(|_| MoneyError::Overflow)?;
        Ok(Self { minor_units, currency })
    }

    /// Rounds `major_units` half-even to the currency's minor unit.
    pub fn round_half_even(major_units: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let minor = major_units
            .round_dp_with_strategy(currency.decimals(), RoundingStrategy::MidpointNearestEven)
            .checked_mul(Decimal::from(currency.minor_per_major()))
            .ok_or(MoneyError::Overflow)?;
        let minor_units = i64::try_from(minor).map_err(|_| MoneyError::Overflow)?;
        Ok(Self { minor_units, currency })
    }

    #[must_use]
    pub const fn minor_units(self) -> i64 {
        self.minor_units
    }

    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Major units, exactly.
    #[must_use]
    pub fn major_units(self) -> Decimal {
        Decimal::new(self.minor_units, self.currency.decimals())
    }

    /// Major units as text with the currency's decimals: `12.50`.
    #[must_use]
    pub fn amount(self) -> String {
        self.major_units().to_string()
    }

    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor_units == 0
    }

    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.minor_units < 0
    }

    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor_units > 0
    }

    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor_units = self.minor_units.checked_add(other.minor_units).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor_units, ..self })
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor_units = self.minor_units.checked_sub(other.minor_units).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor_units, ..self })
    }

    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        let minor_units = self.minor_units.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self { minor_units, ..self })
    }

    /// The smaller of two amounts of one currency.
    pub fn checked_min(self, other: Self) -> Result<Self, MoneyError> {
        Ok(if self.compare(other)? == Ordering::Greater { other } else { self })
    }

    /// Amounts of two currencies have no order.
    pub fn compare(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor_units.cmp(&other.minor_units))
    }

    /// The sum of amounts that must all be of `currency`; zero when there are none.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// `parts` amounts that add up to this one and differ by at most one minor unit, the larger ones first.
    pub fn split_evenly(self, parts: u32) -> Result<Vec<Self>, MoneyError> {
        if parts == 0 {
            return Err(MoneyError::NoParts);
        }
        let (share, rest) = (self.minor_units / i64::from(parts), self.minor_units % i64::from(parts));
        Ok((0..i64::from(parts))
            .map(|part| {
                let extra = if part < rest.abs() { rest.signum() } else { 0 };
                Self { minor_units: share + extra, ..self }
            })
            .collect())
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::OtherCurrency { expected: self.currency, found: other.currency })
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major_units(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::NotMoney(text.chars().take(40).collect());
        let (amount, code) = text.split_once(' ').ok_or_else(wrong)?;
        Self::parse(amount, code.parse().map_err(|_| wrong())?)
    }
}

as_text!(Money, "amount in major units and ISO 4217 code, such as `12.50 EUR`", r"^-?[0-9]+(\.[0-9]+)? [A-Z]{3}$");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency() -> impl Strategy<Value = Currency> {
        prop::sample::select(vec![Currency::CNY, Currency::EUR, Currency::USD, Currency::JPY, Currency::KWD])
    }

    fn eur(text: &str) -> Money {
        Money::parse(text, Currency::EUR).unwrap()
    }

    #[test]
    fn an_amount_is_read_with_up_to_the_currencys_decimals() {
        assert_eq!(eur("12.5").minor_units(), 1250);
        assert_eq!(eur("-0.01").minor_units(), -1);
        assert_eq!(eur("7").amount(), "7.00");
        assert_eq!(Money::parse("7", Currency::JPY).unwrap().amount(), "7");
        assert_eq!(Money::parse("7.001", Currency::KWD).unwrap().minor_units(), 7001);
    }

    #[test]
    fn more_decimals_than_the_currency_has_are_refused() {
        let error = Money::parse("1.005", Currency::EUR).unwrap_err();
        assert_eq!(error.to_string(), "expected at most 2 decimals for EUR, found `1.005`");
        assert!(Money::parse("1.0", Currency::JPY).is_err());
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", ".5", "1.", "1,00", "+1", "1e3", "--1", " 1", "1 ", "0x1", "٣"] {
            assert!(matches!(Money::parse(text, Currency::EUR), Err(MoneyError::NotAnAmount(_))), "{text}");
        }
        assert_eq!(Money::parse("99999999999999999999", Currency::EUR), Err(MoneyError::Overflow));
    }

    #[test]
    fn amounts_of_two_currencies_do_not_add_and_do_not_compare() {
        let error = eur("1").checked_add(Money::zero(Currency::USD)).unwrap_err();
        assert_eq!(error.to_string(), "expected EUR, found USD");
        assert!(eur("1").checked_sub(Money::zero(Currency::USD)).is_err());
        assert!(eur("1").compare(Money::zero(Currency::USD)).is_err());
    }

    #[test]
    fn an_overflow_is_an_error() {
        let most = Money::from_minor_units(i64::MAX, Currency::EUR);
        assert_eq!(most.checked_add(eur("0.01")), Err(MoneyError::Overflow));
        assert_eq!(Money::from_minor_units(i64::MIN, Currency::EUR).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(Money::round_half_even(Decimal::MAX, Currency::EUR), Err(MoneyError::Overflow));
    }

    #[test]
    fn a_half_goes_to_the_even_neighbour() {
        for (value, rounded) in [("0.125", "0.12"), ("0.135", "0.14"), ("-0.125", "-0.12"), ("0.1251", "0.13")] {
            let value: Decimal = value.parse().unwrap();
            assert_eq!(Money::round_half_even(value, Currency::EUR).unwrap(), eur(rounded), "{value}");
        }
    }

    proptest! {
        #[test]
        fn printed_money_reads_back(minor in any::<i64>(), currency in currency()) {
            let money = Money::from_minor_units(minor, currency);
            prop_assert_eq!(Money::parse(&money.amount(), currency).unwrap(), money);
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn parts_add_up_and_differ_by_at_most_one_minor_unit(minor in any::<i64>(), parts in 1_u32..200) {
            let money = Money::from_minor_units(minor, Currency::EUR);
            let split = money.split_evenly(parts).unwrap();
            prop_assert_eq!(Money::sum(Currency::EUR, split.iter().copied()).unwrap(), money);
            let (least, most) = (split.iter().map(|p| p.minor_units()).min(), split.iter().map(|p| p.minor_units()).max());
            prop_assert!(most.unwrap() - least.unwrap() <= 1);
        }

        #[test]
        fn a_sum_taken_back_is_what_was_there(a in any::<i32>(), b in any::<i32>()) {
            let (a, b) = (Money::from_minor_units(a.into(), Currency::EUR), Money::from_minor_units(b.into(), Currency::EUR));
            prop_assert_eq!(a.checked_add(b).unwrap().checked_sub(b).unwrap(), a);
        }
    }
}
