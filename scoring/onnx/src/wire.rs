//! How much memory a file would take once decoded, told from its bytes: a message of two bytes becomes a structure of
//! hundreds, so the length of a file bounds nothing.
//! Source of the format: Protocol Buffers, "Encoding"; of the field numbers: onnx.proto.

use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::{bail, ensure};

/// Bytes that a decoded file may take.
const MOST_DECODED: usize = 1 << 30;
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
    ensure!(*decoded <= MOST_DECODED, "decoded it would take more than {MOST_DECODED} bytes");
    Ok(())
}

fn message(mut bytes: &[u8], kind: Kind, depth: usize, decoded: &mut usize) -> TractResult<()> {
    ensure!(depth <= DEEPEST, "it is nested deeper than {DEEPEST} messages");
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        match key & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => drop(taken(&mut bytes, 8)?),
            2 => {
                let length = varint(&mut bytes)?;
                let inner = taken(&mut bytes, usize::try_from(length).unwrap_or(usize::MAX))?;
                field(inner, kind.of_field(key >> 3), depth, decoded)?;
            }
            5 => drop(taken(&mut bytes, 4)?),
            other => bail!("it is no ONNX model: wire type {other}"),
        }
        // A number on its own, of which there may be as many as one likes.
        add(decoded, GROWTH)?;
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
