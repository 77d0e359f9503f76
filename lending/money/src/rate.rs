//! A rate: a decimal fraction of one, so 0.24 is twenty-four per cent.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::as_text;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected a rate as a decimal fraction of one, such as 0.12, found `{0}`")]
pub struct RateError(String);

/// Held without trailing zeros, so equal rates have equal text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(Decimal);

impl Rate {
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// `fraction` of one.
    #[must_use]
    pub fn new(fraction: Decimal) -> Self {
        Self(fraction.normalize())
    }

    #[must_use]
    pub const fn fraction(self) -> Decimal {
        self.0
    }

    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }

    #[must_use]
    pub fn rounded_half_even(self, decimals: u32) -> Self {
        Self::new(self.0.round_dp_with_strategy(decimals, RoundingStrategy::MidpointNearestEven))
    }

    /// As a percentage for people, rounded half-even to `decimals`: `24.00` for 0.24.
    #[must_use]
    pub fn percent_half_even(self, decimals: u32) -> String {
        let percent = self.rounded_half_even(decimals + 2).0 * Decimal::ONE_HUNDRED;
        format!("{percent:.*}", usize::try_from(decimals).unwrap_or(usize::MAX))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let wrong = || RateError(text.chars().take(40).collect());
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        if !plain || text.starts_with('.') || text.ends_with('.') {
            return Err(wrong());
        }
        Decimal::from_str_exact(text).map(Self::new).map_err(|_| wrong())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

as_text!(Rate, "decimal fraction of one", r"^-?[0-9]+(\.[0-9]+)?$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rates_have_equal_text() {
        let rate: Rate = "0.2400".parse().unwrap();
        assert_eq!(rate, "0.24".parse().unwrap());
        assert_eq!(serde_json::to_string(&rate).unwrap(), r#""0.24""#);
    }

    #[test]
    fn a_rate_is_never_read_from_a_json_number() {
        assert!(serde_json::from_str::<Rate>("0.24").is_err());
    }

    #[test]
    fn what_is_no_decimal_is_refused_and_named() {
        for text in ["", "24%", "1e-2", "0,24", "nan", ".5", "1.", "--1", "0.1234567890123456789012345678901"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_percentage_is_rounded_half_even() {
        for (rate, percent) in [("0.24", "24.00"), ("0.123445", "12.34"), ("0.123456", "12.35"), ("0", "0.00")] {
            assert_eq!(rate.parse::<Rate>().unwrap().percent_half_even(2), percent);
        }
    }
}
