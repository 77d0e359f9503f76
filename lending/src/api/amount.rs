//! Amounts as a caller names them, with the most that one request may name.

use weir_money::{Currency, Money, MoneyError, Total};

use super::LendingError;

/// Minor units of any currency: ten billion euros. Far above every product, and so far below what 64 bits hold that nine
/// million of them add up.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// Major units as text, with the currency's code.
pub(super) fn requested(amount: &str, currency: &str) -> Result<Money, LendingError> {
    let currency: Currency = currency.parse().map_err(|error| LendingError::invalid("currency", error))?;
    let too_large = |found: &str| {
        let found: String = found.chars().take(40).collect();
        let most = Total::from_minor_units(MAX_AMOUNT.into(), currency);
        LendingError::invalid("amount", format!("expected at most {most}, found {found} {currency}"))
    };
    match Money::parse(amount, currency) {
        Ok(money) if money.minor_units().unsigned_abs() <= MAX_AMOUNT.unsigned_abs() => Ok(money),
        Ok(_) | Err(MoneyError::Overflow) => Err(too_large(amount)),
        Err(error) => Err(LendingError::invalid("amount", error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_above_the_bound_is_refused_with_the_bound() {
        assert_eq!(requested("10000000000.00", "EUR").unwrap().minor_units(), MAX_AMOUNT);
        for (amount, currency, most) in [
            ("10000000000.01", "EUR", "10000000000.00 EUR"),
            ("92233720368547758.07", "EUR", "10000000000.00 EUR"),
            ("99999999999999999999999", "EUR", "10000000000.00 EUR"),
            ("1000000000001", "JPY", "1000000000000 JPY"),
            ("-10000000000.01", "EUR", "10000000000.00 EUR"),
        ] {
            let error = requested(amount, currency).unwrap_err();
            assert_eq!((error.code(), error.field()), ("invalid_field", Some("amount")), "{amount}");
            assert_eq!(error.to_string(), format!("amount: expected at most {most}, found {amount} {currency}"));
        }
    }
}
