//! What can be wrong with an expression, and with the batch it is evaluated over.

use crate::ColumnType;

#[derive(Debug, thiserror::Error)]
pub enum ExprError {
    #[error("expected an expression of at most {limit} bytes, found {found}")]
    TooLong { limit: usize, found: usize },
    #[error("expected an expression nested at most {limit} deep, found a deeper one")]
    TooDeep { limit: usize },
    #[error("expected an expression of at most {limit} operations, found a larger one")]
    TooLarge { limit: usize },
    #[error("expected a SQL expression: {reason}")]
    Syntax { reason: String },
    #[error("unknown column `{name}` at line {line}, column {column}{hint}")]
    UnknownColumn { name: String, line: u64, column: u64, hint: String },
    #[error("unknown function `{name}` at line {line}, column {column}")]
    UnknownFunction { name: String, line: u64, column: u64 },
    /// A construct of SQL that has no meaning for one row, or that is not offered.
    #[error("{construct} cannot stand in an expression")]
    Unsupported { construct: String },
    #[error("expected {expected} in `{place}`, found {found}")]
    Mismatch { place: String, expected: String, found: String },
    #[error("expected `{expected}`, found {found} arguments")]
    Arguments { expected: &'static str, found: usize },
    #[error("`{expression}` cannot be planned")]
    Plan { expression: String, source: Box<datafusion_common::DataFusionError> },
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EvaluateError {
    #[error("expected a batch with the columns that the expression was parsed against: {reason}")]
    Schema { reason: String },
    #[error("expected {expected} for column `{column}`, found {found}")]
    Value { column: String, expected: ColumnType, found: &'static str },
}
