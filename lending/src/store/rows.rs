//! Between a database's 64-bit signed integers and text, and ours.

use weir_messages::{Event, KnownTime};
use weir_money::Currency;

use super::sql::{Answer, Row};
use super::{OutboxRow, Posted, StoreError};

/// Numbers count rows: none comes near the limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(super) fn corrupt(what: impl Into<String>, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what: what.into(), reason: reason.to_string() }
}

/// HTTP status.
pub(super) fn status(stored: &str) -> Answer<u16> {
    stored.parse().map_err(|error| corrupt("status of an answer", error))
}

/// From a column of text.
pub(super) fn currency(row: &impl Row, column: usize) -> Answer<Currency> {
    row.text(column)?.parse().map_err(|error| corrupt("currency", error))
}

/// From number, entry and trace.
pub(super) fn posted(row: &impl Row) -> Answer<Posted> {
    let number = row.number(0)?;
    let what = || format!("journal entry {number}");
    let entry = serde_json::from_str(&row.text(1)?).map_err(|error| corrupt(what(), error))?;
    let trace = row.text(2)?.try_into().map_err(|error: String| corrupt(what(), error))?;
    Ok(Posted { number: unsigned(number), entry, trace })
}

/// From number, event and time of the commit.
pub(super) fn outbox_row(row: &impl Row) -> Answer<OutboxRow> {
    let number = row.number(0)?;
    let event: Event =
        serde_json::from_str(&row.text(1)?).map_err(|error| corrupt(format!("outbox row {number}"), error))?;
    Ok(OutboxRow { number: unsigned(number), event, at: KnownTime::from_micros(row.number(2)?) })
}
