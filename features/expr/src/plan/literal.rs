//! Literals: numbers, texts, truth values, times and intervals.

use arrow::compute::kernels::cast_utils::{parse_interval_month_day_nano, string_to_datetime};
use chrono::Utc;
use datafusion_common::ScalarValue;
use datafusion_expr::lit;
use sqlparser::ast::{DataType as SqlType, Expr as Syntax, Interval, Value};

use super::{ColumnType, ExprError, Kind, Typed, boolean, unsupported};

pub(super) fn value(value: &Value) -> Result<Typed, ExprError> {
    match value {
        Value::Null => Ok(Typed::null()),
        Value::Boolean(truth) => Ok(boolean(lit(*truth))),
        Value::Number(digits, _) => number(digits),
        Value::SingleQuotedString(text) => Ok(Typed::of(ColumnType::Text, lit(text.clone()))),
        other => Err(unsupported(&format!("the literal {other}"))),
    }
}

/// Whether it is one more than the largest integer: with its sign the least one.
pub(super) fn is_least(place: &Syntax) -> bool {
    let Syntax::Value(value) = place else { return false };
    matches!(&value.value, Value::Number(digits, _) if digits.parse() == Ok(i64::MIN.unsigned_abs()))
}

fn number(digits: &str) -> Result<Typed, ExprError> {
    if let Ok(integer) = digits.parse::<i64>() {
        return Ok(Typed::of(ColumnType::Integer, lit(integer)));
    }
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Typed::of(ColumnType::Number, lit(number))),
        Ok(_) | Err(_) => Err(ExprError::Syntax { reason: format!("`{digits}` is no number") }),
    }
}

/// RFC 3339, or a date and time taken as UTC.
pub(super) fn time(text: &str) -> Result<Typed, ExprError> {
    let time = string_to_datetime(&Utc, text)
        .map_err(|_| ExprError::Syntax { reason: format!("expected an RFC 3339 time, found `{text}`") })?;
    let micros = ScalarValue::TimestampMicrosecond(Some(time.timestamp_micros()), None);
    Ok(Typed::of(ColumnType::Time, lit(micros)))
}

/// `timestamp '2026-01-01T00:00:00Z'`.
pub(super) fn typed(data_type: &SqlType, value: &Value) -> Result<Typed, ExprError> {
    match (data_type, value) {
        (SqlType::Timestamp(None, _) | SqlType::Date, Value::SingleQuotedString(text)) => time(text),
        (other, _) => Err(unsupported(&format!("a literal of type {other}"))),
    }
}

/// `interval '90 minutes'` or `interval '90' minute`.
pub(super) fn interval(interval: &Interval) -> Result<Typed, ExprError> {
    let Syntax::Value(value) = interval.value.as_ref() else {
        return Err(unsupported("an interval that is not a literal"));
    };
    let Value::SingleQuotedString(text) = &value.value else {
        return Err(unsupported("an interval that is not quoted"));
    };
    let text = match &interval.leading_field {
        Some(field) => format!("{text} {field}"),
        None => text.clone(),
    };
    let parsed = parse_interval_month_day_nano(&text)
        .map_err(|_| ExprError::Syntax { reason: format!("expected an interval as `1 hour`, found `{text}`") })?;
    Ok(Typed { expr: lit(ScalarValue::IntervalMonthDayNano(Some(parsed))), kind: Kind::Interval })
}
