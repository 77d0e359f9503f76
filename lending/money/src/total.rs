//! A sum over many amounts of one currency: wide enough that no number of them that a database can hold overflows it.

use std::fmt;

use rust_decimal::Decimal;

use crate::{Currency, Money, MoneyError};

/// As text `12.50 EUR`; `amount()` is the part before the currency.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Total {
    minor_units: i128,
    currency: Currency,
}

impl Total {
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::from_minor_units(0, currency)
    }

    #[must_use]
    pub const fn from_minor_units(minor_units: i128, currency: Currency) -> Self {
        Self { minor_units, currency }
    }

    #[must_use]
    pub const fn minor_units(self) -> i128 {
        self.minor_units
    }

    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor_units == 0
    }

    /// Saturates beyond 2^127 minor units, which is more than 2^63 of the largest amounts.
    pub fn with(self, other: impl Into<Self>) -> Result<Self, MoneyError> {
        let other = other.into();
        if self.currency != other.currency {
            return Err(MoneyError::OtherCurrency { expected: self.currency, found: other.currency });
        }
        Ok(Self { minor_units: self.minor_units.saturating_add(other.minor_units), ..self })
    }

    /// This sum less another of the same currency.
    pub fn less(self, other: impl Into<Self>) -> Result<Self, MoneyError> {
        let other = other.into();
        self.with(Self { minor_units: other.minor_units.saturating_neg(), ..other })
    }

    /// Major units as text with the currency's decimals: `12.50`.
    #[must_use]
    pub fn amount(self) -> String {
        match Decimal::try_from_i128_with_scale(self.minor_units, self.currency.decimals()) {
            Ok(decimal) => decimal.to_string(),
            // Beyond 96 bits no decimal holds it.
            Err(_) => format!("{}e-{}", self.minor_units, self.currency.decimals()),
        }
    }
}

impl From<Money> for Total {
    fn from(money: Money) -> Self {
        Self::from_minor_units(money.minor_units().into(), money.currency())
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

impl fmt::Debug for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_the_largest_amounts_does_not_overflow() {
        let most = Money::from_minor_units(i64::MAX, Currency::EUR);
        let sum = (0..4).try_fold(Total::zero(Currency::EUR), |sum, _| sum.with(most)).unwrap();
        assert_eq!(sum.to_string(), "368934881474191032.28 EUR");
        assert_eq!(sum.less(sum).unwrap(), Total::zero(Currency::EUR));
        assert_eq!(Total::from_minor_units(-5, Currency::KWD).amount(), "-0.005");
    }

    #[test]
    fn sums_of_two_currencies_do_not_add() {
        let error = Total::zero(Currency::EUR).with(Money::zero(Currency::USD)).unwrap_err();
        assert_eq!(error.to_string(), "expected EUR, found USD");
    }
}
