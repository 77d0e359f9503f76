//! Which columns the events of each type have: read off the payload schemas for the platform itself, or off recorded
//! events for replay.

mod cell;
mod inferred;
mod reader;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use weir_expr::ColumnType;
use weir_messages::{DecodeError, EventType, events};

pub(crate) use cell::as_number;
pub(crate) use reader::{Envelope, Observed, Reader};

pub(crate) const APPLICATION: &str = EventType::Application.name();

/// Columns that every event has, beside its data.
const IMPLICIT: [(&str, ColumnType); 6] = [
    ("id", ColumnType::Text),
    ("type", ColumnType::Text),
    ("subject", ColumnType::Text),
    ("customer", ColumnType::Text),
    ("time", ColumnType::Time),
    ("known_time", ColumnType::Time),
];

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("line {line}")]
    Read { line: usize, source: std::io::Error },
    #[error("line {line}")]
    Event { line: usize, source: DecodeError },
    #[error("line {line}: {field}: expected {expected} as before, found {found}")]
    Conflict { line: usize, field: String, expected: ColumnType, found: ColumnType },
}

/// Why a list of event types has no common columns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    UnknownType(String),
    Differs { column: String, first: ColumnType, later: ColumnType },
}

/// A column's type, and whether it is sure: what no recorded event shows gives way to what one does.
#[derive(Debug, Clone, Copy)]
struct Known {
    column: ColumnType,
    sure: bool,
    /// The first recorded line with a number in it that is no integer.
    float: Option<usize>,
}

type DataColumns = BTreeMap<String, Known>;

#[derive(Debug, Clone)]
pub struct Sources {
    types: BTreeMap<String, DataColumns>,
    /// A type without a recorded event may still be named: it has whatever columns the others have.
    open: bool,
}

impl Sources {
    /// The event types there are, with the fields of their payloads; `attributes` are what products ask of applicants.
    #[must_use]
    pub fn of_events(attributes: &[(String, ColumnType)]) -> Self {
        let mut sources = Self::of_payloads(true);
        let attributes =
            attributes.iter().map(|(name, column)| (name.clone(), Known { column: *column, sure: true, float: None }));
        sources.types.entry(APPLICATION.to_owned()).or_default().extend(attributes);
        sources
    }

    fn of_payloads(sure: bool) -> Self {
        let columns = |event_type: &EventType| {
            let columns = schema::columns(events::schema(*event_type).as_value());
            columns.into_iter().map(|(name, column)| (name, Known { column, sure, float: None })).collect()
        };
        let types =
            EventType::ALL.iter().map(|event_type| (event_type.name().to_owned(), columns(event_type))).collect();
        Self { types, open: false }
    }

    /// The columns that events of any of `types` have.
    pub(crate) fn columns(&self, types: &[String]) -> Result<BTreeMap<String, ColumnType>, Unfit> {
        let mut columns = DataColumns::new();
        for event_type in types {
            for (name, found) in self.of_type(event_type)? {
                let kept = columns.get(&name).copied().unwrap_or(found);
                let Some(both) = both(kept, found) else {
                    return Err(Unfit::Differs { column: name, first: kept.column, later: found.column });
                };
                columns.insert(name, both);
            }
        }
        let data = columns.into_iter().map(|(name, known)| (name, known.column));
        Ok(data.chain(IMPLICIT.iter().map(|(name, column)| ((*name).to_owned(), *column))).collect())
    }

    /// The first recorded line of one of `types` whose `column` holds a number that is no integer.
    pub(crate) fn first_float(&self, types: &[String], column: &str) -> Option<usize> {
        types.iter().filter_map(|event_type| self.types.get(event_type)?.get(column)?.float).min()
    }

    fn of_type(&self, event_type: &str) -> Result<DataColumns, Unfit> {
        if let Some(columns) = self.types.get(event_type) {
            return Ok(columns.clone());
        }
        if !self.open {
            return Err(Unfit::UnknownType(event_type.to_owned()));
        }
        let mut columns = DataColumns::new();
        for (name, found) in self.types.values().flatten() {
            let kept = columns.get(name).copied().unwrap_or(*found);
            columns.insert(name.clone(), if found.sure && !kept.sure { *found } else { kept });
        }
        Ok(columns.into_iter().map(|(name, known)| (name, Known { sure: false, ..known })).collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }
}

/// One column of two event types; `None` where their values have nothing in common.
fn both(one: Known, other: Known) -> Option<Known> {
    match (one.sure, other.sure) {
        (true, false) => Some(one),
        (false, true) => Some(other),
        (false, false) => Some(Known { column: shared(one.column, other.column).unwrap_or(one.column), ..one }),
        (true, true) => {
            Some(Known { column: shared(one.column, other.column)?, sure: true, float: one.float.or(other.float) })
        }
    }
}

/// The type that holds the values of both.
fn shared(one: ColumnType, other: ColumnType) -> Option<ColumnType> {
    if one == other {
        Some(one)
    } else if one.is_numeric() && other.is_numeric() {
        Some(ColumnType::Number)
    } else {
        None
    }
}

/// The name without a version: `device.login.v1` is `device.login`.
pub(crate) fn type_name(text: &str) -> &str {
    text.parse::<EventType>().map_or(text, |event_type| event_type.name())
}
