//! Decimals as a policy writes them: digits and at most one point. Read exactly, never through a float.

use rust_decimal::Decimal;

/// `None` for anything that is not written plainly: signs, exponents, separators, a point without digits around it.
pub(super) fn plain(text: &str) -> Option<Decimal> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    (digits(whole) && digits(fraction)).then(|| Decimal::from_str_exact(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_decimal_is_read_exactly() {
        assert_eq!(plain("20000.00"), Some(Decimal::new(2_000_000, 2)));
        assert_eq!(plain("7"), Some(Decimal::from(7)));
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1_000", "1,000", "1.2.3", " 1", "NaN", "٣"] {
            assert_eq!(plain(text), None, "{text}");
        }
        assert_eq!(plain(&"9".repeat(40)), None, "too large to be exact");
    }
}
