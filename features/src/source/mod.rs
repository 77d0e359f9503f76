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

type DataColumns = BTreeMap<String, ColumnType>;

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
        let mut types: BTreeMap<String, DataColumns> = EventType::ALL
            .iter()
            .map(|event_type| (event_type.name().to_owned(), schema::columns(events::schema(*event_type).as_value())))
            .collect();
        types.entry(APPLICATION.to_owned()).or_default().extend(attributes.iter().cloned());
        Self { types, open: false }
    }

    /// Data columns that events of any of `types` have.
    pub(crate) fn columns(&self, types: &[String]) -> Result<DataColumns, Unfit> {
        let mut columns = DataColumns::new();
        for event_type in types {
            for (name, found) in self.of_type(event_type)? {
                let kept = *columns.entry(name.clone()).or_insert(found);
                let Some(shared) = shared(kept, found) else {
                    return Err(Unfit::Differs { column: name, first: kept, later: found });
                };
                columns.insert(name, shared);
            }
        }
        columns.extend(IMPLICIT.iter().map(|(name, column)| ((*name).to_owned(), *column)));
        Ok(columns)
    }

    fn of_type(&self, event_type: &str) -> Result<DataColumns, Unfit> {
        match self.types.get(event_type) {
            Some(columns) => Ok(columns.clone()),
            None if self.open => Ok(self.types.values().flatten().map(|(n, c)| (n.clone(), *c)).collect()),
            None => Err(Unfit::UnknownType(event_type.to_owned())),
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
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
