//! Takes out of an event's JSON the columns that some view reads, and no other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use foldhash::HashMap;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use weir_expr::{ColumnType, Scalar};
use weir_messages::{EventTime, KnownTime};

use super::cell::Cell;

/// For one event type.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader {
    places: HashMap<String, usize>,
    columns: Vec<ColumnType>,
}

impl Reader {
    pub(crate) fn of(columns: BTreeMap<String, ColumnType>) -> Self {
        let (names, columns): (Vec<String>, Vec<ColumnType>) = columns.into_iter().unzip();
        Self { places: names.into_iter().enumerate().map(|(at, name)| (name, at)).collect(), columns }
    }

    /// The values of `json`, an object. What is malformed or no object has none: the first stage let it through, so
    /// there is nobody left to tell.
    pub(crate) fn values(&self, json: &str) -> Vec<Scalar> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        self.deserialize(&mut deserializer).unwrap_or_else(|_| vec![Scalar::Null; self.columns.len()])
    }
}

impl<'de> DeserializeSeed<'de> for &Reader {
    type Value = Vec<Scalar>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Scalar>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &Reader {
    type Value = Vec<Scalar>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Vec<Scalar>, A::Error> {
        let mut values = vec![Scalar::Null; self.columns.len()];
        while let Some(name) = entries.next_key::<Cow<'_, str>>()? {
            match self.places.get(name.as_ref()) {
                Some(at) => values[*at] = entries.next_value::<Cell>()?.typed(self.columns[*at]),
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(values)
    }
}

/// What every event says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub(crate) id: &'a str,
    pub(crate) source: &'a str,
    /// Without its version.
    pub(crate) event_type: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) time: EventTime,
    pub(crate) known: KnownTime,
}

/// One event, its data read.
#[derive(Debug, Clone)]
pub(crate) struct Observed<'a> {
    pub(crate) envelope: Envelope<'a>,
    pub(crate) reader: &'a Reader,
    pub(crate) values: Vec<Scalar>,
}

/// What stands in a column, where it stands.
enum Found<'a> {
    Text(&'a str),
    Time(i64),
    Data(&'a Scalar),
}

impl Observed<'_> {
    /// Null for a column that this type of event does not have. Data may say who the customer is; the rest of the
    /// envelope stands above data of the same name.
    pub(crate) fn value(&self, column: &str) -> Scalar {
        match self.found(column) {
            Found::Text(text) => Scalar::Text(text.to_owned()),
            Found::Time(micros) => Scalar::Time(micros),
            Found::Data(value) => value.clone(),
        }
    }

    /// The id that a column holds; null and the empty text are none.
    pub(crate) fn id_in(&self, column: &str) -> Option<Cow<'_, str>> {
        let text = match self.found(column) {
            Found::Text(text) => text,
            Found::Data(Scalar::Text(text)) => text,
            Found::Data(Scalar::Integer(number)) => return Some(Cow::Owned(number.to_string())),
            Found::Data(Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) | Scalar::Time(_)) | Found::Time(_) => "",
        };
        (!text.is_empty()).then_some(Cow::Borrowed(text))
    }

    fn found(&self, column: &str) -> Found<'_> {
        match column {
            "id" => Found::Text(self.envelope.id),
            "type" => Found::Text(self.envelope.event_type),
            "subject" => Found::Text(self.envelope.subject),
            "time" => Found::Time(self.envelope.time.micros()),
            "known_time" => Found::Time(self.envelope.known.micros()),
            "customer" if *self.data(column) == Scalar::Null => Found::Text(self.envelope.subject),
            _ => Found::Data(self.data(column)),
        }
    }

    fn data(&self, column: &str) -> &Scalar {
        self.reader.places.get(column).map_or(&Scalar::Null, |at| &self.values[*at])
    }
}
