//! Values in the binary form of the protocol's extension: little-endian and in row order, a truth value as one byte, a text
//! behind its length in four bytes.

use weir_scoring::model::{Kind, Values};

use super::datatype::{name, width};

/// Exactly `count` values. The error says what was expected and found.
pub(super) fn read(kind: Kind, bytes: &[u8], count: usize) -> Result<Values, String> {
    let expected = width(kind).map(|width| count.checked_mul(width));
    if expected.is_some_and(|expected| expected != Some(bytes.len())) {
        let (name, found) = (name(kind), bytes.len());
        return Err(format!("expected the bytes of {count} values of {name}, found {found} bytes"));
    }
    Ok(match kind {
        Kind::Float32 => Values::Float32(numbers(bytes, f32::from_le_bytes)),
        Kind::Float64 => Values::Float64(numbers(bytes, f64::from_le_bytes)),
        Kind::Int64 => Values::Int64(numbers(bytes, i64::from_le_bytes)),
        Kind::Int32 => Values::Int32(numbers(bytes, i32::from_le_bytes)),
        Kind::Int16 => Values::Int16(numbers(bytes, i16::from_le_bytes)),
        Kind::Bool => Values::Bool(truths(bytes)?),
        Kind::Text => Values::Text(texts(bytes, count)?),
    })
}

fn numbers<T, const N: usize>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|chunk| read(*chunk)).collect()
}

fn truths(bytes: &[u8]) -> Result<Vec<bool>, String> {
    let truth = |(at, byte): (usize, &u8)| match byte {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(format!("expected 0 or 1 as value {at}, found {other}")),
    };
    bytes.iter().enumerate().map(truth).collect()
}

fn texts(mut bytes: &[u8], count: usize) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let at = texts.len();
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let left = rest.len();
        let (text, rest) = rest
            .split_at_checked(length)
            .ok_or_else(|| format!("expected {length} bytes of text {at}, found {left}"))?;
        texts.push(
            std::str::from_utf8(text)
                .map_err(|_| format!("expected UTF-8 in text {at}, found other bytes"))?
                .to_owned(),
        );
        bytes = rest;
    }
    if texts.len() == count && bytes.is_empty() {
        return Ok(texts);
    }
    Err(format!("expected {count} texts, found {} and {} bytes more", texts.len(), bytes.len()))
}

/// Puts the bytes of `values` behind those that are there.
pub(super) fn write(values: &Values, bytes: &mut Vec<u8>) {
    match values {
        Values::Float32(values) => values.iter().for_each(|value| bytes.extend(value.to_le_bytes())),
        Values::Float64(values) => values.iter().for_each(|value| bytes.extend(value.to_le_bytes())),
        Values::Int64(values) => values.iter().for_each(|value| bytes.extend(value.to_le_bytes())),
        Values::Int32(values) => values.iter().for_each(|value| bytes.extend(value.to_le_bytes())),
        Values::Int16(values) => values.iter().for_each(|value| bytes.extend(value.to_le_bytes())),
        Values::Bool(values) => bytes.extend(values.iter().map(|value| u8::from(*value))),
        Values::Text(values) => values.iter().for_each(|text| {
            let length = u32::try_from(text.len()).expect("a text comes from a body or a graph, which are smaller");
            bytes.extend(length.to_le_bytes());
            bytes.extend(text.as_bytes());
        }),
    }
}
