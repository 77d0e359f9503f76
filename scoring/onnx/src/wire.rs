//! The bytes of a file as protobuf lays them out: how much memory it would take once decoded, and what the decoder leaves
//! out. A message of two bytes becomes a structure of hundreds, so the length of a file bounds nothing.
//! Source of the format: Protocol Buffers, "Encoding"; of the field numbers: onnx.proto.

use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, ensure};

use crate::memory;

/// A structure of any kind, with what the allocator adds.
const STRUCTURE: usize = 320;
/// A text or a list, besides its bytes.
const LIST: usize = 48;
/// A packed number may be one byte in the file and eight in memory, and a list grows by doubling.
const GROWTH: usize = 16;
/// Messages of messages of texts, of which none is large in a sound file: every byte may be a structure.
const SMALL: usize = 64;
/// As deep as the decoder goes.
const DEEPEST: usize = 100;

#[derive(Clone, Copy)]
enum Kind {
    Model,
    Training,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Function,
    Small,
    /// Numbers, which may be packed.
    Numbers,
    /// Text, bytes, or floats packed.
    Values,
}

impl Kind {
    const fn of_field(self, field: u64) -> Self {
        match (self, field) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 20) => Self::Training,
            (Self::Model, 25) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::SparseTensor,
            (Self::Node, 5) => Self::Attribute,
            (Self::Attribute, 8) | (Self::Tensor, 1 | 5 | 7 | 11) | (Self::SparseTensor, 3) => Self::Numbers,
            (Self::Node, 1..=4 | 6 | 7) | (Self::Attribute, 1 | 4 | 7 | 9 | 13 | 21) => Self::Values,
            (Self::Tensor, 4 | 6 | 8..=10 | 12) | (Self::Graph, 2 | 10) => Self::Values,
            _ => Self::Small,
        }
    }
}

/// Refuses a file that would take too much memory, before it takes it.
pub(crate) fn check(bytes: &[u8]) -> TractResult<()> {
    let mut decoded = 0;
    message(bytes, Kind::Model, 0, &mut decoded)
}

fn add(decoded: &mut usize, more: usize) -> TractResult<()> {
    *decoded = decoded.saturating_add(more);
    let most = memory::room();
    ensure!(*decoded <= most, "decoded it would take more than {most} bytes, an eighth of this machine's memory");
    Ok(())
}

/// What one field holds.
enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes of a float.
    Fixed,
}

/// The next field of a message, with its number.
fn next<'a>(bytes: &mut &'a [u8]) -> TractResult<(u64, Content<'a>)> {
    let key = varint(bytes)?;
    let content = match key & 7 {
        0 => Content::Number(varint(bytes)?),
        1 => taken(bytes, 8).map(|_| Content::Fixed)?,
        2 => {
            let length = varint(bytes)?;
            Content::Bytes(taken(bytes, usize::try_from(length).unwrap_or(usize::MAX))?)
        }
        5 => taken(bytes, 4).map(|_| Content::Fixed)?,
        other => bail!("it is no ONNX model: wire type {other}"),
    };
    Ok((key >> 3, content))
}

/// The contents of every field `wanted` of a message that are bytes.
pub(crate) fn fields(mut bytes: &[u8], wanted: u64) -> TractResult<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        if let (number, Content::Bytes(content)) = next(&mut bytes)?
            && number == wanted
        {
            found.push(content);
        }
    }
    Ok(found)
}

/// The last number that a message has in the field `wanted`.
pub(crate) fn number(mut bytes: &[u8], wanted: u64) -> TractResult<Option<u64>> {
    let mut found = None;
    while !bytes.is_empty() {
        if let (number, Content::Number(content)) = next(&mut bytes)?
            && number == wanted
        {
            found = Some(content);
        }
    }
    Ok(found)
}

fn message(mut bytes: &[u8], kind: Kind, depth: usize, decoded: &mut usize) -> TractResult<()> {
    ensure!(depth <= DEEPEST, "it is nested deeper than {DEEPEST} messages");
    while !bytes.is_empty() {
        match next(&mut bytes)? {
            (number, Content::Bytes(inner)) => field(inner, kind.of_field(number), depth, decoded)?,
            // A number on its own, of which there may be as many as one likes.
            (_, Content::Number(_) | Content::Fixed) => add(decoded, GROWTH)?,
        }
    }
    Ok(())
}

fn field(inner: &[u8], kind: Kind, depth: usize, decoded: &mut usize) -> TractResult<()> {
    match kind {
        Kind::Values => add(decoded, LIST + inner.len().saturating_mul(2)),
        Kind::Numbers => add(decoded, LIST + inner.len().saturating_mul(GROWTH)),
        Kind::Small => add(decoded, STRUCTURE + inner.len().saturating_mul(SMALL)),
        Kind::Model
        | Kind::Training
        | Kind::Graph
        | Kind::Node
        | Kind::Attribute
        | Kind::Tensor
        | Kind::SparseTensor
        | Kind::Function => {
            add(decoded, 2 * STRUCTURE)?;
            message(inner, kind, depth + 1, decoded)
        }
    }
}

fn varint(bytes: &mut &[u8]) -> TractResult<u64> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at).min(63);
        if byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return Ok(value);
        }
    }
    bail!("it is no ONNX model: a number does not end")
}

fn taken<'a>(bytes: &mut &'a [u8], count: usize) -> TractResult<&'a [u8]> {
    match bytes.split_at_checked(count) {
        Some((taken, rest)) => {
            *bytes = rest;
            Ok(taken)
        }
        None => bail!("it is no ONNX model: it ends too early"),
    }
}
