//! The TOML form of a view.

use std::fmt;

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Span;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) entity: String,
    pub(super) source: Vec<String>,
    pub(super) purpose: String,
    pub(super) consent: String,
    pub(super) consent_reason: Option<String>,
    pub(super) lateness: Span,
    pub(super) tile: Span,
    #[serde(default)]
    pub(super) windows: Vec<Span>,
    #[serde(rename = "where")]
    pub(super) filter: Option<String>,
    pub(super) aggregates: IndexMap<String, AggregateForm>,
    #[serde(default)]
    pub(super) derived: IndexMap<String, String>,
}

/// `"count(*)"`, or `{ expr = "count(*)", windows = ["10m"] }` for windows of its own.
#[derive(Debug)]
pub(super) struct AggregateForm {
    pub(super) expr: String,
    pub(super) windows: Option<Vec<Span>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithWindows {
    expr: String,
    windows: Vec<Span>,
}

impl<'de> Deserialize<'de> for AggregateForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FormVisitor)
    }
}

struct FormVisitor;

impl<'de> Visitor<'de> for FormVisitor {
    type Value = AggregateForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an aggregate as \"count(*)\" or { expr = \"count(*)\", windows = [\"10m\"] }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AggregateForm, E> {
        Ok(AggregateForm { expr: text.to_owned(), windows: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<AggregateForm, A::Error> {
        let form = WithWindows::deserialize(MapAccessDeserializer::new(entries))?;
        Ok(AggregateForm { expr: form.expr, windows: Some(form.windows) })
    }
}
