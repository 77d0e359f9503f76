//! Binary mode: the same event in structured form, so that there is one set of rules (CloudEvents HTTP binding, 3.1, and
//! Kafka binding, 3.2).

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use weir_messages::BYTE_ORDER_MARK;

use super::CollectError;
use super::body::malformed;

pub(super) fn structured(
    attributes: &[(String, String)],
    content_type: Option<&str>,
    data: &[u8],
) -> Result<Vec<u8>, CollectError> {
    // What is said twice and the same is said once.
    let mut said = HashSet::new();
    let once = attributes.iter().filter(|attribute| said.insert(*attribute));
    let mut members: Vec<String> = once.map(|(name, value)| member(name, &quoted(value))).collect();
    let said_so = |content_type: &str| attributes.iter().any(|(n, v)| n == "datacontenttype" && v == content_type);
    if let Some(content_type) = content_type.filter(|content_type| !said_so(content_type)) {
        members.push(member("datacontenttype", &quoted(content_type)));
    }
    if !content_type.is_none_or(is_json) {
        members.push(member("data_base64", &quoted(&STANDARD.encode(data))));
    } else if !data.is_empty() {
        let data = data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data);
        let data: &RawValue = serde_json::from_slice(data).map_err(|error| malformed(&error))?;
        members.push(member("data", data.get()));
    }
    Ok(format!("{{{}}}", members.join(",")).into_bytes())
}

/// Whether a media type is JSON, by its name or its suffix.
pub(super) fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.ends_with("/json") || media_type.ends_with("+json")
}

fn member(name: &str, json: &str) -> String {
    format!("{}:{json}", quoted(name))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text serialises")
}

/// A value of an HTTP header: without the quotes that it may have, and percent-decoded (3.1.3.2). What is no escape
/// stands for itself.
pub(super) fn header_value(value: &str) -> String {
    let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let value = unquoted.map_or_else(|| value.to_owned(), |inner| inner.replace("\\\"", "\"").replace("\\\\", "\\"));
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), value.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = escaped(rest).map_or((*first, after), |byte| (byte, &rest[3..]));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn escaped(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(*high)? << 4 | digit(*low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(attributes: &[(&str, &str)], content_type: Option<&str>, data: &[u8]) -> String {
        let attributes: Vec<_> = attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        String::from_utf8(structured(&attributes, content_type, data).unwrap()).unwrap()
    }

    #[test]
    fn headers_and_body_become_one_event() {
        let event = text(&[("id", "1"), ("source", "a b")], Some("application/json; charset=utf-8"), b" {\"x\":1.50} ");
        let expected =
            r#"{"id":"1","source":"a b","datacontenttype":"application/json; charset=utf-8","data":{"x":1.50}}"#;
        assert_eq!(event, expected);
        assert_eq!(text(&[("id", "1"), ("id", "1")], None, b""), r#"{"id":"1"}"#);
        assert_eq!(text(&[("id", "1"), ("id", "2")], None, b""), r#"{"id":"1","id":"2"}"#);
        assert_eq!(text(&[], None, b""), "{}");
        assert_eq!(text(&[], Some("text/xml"), b"<a/>"), r#"{"datacontenttype":"text/xml","data_base64":"PGEvPg=="}"#);
    }

    #[test]
    fn a_body_that_is_no_json_is_refused() {
        let error = structured(&[], Some("application/json"), b"{\"phone\":13800138000").unwrap_err();
        assert!(matches!(&error, CollectError::Body { code: "malformed", .. }) && !error.to_string().contains("138"));
    }

    #[test]
    fn header_values_are_unquoted_and_percent_decoded() {
        for (header, value) in [
            ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
            ("\"a \\\"b\\\" c\"", "a \"b\" c"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(header_value(header), value);
        }
    }

    #[test]
    fn json_goes_by_name_or_suffix() {
        assert!(["application/json", "Text/JSON", "application/vnd.x+json; q=1"].into_iter().all(is_json));
        assert!(!["", "text/plain", "application/jsonp", "json"].into_iter().any(is_json));
    }
}
