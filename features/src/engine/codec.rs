//! The bytes of saved values: a row's, each behind a tag that is checked against the type of its slot, and the pieces
//! that other values are made of.

use weir_expr::{ColumnType, Expression, Scalar};

const NULL: u8 = 0;
const BOOL: u8 = 1;
const INTEGER: u8 = 2;
const NUMBER: u8 = 3;
const TEXT: u8 = 4;
const TIME: u8 = 5;

pub(super) fn encode(values: &[Scalar]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * 16);
    for value in values {
        match value {
            Scalar::Null => bytes.push(NULL),
            Scalar::Bool(value) => bytes.extend([BOOL, u8::from(*value)]),
            Scalar::Integer(value) => tagged(&mut bytes, INTEGER, value.to_be_bytes()),
            Scalar::Number(value) => tagged(&mut bytes, NUMBER, value.to_be_bytes()),
            Scalar::Time(value) => tagged(&mut bytes, TIME, value.to_be_bytes()),
            Scalar::Text(value) => {
                bytes.push(TEXT);
                put_text(&mut bytes, value);
            }
        }
    }
    bytes
}

fn tagged(bytes: &mut Vec<u8>, tag: u8, value: [u8; 8]) {
    bytes.push(tag);
    bytes.extend(value);
}

/// `None` when the bytes are not of this view.
pub(super) fn decode(mut bytes: &[u8], slots: &[Expression]) -> Option<Box<[Scalar]>> {
    let values: Box<[Scalar]> =
        slots.iter().map(|slot| scalar(&mut bytes, slot.output_type())).collect::<Option<_>>()?;
    bytes.is_empty().then_some(values)
}

fn scalar(bytes: &mut &[u8], column: ColumnType) -> Option<Scalar> {
    let [tag] = take(bytes)?;
    Some(match (column, tag) {
        (_, NULL) => Scalar::Null,
        (ColumnType::Bool, BOOL) => Scalar::Bool(take(bytes)? == [1]),
        (ColumnType::Integer, INTEGER) => Scalar::Integer(i64::from_be_bytes(take(bytes)?)),
        (ColumnType::Number, NUMBER) => Scalar::Number(f64::from_be_bytes(take(bytes)?)),
        (ColumnType::Time, TIME) => Scalar::Time(i64::from_be_bytes(take(bytes)?)),
        (ColumnType::Text, TEXT) => Scalar::Text(take_text(bytes)?.to_owned()),
        _ => return None,
    })
}

pub(super) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).expect("a record of the log is smaller");
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
}

pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

pub(super) fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = u32::from_be_bytes(take(bytes)?);
    let (text, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Slots of each type, and a value for each.
    fn values() -> impl Strategy<Value = Vec<Scalar>> {
        let or_null = |value: BoxedStrategy<Scalar>| prop_oneof![Just(Scalar::Null), value];
        (
            or_null(any::<bool>().prop_map(Scalar::Bool).boxed()),
            or_null(any::<i64>().prop_map(Scalar::Integer).boxed()),
            or_null(prop::num::f64::NORMAL.prop_map(Scalar::Number).boxed()),
            or_null(".{0,9}".prop_map(Scalar::Text).boxed()),
            or_null(any::<i64>().prop_map(Scalar::Time).boxed()),
        )
            .prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e])
    }

    fn slots() -> Vec<Expression> {
        let columns = [
            ("a", ColumnType::Bool),
            ("b", ColumnType::Integer),
            ("c", ColumnType::Number),
            ("d", ColumnType::Text),
            ("e", ColumnType::Time),
        ];
        let all = columns.into_iter().collect();
        columns.iter().map(|(name, _)| Expression::parse(name, &all).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn values_read_back_by_their_slots_and_by_no_others(values in values(), cut in 0..60_usize) {
            let (bytes, slots) = (encode(&values), slots());
            prop_assert_eq!(decode(&bytes, &slots), Some(values.clone().into()));
            prop_assert!(cut >= bytes.len() || decode(&bytes[..cut], &slots).is_none());
            prop_assert_eq!(decode(&bytes, &slots[..4]), None);
            let reversed: Vec<Expression> = slots.into_iter().rev().collect();
            let symmetric = values.iter().enumerate().all(|(at, value)| at == 2 || *value == Scalar::Null);
            prop_assert_eq!(decode(&bytes, &reversed).is_some(), symmetric);
        }
    }
}
