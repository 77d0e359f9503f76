//! Whole numbers that are written with a point or an exponent: 1200.0 is an integer (JSON Schema 2020-12, 6.1.1).

/// Beyond it a float64 does not hold every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The same JSON with such numbers written as integers; `None` where there are none.
pub(crate) fn with_integers(json: &str) -> Option<String> {
    let (mut written, mut rest, mut changed) = (String::with_capacity(json.len()), json, false);
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        written.push_str(before);
        let length = if from.starts_with('"') { text(from) } else { number(from) };
        let (token, after) = from.split_at(length);
        match integer(token) {
            Some(integer) => {
                written.push_str(&integer.to_string());
                changed = true;
            }
            None => written.push_str(token),
        }
        rest = after;
    }
    written.push_str(rest);
    changed.then_some(written)
}

/// The length of a text with its quotes.
fn text(from: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in from.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    from.len()
}

fn number(from: &str) -> usize {
    let part = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    from.find(|c| !part(c)).unwrap_or(from.len())
}

#[allow(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
fn integer(token: &str) -> Option<i64> {
    let written_so = token.starts_with(|c: char| c != '"') && token.contains(['.', 'e', 'E']);
    let value: f64 = written_so.then(|| token.parse().ok()).flatten()?;
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_become_integers_and_nothing_else_changes() {
        let json = r#"{"a":1200.0,"b":[-3.0e2,1.5,"7.0","\"8.0"],"c":-0.0,"d":1e400,"e":12}"#;
        let expected = r#"{"a":1200,"b":[-300,1.5,"7.0","\"8.0"],"c":0,"d":1e400,"e":12}"#;
        assert_eq!(with_integers(json).as_deref(), Some(expected));
        for json in [r#"{"a":1,"b":"1.0"}"#, "", "\"1.0", "9007199254740994.0", "1.0.0", "-"] {
            assert_eq!(with_integers(json), None, "{json}");
        }
    }
}
