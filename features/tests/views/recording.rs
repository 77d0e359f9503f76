//! Made-up events as both ways of folding take them: admitted events for the live stage, lines for replay.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json, value::to_raw_value};
use weir_features::{FeatureStage, FeatureViews, Sources, replay};
use weir_messages::{
    Admitted, Change, CustomerId, Event, EventId, EventTime, FeatureVector, KnownTime, Position, Sequenced, Stage,
    StageError, StateReader,
};

pub(crate) fn views(files: &[(&str, &str)], sources: &Sources) -> FeatureViews {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    FeatureViews::load(folder.path(), sources).unwrap()
}

pub(crate) fn shipped() -> FeatureViews {
    let sources = Sources::of_events(&attributes());
    FeatureViews::load(&Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("views"), &sources).unwrap()
}

/// What the shipped product asks of an applicant.
pub(crate) fn attributes() -> Vec<(String, weir_expr::ColumnType)> {
    let path =
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../lending/products/consumer_instalment.toml");
    let product: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let kind = |rule: &toml::Value| match rule["type"].as_str().unwrap() {
        "text" => weir_expr::ColumnType::Text,
        "integer" => weir_expr::ColumnType::Integer,
        "bool" => weir_expr::ColumnType::Bool,
        other => panic!("{other}"),
    };
    product["attributes"].as_table().unwrap().iter().map(|(name, rule)| (name.clone(), kind(rule))).collect()
}

/// One answer for each request, as text.
pub(crate) fn answers(views: &FeatureViews, events: &[Value], requests: &[Value]) -> Vec<String> {
    let lines = |values: &[Value]| values.iter().map(|value| format!("{value}\n")).collect::<String>();
    let (events, requests, mut out) = (lines(events), lines(requests), Vec::new());
    replay(views, BufReader::new(events.as_bytes()), BufReader::new(requests.as_bytes()), &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

/// An event at `offset` of the one partition; `line` is what replay would read.
pub(crate) fn admitted(offset: usize, line: &Value, classes: &[&str]) -> Sequenced<Admitted> {
    let text = |field: &str| line[field].as_str().unwrap().to_owned();
    let time = EventTime::from_micros(line["time"].as_i64().unwrap());
    let mut data = line.as_object().unwrap().clone();
    data.retain(|field, _| !["id", "source", "type", "subject", "time", "known_time"].contains(&field.as_str()));
    let event = Event {
        id: EventId::new(text("id")),
        source: text("source"),
        event_type: text("type").parse().unwrap(),
        subject: CustomerId::new(text("subject")),
        time,
        known_time: line["known_time"].as_i64().map_or(time.as_known(), KnownTime::from_micros),
        original_time: None,
        consent_id: None,
        trace: None,
        data: to_raw_value(&data).unwrap(),
    };
    let consents: BTreeSet<String> = classes.iter().map(|class| (*class).to_owned()).collect();
    let position = Position { partition: 0, offset: offset.try_into().unwrap() };
    Sequenced::first(position, Admitted { event, consents: Arc::new(consents) })
}

pub(crate) fn process(stage: &mut FeatureStage, batch: &[Sequenced<Admitted>]) -> Vec<FeatureVector> {
    let mut out = Vec::new();
    stage.process(batch, &mut out).unwrap();
    out.into_iter().map(|one| one.body).collect()
}

/// What the loop saves of a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Saved(pub(crate) BTreeMap<Vec<u8>, Vec<u8>>);

impl Saved {
    pub(crate) fn take(&mut self, stage: &mut FeatureStage) -> usize {
        self.apply(stage.snapshot())
    }

    pub(crate) fn apply(&mut self, changes: Vec<Change>) -> usize {
        let count = changes.len();
        for change in changes {
            match change.value {
                Some(value) => drop(self.0.insert(change.key, value)),
                None => drop(self.0.remove(&change.key)),
            }
        }
        count
    }
}

impl StateReader for Saved {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        Ok(keys.iter().map(|key| self.0.get(key).cloned()).collect())
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StageError> {
        let found = self.0.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// The request that asks replay for what `vector` says, after the application's own line.
pub(crate) fn request_of(vector: &FeatureVector, entities: Value) -> Value {
    json!({"id": vector.application.as_str(), "time": vector.at.micros(), "after": vector.read_at.offset + 1, "entities": entities})
}
