//! What the protocol calls the kinds of values, and how many bytes one takes in binary form.

use weir_scoring::model::Kind;

pub(super) const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Float32 => "FP32",
        Kind::Float64 => "FP64",
        Kind::Int64 => "INT64",
        Kind::Int32 => "INT32",
        Kind::Int16 => "INT16",
        Kind::Bool => "BOOL",
        Kind::Text => "BYTES",
    }
}

/// `None` of texts, each of which says how long it is.
pub(super) const fn width(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Float64 | Kind::Int64 => Some(8),
        Kind::Float32 | Kind::Int32 => Some(4),
        Kind::Int16 => Some(2),
        Kind::Bool => Some(1),
        Kind::Text => None,
    }
}
