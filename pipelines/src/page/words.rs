//! Numbers as people read them, with their unit.

use std::time::Duration;

/// `part` of `whole`; 0 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    let exact = |count: u64| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    if whole == 0 { 0.0 } else { exact(part) / exact(whole) }
}

/// `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn count(number: usize) -> String {
    grouped(u64::try_from(number).unwrap_or(u64::MAX))
}

/// A rate without its fraction.
pub(crate) fn rounded(number: f64) -> String {
    let text = format!("{number:.0}");
    text.parse().map_or(text, grouped)
}

/// `part` of `whole` as `12.3 %`.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    let wide = |count| u64::try_from(count).unwrap_or(u64::MAX);
    format!("{:.1} %", 100.0 * share(wide(part), wide(whole)))
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

pub(crate) fn mebibytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "not told by this system".to_owned(), |bytes| format!("{} MiB", grouped(bytes >> 20)))
}

/// Text inside HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_in_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(
            (rounded(26_499.6), percent(1, 8), percent(0, 0)),
            ("26,500".into(), "12.5 %".into(), "0.0 %".into())
        );
    }

    #[test]
    fn markup_in_text_is_shown_and_not_obeyed() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
