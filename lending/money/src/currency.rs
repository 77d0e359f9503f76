//! Currencies by their ISO 4217 code, each with the number of decimals its minor unit has.
//! Funds codes, metals and currencies out of use are not here.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::as_text;

/// ISO 4217, minor unit 0.
const WHOLE: &[&str] =
    &["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"];
/// ISO 4217, minor unit 3.
const THOUSANDTHS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// ISO 4217, minor unit 2.
const HUNDREDTHS: &[&str] = &[
    "AED", "ALL", "AMD", "AOA", "ARS", "AUD", "AZN", "BAM", "BBD", "BDT", "BMD", "BND", "BOB", "BRL", "BSD", "BWP",
    "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CZK", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD",
    "GBP", "GEL", "GHS", "GMD", "GTQ", "GYD", "HKD", "HNL", "HUF", "IDR", "ILS", "INR", "JMD", "KES", "KGS", "KHR",
    "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MUR", "MVR", "MWK",
    "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR",
    "RON", "RSD", "RUB", "SAR", "SCR", "SEK", "SGD", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS",
    "UAH", "USD", "UYU", "UZS", "WST", "XCD", "ZAR", "ZMW",
];

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected an ISO 4217 currency code such as EUR, found `{0}`")]
pub struct UnknownCurrency(String);

#[derive(Clone, Copy)]
pub struct Currency {
    code: &'static str,
    decimals: u32,
}

impl Currency {
    pub const CNY: Self = Self { code: "CNY", decimals: 2 };
    pub const EUR: Self = Self { code: "EUR", decimals: 2 };
    pub const JPY: Self = Self { code: "JPY", decimals: 0 };
    pub const KWD: Self = Self { code: "KWD", decimals: 3 };
    pub const USD: Self = Self { code: "USD", decimals: 2 };

    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// How many decimals the minor unit is below the major one: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        self.decimals
    }

    /// Minor units in one major unit.
    #[must_use]
    pub const fn minor_per_major(self) -> i64 {
        10_i64.pow(self.decimals)
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        [(HUNDREDTHS, 2), (WHOLE, 0), (THOUSANDTHS, 3)]
            .into_iter()
            .find_map(|(codes, decimals)| codes.iter().find(|code| **code == text).map(|code| Self { code, decimals }))
            .ok_or_else(|| UnknownCurrency(text.chars().take(20).collect()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl PartialEq for Currency {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Currency {}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code.cmp(other.code)
    }
}

impl Hash for Currency {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.code.hash(state);
    }
}

as_text!(Currency, "ISO 4217 code", "^[A-Z]{3}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_gives_its_decimals() {
        for (code, decimals) in [("EUR", 2), ("CNY", 2), ("JPY", 0), ("KWD", 3)] {
            assert_eq!(code.parse::<Currency>().unwrap().decimals(), decimals, "{code}");
        }
        for constant in [Currency::CNY, Currency::EUR, Currency::JPY, Currency::KWD, Currency::USD] {
            assert_eq!(constant.code().parse::<Currency>().unwrap().decimals(), constant.decimals(), "{constant}");
        }
    }

    #[test]
    fn no_code_stands_in_two_lists() {
        let mut codes: Vec<_> = [WHOLE, HUNDREDTHS, THOUSANDTHS].concat();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn an_unknown_code_is_named() {
        for code in ["", "eur", "XXX", "EURO"] {
            assert!(code.parse::<Currency>().unwrap_err().to_string().contains(&format!("`{code}`")), "{code}");
        }
    }
}
