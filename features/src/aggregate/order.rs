//! The order of the values of one column.

use std::cmp::Ordering;

use weir_expr::Scalar;

/// Values of one slot are of one type; text goes by its bytes.
pub(super) fn compare(one: &Scalar, other: &Scalar) -> Ordering {
    match (one, other) {
        (Scalar::Bool(one), Scalar::Bool(other)) => one.cmp(other),
        (Scalar::Integer(one), Scalar::Integer(other)) | (Scalar::Time(one), Scalar::Time(other)) => one.cmp(other),
        (Scalar::Number(one), Scalar::Number(other)) => (one + 0.0).total_cmp(&(other + 0.0)),
        (Scalar::Text(one), Scalar::Text(other)) => one.cmp(other),
        _ => Ordering::Equal,
    }
}
