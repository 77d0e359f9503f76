//! Columns read off recorded events: a column has the type of its values. One without a value counts as numbers.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Deserialize;
use weir_expr::{ColumnType, Scalar};

use super::cell::Cell;
use super::{APPLICATION, Known, SourceError, Sources, shared, type_name};

/// Fields of the envelope, which a line holds beside its data.
const ENVELOPE: [&str; 6] = ["id", "source", "type", "time", "known_time", "subject"];

type Seen = BTreeMap<String, BTreeMap<String, Option<ColumnType>>>;

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
                    Some(column) => drop(known.insert(name, Known { column, sure: true })),
                    None => drop(known.entry(name).or_insert(Known { column: ColumnType::Number, sure: false })),
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
        if !text.trim().is_empty() {
            each(line, &text)?;
        }
    }
}

fn decode<T: serde::de::DeserializeOwned>(line: usize, json: &str) -> Result<T, SourceError> {
    weir_messages::decode_json(json.as_bytes()).map_err(|source| SourceError::Event { line, source })
}

fn merge(
    columns: &mut BTreeMap<String, Option<ColumnType>>,
    data: BTreeMap<String, Cell>,
    line: usize,
) -> Result<(), SourceError> {
    for (field, Cell(value)) in data {
        if ENVELOPE.contains(&field.as_str()) {
            continue;
        }
        let found = column_of(&value);
        let known = columns.entry(field.clone()).or_default();
        *known = match (*known, found) {
            (Some(expected), Some(found)) => {
                Some(shared(expected, found).ok_or(SourceError::Conflict { line, field, expected, found })?)
            }
            (known, found) => known.or(found),
        };
    }
    Ok(())
}

const fn column_of(value: &Scalar) -> Option<ColumnType> {
    match value {
        Scalar::Null => None,
        Scalar::Bool(_) => Some(ColumnType::Bool),
        Scalar::Integer(_) => Some(ColumnType::Integer),
        Scalar::Number(_) => Some(ColumnType::Number),
        Scalar::Text(_) => Some(ColumnType::Text),
        Scalar::Time(_) => Some(ColumnType::Time),
    }
}
