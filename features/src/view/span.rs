//! A length of time as views write it: `90s`, `10m`, `1h`, `30d`.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// At most 100 years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    text: String,
    micros: i64,
}

const LONGEST: i64 = 100 * 366 * 24 * 3600 * 1_000_000;

impl Span {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 24 * 3600,
            _ => return None,
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let micros = number.parse::<i64>().ok()?.checked_mul(seconds * 1_000_000)?;
        (micros <= LONGEST).then(|| Self { text: text.to_owned(), micros })
    }

    pub(crate) const fn micros(&self) -> i64 {
        self.micros
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!("expected a length of time as `10m` (s, m, h, d), found `{text}`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_its_length() {
        let seconds = |text| Span::parse(text).unwrap().micros() / 1_000_000;
        assert_eq!(["7s", "2m", "3h", "1d"].map(seconds), [7, 120, 10_800, 86_400]);
        assert_eq!(Span::parse("10m").unwrap().to_string(), "10m");
    }

    #[test]
    fn what_is_no_length_is_refused() {
        for text in ["", "m", "10", "10w", "-1d", "1.5h", "1 h", "+1d", "99999999999d", "1\u{e9}"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }
}
