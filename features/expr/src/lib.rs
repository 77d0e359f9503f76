//! SQL expressions over Arrow batches: typed when they are parsed, three-valued when they are evaluated.
//! One language for feature views and for policies. Knows nothing of events, aggregates or rules; `Call` only takes
//! the outer `name(...)` of an aggregate apart, for the crate that owns the aggregates.
//!
//! Every operation in an expression is a total function of a row: it never fails and never panics on data. What has no value (a
//! division by zero, the logarithm of a negative number, an overflow, a text that is no number) is null where it stands, and
//! null spreads from there as SQL says. Division is always of floats: `1 / 2` is `0.5`.

#[allow(clippy::wildcard_enum_match_arm, reason = "an allowlist over the many constructs of the SQL parser")]
mod call;
mod columns;
mod error;
mod expression;
mod finite;
#[allow(clippy::wildcard_enum_match_arm, reason = "an allowlist over the many constructs of the SQL parser")]
mod plan;
mod scalar;
#[allow(clippy::wildcard_enum_match_arm, reason = "an allowlist over the many constructs of the SQL parser")]
mod syntax;
mod total;

pub use call::{Argument, Call};
pub use columns::{ColumnType, Columns};
pub use error::{EvaluateError, ExprError};
pub use expression::Expression;
pub use scalar::Scalar;
