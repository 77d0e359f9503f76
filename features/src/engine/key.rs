//! The keys of the state, entity first: one scan finds all that is kept of one. Behind it stands the number of a view
//! (`numbers`) and then the place of a row; ordered as bytes, places are ordered as places.
//!
//! Before the entity stands its hash. The store compares the first four bytes of two keys where they lie and the rest
//! behind a pointer; by their names entities would differ some twenty bytes in.

use weir_messages::{EventTime, KnownTime};

use super::codec::take;
use crate::aggregate::Place;

const ENTITY: u8 = b'e';
/// Of the hash: any would do, but it stands in what is saved.
const SEED: u32 = 0;
pub(super) const KNOWN: [u8; 1] = [b'k'];
/// What all keys of entities begin with.
pub(super) const ENTITIES: [u8; 1] = [ENTITY];
/// Of the numbers of the views.
pub(super) const NUMBERS: [u8; 1] = [b'v'];
/// In the place of a view's number.
pub(super) const LATEST: u16 = u16::MAX;

/// What a key behind its entity is of.
#[derive(Debug, PartialEq)]
pub(super) enum Of {
    Row(u16, Place),
    Latest,
}

/// Makes `key` the one before all that is kept of the entity.
pub(super) fn entity(key: &mut Vec<u8>, column: &str, id: &str) {
    key.clear();
    key.extend([ENTITY, 0, 0, 0, 0]);
    push_text(key, column);
    push_text(key, id);
    let (hash, name) = key[1..].split_at_mut(4);
    hash.copy_from_slice(&murmur2::murmur2(name, SEED).to_be_bytes());
}

pub(super) fn row(entity: &[u8], view: u16, place: &Place) -> Vec<u8> {
    let Place { time, known, id, source } = place;
    let mut key = Vec::with_capacity(entity.len() + 2 + 8 + 8 + id.len() + 2 + source.len());
    key.extend(entity);
    key.extend(view.to_be_bytes());
    key.extend(ordered(time.micros()));
    key.extend(ordered(known.micros()));
    push_text(&mut key, id);
    key.extend(source.as_bytes());
    key
}

pub(super) fn latest(entity: &[u8]) -> Vec<u8> {
    [entity, &LATEST.to_be_bytes()].concat()
}

/// What `key` is of, which begins with that of `entity`.
pub(super) fn of(entity: &[u8], key: &[u8]) -> Option<Of> {
    let mut rest = key.strip_prefix(entity)?;
    let view = u16::from_be_bytes(take(&mut rest)?);
    if view == LATEST {
        return rest.is_empty().then_some(Of::Latest);
    }
    let (time, known) = (micros(take(&mut rest)?), micros(take(&mut rest)?));
    let (id, source) = take_text(rest)?;
    let (time, known) = (EventTime::from_micros(time), KnownTime::from_micros(known));
    let place = Place { time, known, id: id.into(), source: std::str::from_utf8(source).ok()?.into() };
    Some(Of::Row(view, place))
}

/// Whether `key`, or what it begins with, is kept of an entity: in a refold, a row.
pub(crate) fn is_row(key: &[u8]) -> bool {
    key.starts_with(&ENTITIES)
}

/// What a key of any entity is of.
pub(super) fn parse(key: &[u8]) -> Option<Of> {
    let named = key.get(5..)?;
    let (_, rest) = take_text(named)?;
    let (_, rest) = take_text(rest)?;
    of(&key[..key.len() - rest.len()], key)
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
    if text.as_bytes().contains(&0) {
        for part in text.as_bytes().split_inclusive(|byte| *byte == 0) {
            key.extend(part);
            key.extend(part.ends_with(&[0]).then_some(255));
        }
    } else {
        key.extend(text.as_bytes());
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

    #[test]
    fn an_entity_is_found_again_under_the_hash_it_was_saved_with() {
        let mut key = vec![1];
        entity(&mut key, "customer", "c1");
        assert_eq!(hex::encode(&key[..5]), "65f548a004");
        assert_eq!(&key[5..], b"customer\0\0c1\0\0");
    }

    proptest! {
        #[test]
        fn keys_read_back_and_stand_in_the_order_of_their_places(
            a in (any::<i64>(), any::<i64>(), "[a\0\u{1}ÿ]{0,4}", "[a\0]{0,2}"),
            b in (any::<i64>(), -1_i64..2, "[a\0\u{1}ÿ]{0,4}", "[a\0]{0,2}"),
        ) {
            let (a, b) = (place_of(a), place_of(b));
            let (key_a, key_b) = (row(b"e", 7, &a), row(b"e", 7, &b));
            prop_assert_eq!(of(b"e", &key_a), Some(Of::Row(7, a.clone())));
            let mut entity_key = Vec::new();
            entity(&mut entity_key, "customer", &a.id);
            prop_assert_eq!(parse(&row(&entity_key, 7, &b)), Some(Of::Row(7, b.clone())));
            prop_assert_eq!(parse(&latest(&entity_key)), Some(Of::Latest));
            prop_assert_eq!(key_a.cmp(&key_b), a.cmp(&b));
        }
    }
}
