//! `NaN`, `Infinity` and `-Infinity` as Python's JSON writers put them into a document, which is then no JSON.

/// What stands in their place, as [`elements`](super::elements) reads it.
const TOKENS: [(&[u8], &[u8]); 3] = [(b"NaN", b"null"), (b"-Infinity", b"\"-inf\""), (b"Infinity", b"\"inf\"")];

/// The document with them replaced outside of texts; `None` where it holds none.
pub(super) fn replaced(json: &[u8]) -> Option<Vec<u8>> {
    let (mut plain, mut rest, mut in_text) = (Vec::with_capacity(json.len()), json, false);
    let mut found = false;
    while let Some(first) = rest.first() {
        let token = TOKENS.iter().find(|(token, _)| !in_text && rest.starts_with(token));
        let (length, written) = match token {
            Some((token, written)) => (token.len(), *written),
            // An escaped character ends no text.
            None if *first == b'\\' => (2.min(rest.len()), &rest[..2.min(rest.len())]),
            None => (1, &rest[..1]),
        };
        in_text ^= *first == b'"';
        found |= token.is_some();
        plain.extend(written);
        rest = &rest[length..];
    }
    found.then_some(plain)
}
