//! A body as single events, each still as its bytes.

use serde_json::value::RawValue;
use weir_messages::BYTE_ORDER_MARK;

use super::CollectError;

pub(super) const MOST_EVENTS: usize = 10_000;
/// As deep as serde_json goes into a value.
const DEEPEST: u32 = 128;

pub(super) fn batch(bytes: &[u8]) -> Result<Vec<&RawValue>, CollectError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    check_depth(bytes)?;
    // Of a text or a number in the place of the array the first error would say which.
    let events: Vec<&RawValue> = serde_json::from_slice(bytes).map_err(|_| match one(bytes) {
        Ok(_) => CollectError::body("not_an_array", "expected a JSON array of events"),
        Err(error) => malformed(&error),
    })?;
    if events.len() > MOST_EVENTS {
        let found = events.len();
        return Err(CollectError::body("too_many_events", format!("expected at most {MOST_EVENTS}, found {found}")));
    }
    Ok(events)
}

pub(super) fn single(bytes: &[u8]) -> Result<&RawValue, CollectError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    check_depth(bytes)?;
    let event = one(bytes).map_err(|error| malformed(&error))?;
    if event.get().starts_with('{') {
        return Ok(event);
    }
    Err(CollectError::body("not_an_object", "expected one event, which is a JSON object"))
}

fn one(bytes: &[u8]) -> Result<&RawValue, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// The parser's words for wrong syntax hold a place and no value.
pub(super) fn malformed(error: &serde_json::Error) -> CollectError {
    CollectError::body("malformed", error.to_string())
}

/// The parser goes over raw values without counting, and later steps go down into them.
fn check_depth(bytes: &[u8]) -> Result<(), CollectError> {
    let (mut depth, mut rest) = (0_u32, bytes.iter());
    while let Some(byte) = rest.next() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_text(&mut rest),
            _ => continue,
        }
        if depth > DEEPEST {
            return Err(CollectError::body("too_deep", format!("expected at most {DEEPEST} levels of nesting")));
        }
    }
    Ok(())
}

fn skip_text(rest: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(rest.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: CollectError) -> &'static str {
        match error {
            CollectError::Body { code, .. } => code,
            CollectError::Log(_) | CollectError::Keys(_) => panic!("{error}"),
        }
    }

    fn code(body: &[u8]) -> &'static str {
        refused(batch(body).unwrap_err())
    }

    #[test]
    fn a_single_event_is_an_object() {
        assert_eq!(single(b" {} ").unwrap().get(), "{}");
        for (body, code) in [(b"[]".as_slice(), "not_an_object"), (b"7", "not_an_object"), (b"", "malformed")] {
            assert_eq!(refused(single(body).unwrap_err()), code);
        }
    }

    #[test]
    fn a_batch_is_an_array_and_nothing_after_it() {
        assert_eq!(
            batch(b" [ {\"a\":1}, 2 ] ").unwrap().iter().map(|one| one.get()).collect::<Vec<_>>(),
            ["{\"a\":1}", "2"]
        );
        assert!(batch(b"[]").unwrap().is_empty());
        assert_eq!(batch("\u{feff}[1]".as_bytes()).unwrap().len(), 1);
        for body in [b"".as_slice(), b"[1", b"[1] x", b"[1,]", b"{\"a\":", b"[\"\xff\"]", b"nonsense"] {
            assert_eq!(code(body), "malformed", "{body:?}");
        }
        assert_eq!(code(b"{\"a\":[1]}"), "not_an_array");
    }

    #[test]
    fn the_place_of_wrong_syntax_is_told_and_not_what_stands_there() {
        for body in [b"[{\"phone\":\"13800138000\"} 13800138001]".as_slice(), b"\"13800138000\", 1", b"13800138000 x"] {
            let text = batch(body).unwrap_err().to_string();
            assert!(text.contains("line 1 column") && !text.contains("138"), "{text}");
        }
        assert_eq!(code(b"\"13800138000\""), "not_an_array");
    }

    #[test]
    fn nesting_and_number_are_bounded() {
        let nested = |levels| [b"[".repeat(levels), b"]".repeat(levels)].concat();
        assert!(batch(&nested(128)).is_ok());
        assert_eq!(code(&nested(129)), "too_deep");
        assert_eq!(code(&b"[".repeat(1_000_000)), "too_deep");
        let text = format!("[\"{}\\\"{}\"]", "[".repeat(200), "{".repeat(200));
        assert!(batch(text.as_bytes()).is_ok(), "brackets in a text are no nesting");
        let many = |count| format!("[{}]", vec!["1"; count].join(","));
        assert_eq!(batch(many(MOST_EVENTS).as_bytes()).unwrap().len(), MOST_EVENTS);
        assert_eq!(code(many(MOST_EVENTS + 1).as_bytes()), "too_many_events");
    }
}
