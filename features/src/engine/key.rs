//! The keys of the state. Ordered as bytes they are ordered as what they stand for.

use weir_messages::{EventTime, KnownTime};

use crate::aggregate::Place;
use crate::view::FeatureView;

const HISTORY: u8 = b'h';
const LATEST: u8 = b'l';
pub(super) const KNOWN: [u8; 1] = [b'k'];

/// Before the places of all rows of `entity` in `view`.
pub(super) fn history(view: &FeatureView, entity: &str) -> Vec<u8> {
    let mut key = vec![HISTORY];
    push_text(&mut key, view.name());
    key.extend(view.version().to_be_bytes());
    push_text(&mut key, entity);
    key
}

pub(super) fn row(history: &[u8], place: &Place) -> Vec<u8> {
    let mut key = history.to_vec();
    key.extend(ordered(place.time.micros()));
    key.extend(ordered(place.known.micros()));
    push_text(&mut key, &place.id);
    key.extend(place.source.as_bytes());
    key
}

/// The place at the end of a key that begins with `history`.
pub(super) fn place(history: &[u8], key: &[u8]) -> Option<Place> {
    let rest = key.strip_prefix(history)?;
    let (time, rest) = rest.split_first_chunk::<8>()?;
    let (known, rest) = rest.split_first_chunk::<8>()?;
    let (id, rest) = take_text(rest)?;
    let source = std::str::from_utf8(rest).ok()?.into();
    let (time, known) = (EventTime::from_micros(micros(*time)), KnownTime::from_micros(micros(*known)));
    Some(Place { time, known, id: id.into(), source })
}

pub(super) fn latest(customer: &str) -> Vec<u8> {
    [&[LATEST][..], customer.as_bytes()].concat()
}

pub(super) fn known(partition: u16) -> Vec<u8> {
    [&KNOWN[..], &partition.to_be_bytes()].concat()
}

pub(super) fn partition(key: &[u8]) -> Option<u16> {
    key.strip_prefix(&KNOWN)?.try_into().ok().map(u16::from_be_bytes)
}

const SIGN: u64 = 1 << 63;

fn ordered(micros: i64) -> [u8; 8] {
    (micros.cast_unsigned() ^ SIGN).to_be_bytes()
}

fn micros(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ SIGN).cast_signed()
}

/// Ends with two zeros; a zero inside is followed by 255, so that no text is the start of another.
fn push_text(key: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(255);
        }
    }
    key.extend([0, 0]);
}

fn take_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (mut text, mut at) = (Vec::new(), 0);
    loop {
        match (*bytes.get(at)?, bytes.get(at + 1)) {
            (0, Some(0)) => return Some((String::from_utf8(text).ok()?, &bytes[at + 2..])),
            (0, Some(255)) => {
                text.push(0);
                at += 2;
            }
            (0, _) => return None,
            (byte, _) => {
                text.push(byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place_of((time, known, id, source): (i64, i64, String, String)) -> Place {
        let (time, known) = (EventTime::from_micros(time), KnownTime::from_micros(known));
        Place { time, known, id: id.into(), source: source.into() }
    }

    proptest! {
        #[test]
        fn keys_read_back_and_stand_in_the_order_of_their_places(
            a in (any::<i64>(), any::<i64>(), "[a\0\u{1}ÿ]{0,4}", "[a\0]{0,2}"),
            b in (any::<i64>(), -1_i64..2, "[a\0\u{1}ÿ]{0,4}", "[a\0]{0,2}"),
        ) {
            let (a, b) = (place_of(a), place_of(b));
            let (key_a, key_b) = (row(b"h", &a), row(b"h", &b));
            prop_assert_eq!(place(b"h", &key_a), Some(a.clone()));
            prop_assert_eq!(key_a.cmp(&key_b), a.cmp(&b));
        }
    }
}
