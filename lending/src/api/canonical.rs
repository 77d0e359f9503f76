//! JSON in one form for all texts that mean the same: members in order of their names, no white space, whole numbers as
//! integers.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Number, Value};

/// Beyond it a float64 does not hold every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// `None` for bytes that are no JSON.
pub(super) fn canonical(json: &[u8]) -> Option<String> {
    let value = serde_json::from_slice(json).ok()?;
    let mut text = String::with_capacity(json.len());
    write(&value, &mut text);
    Some(text)
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => write_number(number, text),
        Value::Array(values) => {
            text.push('[');
            for value in values {
                write(value, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (name, value) in members.iter().collect::<BTreeMap<_, _>>() {
                write(&Value::from(name.as_str()), text);
                text.push(':');
                write(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => write!(text, "{value}").expect("a String takes all text"),
    }
}

fn write_number(number: &Number, text: &mut String) {
    let whole = number.as_f64().filter(|value| number.is_f64() && value.fract() == 0.0 && value.abs() <= EXACT);
    match whole {
        Some(whole) => write!(text, "{whole:.0}"),
        None => write!(text, "{number}"),
    }
    .expect("a String takes all text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_has_one_form() {
        let form = |json: &str| canonical(json.as_bytes());
        assert_eq!(
            form(r#"{"b":[1, 2.0],"a":{"y":null,"x":"\u0041"}}"#),
            form("{ \"a\":{\"x\":\"A\",\"y\":null},\n\"b\":[1,2]}")
        );
        for (one, other) in
            [("1", "2"), ("1", "\"1\""), ("[1,2]", "[2,1]"), ("{}", r#"{"a":null}"#), ("1.5", "1.25"), ("-0.5", "0.5")]
        {
            assert_ne!(form(one), form(other), "{one} {other}");
        }
        assert_eq!(form(""), None);
    }
}
