//! Numbers written and read as the C library does, which is what ONNX Runtime calls.

use tract_onnx::tract_hir::internal::{TractResult, bail};

/// Digits that are written.
const DIGITS: usize = 8;

/// As `printf` writes it with `%.8g`.
pub(super) fn written(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "INF" } else { "-INF" }.to_owned();
    }
    let scientific = format!("{value:.*e}", DIGITS - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match usize::try_from(exponent) {
        Ok(whole) if whole < DIGITS => without_zeros(&format!("{value:.*}", DIGITS - 1 - whole)).to_owned(),
        Err(_) if exponent >= -4 => {
            let behind = DIGITS - 1 + exponent.unsigned_abs() as usize;
            without_zeros(&format!("{value:.behind$}")).to_owned()
        }
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.unsigned_abs())
        }
    }
}

/// Without the zeros behind the point that say nothing.
fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

fn unspaced(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c'])
}

/// Whether it is negative, and what follows the sign.
fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        Some(_) | None => (false, text),
    }
}

/// The number at the start of the text, as `std::stod` reads it; what stands behind is left out.
pub(super) fn float(text: &str) -> TractResult<f64> {
    let (negative, rest) = sign(unspaced(text));
    let lower = rest.to_ascii_lowercase();
    let value = if lower.starts_with("inf") {
        f64::INFINITY
    } else if lower.starts_with("nan") {
        f64::NAN
    } else if let Some(value) = lower.strip_prefix("0x").and_then(hexadecimal) {
        value
    } else {
        decimal(&lower)?
    };
    Ok(if negative { -value } else { value })
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn decimal(text: &str) -> TractResult<f64> {
    let bytes = text.as_bytes();
    let whole = digits(bytes);
    let fraction = match bytes.get(whole) {
        Some(b'.') => digits(&bytes[whole + 1..]),
        Some(_) | None => 0,
    };
    if whole + fraction == 0 {
        bail!("expected a number in the text, found none");
    }
    let mut end = whole + if bytes.get(whole) == Some(&b'.') { 1 + fraction } else { 0 };
    let any = bytes[..end].iter().any(|byte| (b'1'..=b'9').contains(byte));
    if bytes.get(end) == Some(&b'e') {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let exponent = digits(bytes.get(end + 1 + signed..).unwrap_or_default());
        if exponent > 0 {
            end += 1 + signed + exponent;
        }
    }
    let value: f64 = text[..end].parse()?;
    if value.is_infinite() || any && value < f64::MIN_POSITIVE {
        bail!("expected a number of the range of float64 in the text");
    }
    Ok(value)
}

/// Digits with at most one point and an exponent of two; `None` where there is no digit.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mut value, mut exponent, mut found, mut behind, mut end) = (0.0, 0_i32, false, false, 0);
    for byte in text.bytes() {
        match (char::from(byte).to_digit(16), byte) {
            (Some(digit), _) => {
                value = value * 16.0 + f64::from(digit);
                exponent -= if behind { 4 } else { 0 };
                found = true;
            }
            (None, b'.') if !behind => behind = true,
            (None, _) => break,
        }
        end += 1;
    }
    if let Some(power) = text[end..].strip_prefix('p') {
        let (negative, power) = sign(power);
        let power: i32 = power[..digits(power.as_bytes()).min(6)].parse().unwrap_or(0);
        exponent += if negative { -power } else { power };
    }
    found.then(|| value * 2.0_f64.powi(exponent))
}

/// The integer at the start of the text, as `std::stoll` reads it.
pub(super) fn integer(text: &str) -> TractResult<i64> {
    let (negative, rest) = sign(unspaced(text));
    let value: i128 = leading(rest)?;
    match i64::try_from(if negative { -value } else { value }) {
        Ok(value) => Ok(value),
        Err(_) => bail!("expected an integer of 64 bits in the text"),
    }
}

/// Whether the integer at the start of the text, as `std::stoull` reads it, is other than zero.
pub(super) fn truth(text: &str) -> TractResult<bool> {
    let value = leading(sign(unspaced(text)).1)?;
    match u64::try_from(value) {
        Ok(value) => Ok(value != 0),
        Err(_) => bail!("expected an integer of 64 bits in the text"),
    }
}

fn leading(text: &str) -> TractResult<i128> {
    let end = digits(text.as_bytes());
    if end == 0 {
        bail!("expected an integer in the text, found none");
    }
    let significant = text[..end].trim_start_matches('0');
    // More digits than 64 bits have are out of range, however many there are.
    if significant.len() > 20 { Ok(i128::MAX >> 1) } else { Ok(format!("0{significant}").parse()?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_eight_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1e9, "1e+09"),
            (12_345_678.0, "12345678"),
            (99_999_999.6, "1e+08"),
            (0.000_1, "0.0001"),
            (0.000_099_999_997, "9.9999997e-05"),
            (1.0 / 3.0, "0.33333333"),
            (5e-324, "4.9406565e-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-INF"),
        ] {
            assert_eq!(written(value), expected);
        }
    }

    #[test]
    fn a_number_is_read_from_the_start_of_a_text() {
        for (text, expected) in
            [(" 0.5", 0.5), ("1.5x", 1.5), ("1,5", 1.0), ("0x1.8p1", 3.0), ("-.5e1", -5.0), ("5.e", 5.0)]
        {
            assert_eq!(float(text).unwrap(), expected, "{text}");
        }
        assert!(["", " ", "e5", ".", "own", "1e400", "1e-400"].iter().all(|text| float(text).is_err()));
        assert_eq!(integer(" -007x").unwrap(), -7);
        assert_eq!(integer("-9223372036854775808").unwrap(), i64::MIN);
        assert!(integer("9223372036854775808").is_err() && integer(&"9".repeat(60)).is_err());
        assert!(truth("9223372036854775808").unwrap() && !truth("-0").unwrap() && truth("true").is_err());
    }
}
