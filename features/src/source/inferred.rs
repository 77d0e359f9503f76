//! Columns read off recorded events: a column has the type of its values. One without a value counts as numbers.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Deserialize;
use weir_expr::{ColumnType, Scalar};

use super::cell::Cell;
use super::{APPLICATION, Known, SourceError, Sources, shared, type_name};

/// Fields of the envelope, which a line holds beside its data.
const ENVELOPE: [&str; 6] = ["id", "source", "type", "time", "known_time", "subject"];

type Seen = BTreeMap<String, BTreeMap<String, Option<Column>>>;

/// What the lines so far show of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    kind: Kind,
    /// The first line with a number that is no integer of 64 bits.
    float: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Of(ColumnType),
    /// Integers, some of them beyond what a number holds: ids, as text.
    Wide,
}

impl Kind {
    const fn column(self) -> ColumnType {
        match self {
            Self::Of(column) => column,
            Self::Wide => ColumnType::Text,
        }
    }

    fn shared(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Of(one), Self::Of(other)) => shared(one, other).map(Self::Of),
            (Self::Wide, Self::Wide | Self::Of(ColumnType::Integer)) | (Self::Of(ColumnType::Integer), Self::Wide) => {
                Some(Self::Wide)
            }
            (Self::Wide, Self::Of(_)) | (Self::Of(_), Self::Wide) => None,
        }
    }
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    event_type: String,
}

#[derive(Deserialize)]
struct Inline {
    application: Option<BTreeMap<String, Cell>>,
}

impl Sources {
    /// From events as `replay` takes them. The platform's own types keep the columns of their payloads that no line
    /// shows; a line of another type makes that column what the line says.
    pub fn inferred(events: impl BufRead) -> Result<Self, SourceError> {
        let mut seen = Seen::new();
        for_each_line(events, |line, json| {
            let event: Typed = decode(line, json)?;
            let data: BTreeMap<String, Cell> = decode(line, json)?;
            merge(seen.entry(type_name(&event.event_type).to_owned()).or_default(), data, line)
        })?;
        let mut sources = Self { open: true, ..Self::of_payloads(false) };
        sources.add(seen);
        Ok(sources)
    }

    /// With the columns of the applications that requests bring along.
    pub fn and_requests(mut self, requests: impl BufRead) -> Result<Self, SourceError> {
        let mut seen = Seen::new();
        for_each_line(requests, |line, json| {
            let request: Inline = decode(line, json)?;
            let Some(application) = request.application else { return Ok(()) };
            merge(seen.entry(APPLICATION.to_owned()).or_default(), application, line)
        })?;
        self.add(seen);
        Ok(self)
    }

    fn add(&mut self, seen: Seen) {
        for (event_type, columns) in seen {
            let known = self.types.entry(event_type).or_default();
            for (name, found) in columns {
                match found {
                    Some(Column { kind, float }) => {
                        known.insert(name, Known { column: kind.column(), sure: true, float });
                    }
                    None => {
                        known.entry(name).or_insert(Known { column: ColumnType::Number, sure: false, float: None });
                    }
                }
            }
        }
    }
}

fn for_each_line(
    mut lines: impl BufRead,
    mut each: impl FnMut(usize, &str) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let (mut line, mut text) = (0, String::new());
    loop {
        (line, text) = (line + 1, {
            text.clear();
            text
        });
        if lines.read_line(&mut text).map_err(|source| SourceError::Read { line, source })? == 0 {
            return Ok(());
        }
        let json = if line == 1 { text.strip_prefix('\u{feff}').unwrap_or(&text) } else { &text };
        if !json.trim().is_empty() {
            each(line, json)?;
        }
    }
}

fn decode<T: serde::de::DeserializeOwned>(line: usize, json: &str) -> Result<T, SourceError> {
    weir_messages::decode_json(json.as_bytes()).map_err(|source| SourceError::Event { line, source })
}

fn merge(
    columns: &mut BTreeMap<String, Option<Column>>,
    data: BTreeMap<String, Cell>,
    line: usize,
) -> Result<(), SourceError> {
    for (field, cell) in data {
        if ENVELOPE.contains(&field.as_str()) {
            continue;
        }
        let found = kind_of(&cell).map(|kind| Column { kind, float: is_float(kind).then_some(line) });
        let known = columns.entry(field.clone()).or_default();
        *known = match (*known, found) {
            (Some(before), Some(found)) => {
                let kind = before.kind.shared(found.kind);
                let (expected, seen) = (before.kind.column(), found.kind.column());
                let kind = kind.ok_or(SourceError::Conflict { line, field, expected, found: seen })?;
                Some(Column { kind, float: before.float.or(found.float) })
            }
            (known, found) => known.or(found),
        };
    }
    Ok(())
}

fn is_float(kind: Kind) -> bool {
    kind == Kind::Of(ColumnType::Number)
}

const fn kind_of(cell: &Cell) -> Option<Kind> {
    let column = match cell {
        Cell::Wide(_) => return Some(Kind::Wide),
        Cell::Value(Scalar::Null) => return None,
        Cell::Value(Scalar::Bool(_)) => ColumnType::Bool,
        Cell::Value(Scalar::Integer(_)) => ColumnType::Integer,
        Cell::Value(Scalar::Number(_)) => ColumnType::Number,
        Cell::Value(Scalar::Text(_)) => ColumnType::Text,
        Cell::Value(Scalar::Time(_)) => ColumnType::Time,
    };
    Some(Kind::Of(column))
}
