//! Ceilings on the all-in annual rate: dated rows by lender type, each naming the rate it means and its source.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_money::Rate;

use super::AllInRate;

#[derive(Debug, thiserror::Error)]
pub enum CapError {
    #[error("rate caps: {0}")]
    Malformed(String),
    #[error("rate caps: row {row}: expected a cap above zero, found {found}")]
    NotPositive { row: usize, found: Rate },
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the all-in annual rate {rate} ({meaning}) is above the cap of {cap} in force since {from}")]
pub struct AboveCap {
    pub rate: Rate,
    pub cap: Rate,
    pub meaning: CapMeaning,
    pub from: NaiveDate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapMeaning {
    #[default]
    Effective,
    /// Of monthly periods.
    Nominal,
}

impl std::fmt::Display for CapMeaning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Effective => "effective",
            Self::Nominal => "nominal",
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapRow {
    pub from: NaiveDate,
    pub lender_type: String,
    pub cap: Rate,
    #[serde(default)]
    pub meaning: CapMeaning,
    /// The rule or law it stands for.
    pub source: String,
}

/// That a rate was compared with the row in force, and with which result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapCheck {
    pub rate: Rate,
    pub cap: Rate,
    pub meaning: CapMeaning,
    /// Since when this cap binds.
    pub from: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapTable {
    rows: Vec<CapRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    cap: Vec<CapRow>,
}

impl CapTable {
    /// Rows in TOML, as `lending/products/rate_caps.toml` holds them.
    pub fn parse(toml: &str) -> Result<Self, CapError> {
        let Definition { cap: rows } =
            toml::from_str(toml).map_err(|error| CapError::Malformed(error.message().to_owned()))?;
        match (1..).zip(&rows).find(|(_, row)| row.cap <= Rate::ZERO) {
            Some((row, CapRow { cap, .. })) => Err(CapError::NotPositive { row, found: *cap }),
            None => Ok(Self { rows }),
        }
    }

    /// The rows that come with the platform.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse(include_str!("../../products/rate_caps.toml")).expect("the shipped rows are read by a test")
    }

    /// Compares the rate with the cap in force on `on`. A lender type without a row is bound by 0.24, effective.
    pub fn check(&self, rate: AllInRate, lender_type: &str, on: NaiveDate) -> Result<CapCheck, AboveCap> {
        let (cap, meaning, from) = self
            .rows
            .iter()
            .filter(|row| row.lender_type == lender_type && row.from <= on)
            .max_by_key(|row| row.from)
            .map_or((Self::default_cap(), CapMeaning::Effective, NaiveDate::default()), |row| {
                (row.cap, row.meaning, row.from)
            });
        let rate = match meaning {
            CapMeaning::Effective => rate.effective,
            CapMeaning::Nominal => rate.nominal,
        };
        if rate > cap { Err(AboveCap { rate, cap, meaning, from }) } else { Ok(CapCheck { rate, cap, meaning, from }) }
    }

    fn default_cap() -> Rate {
        Rate::new(rust_decimal::Decimal::new(24, 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = r#"
        [[cap]]
        from = "2020-01-01"
        lender_type = "bank"
        cap = "0.36"
        source = "older"
        [[cap]]
        from = "2021-06-01"
        lender_type = "bank"
        cap = "0.24"
        meaning = "nominal"
        source = "newer"
    "#;

    fn rate(effective: &str, nominal: &str) -> AllInRate {
        AllInRate { effective: effective.parse().unwrap(), nominal: nominal.parse().unwrap() }
    }

    fn on(date: &str) -> NaiveDate {
        date.parse().unwrap()
    }

    #[test]
    fn the_latest_row_that_has_come_binds() {
        let table = CapTable::parse(ROWS).unwrap();
        let rate = rate("0.30", "0.26");
        assert_eq!(table.check(rate, "bank", on("2021-05-31")).unwrap().cap, "0.36".parse().unwrap());
        let error = table.check(rate, "bank", on("2021-06-01")).unwrap_err();
        let text = "the all-in annual rate 0.26 (nominal) is above the cap of 0.24 in force since 2021-06-01";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn a_lender_type_without_a_row_is_bound_by_the_default() {
        let table = CapTable::parse(ROWS).unwrap();
        assert!(table.check(rate("0.24", "0.22"), "pawnshop", on("2024-01-01")).is_ok());
        assert!(table.check(rate("0.2400001", "0.22"), "pawnshop", on("2024-01-01")).is_err());
        assert!(table.check(rate("0.25", "0.22"), "bank", on("2019-12-31")).is_err(), "before the first row");
    }

    #[test]
    fn the_shipped_rows_are_read() {
        assert_eq!(CapTable::shipped().rows.len(), 1);
    }

    #[test]
    fn a_cap_of_zero_is_refused() {
        let error = CapTable::parse(&ROWS.replace("0.36", "0")).unwrap_err();
        assert_eq!(error.to_string(), "rate caps: row 1: expected a cap above zero, found 0");
        assert!(CapTable::parse(&ROWS.replace("source", "law")).is_err());
    }
}
