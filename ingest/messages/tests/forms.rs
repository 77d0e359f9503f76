//! The committed forms of every event type: its JSON Schema must be the generated one, and a sample of each version
//! ever written must still decode. `UPDATE_FORMS=1` rewrites the schemas; samples are written by hand and stay.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use weir_messages::privacy::Tokenizer;
use weir_messages::{Decision, EventType, events, intake};

fn folder(name: &str) -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join(name)
}

fn assert_committed(path: &Path, schema: &schemars::Schema) {
    let generated = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var_os("UPDATE_FORMS").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, generated, "{} is not what the types say; UPDATE_FORMS=1 rewrites it", path.display());
}

fn samples(name: &str) -> Vec<(EventType, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder(name)).unwrap() {
        let path = entry.unwrap().path();
        let event_type = path.file_stem().unwrap().to_str().unwrap().parse().expect("a sample is named after its type");
        found.push((event_type, std::fs::read_to_string(&path).unwrap()));
    }
    found
}

#[test]
fn the_committed_schemas_are_the_generated_ones() {
    for event_type in EventType::ALL {
        assert_committed(&folder(&format!("schemas/log/{event_type}.json")), &events::schema(*event_type));
        if let Some(schema) = intake::schema(*event_type) {
            assert_committed(&folder(&format!("schemas/intake/{event_type}.json")), &schema);
        }
    }
}

#[test]
fn a_sample_of_every_version_still_decodes() {
    let mut seen = BTreeSet::new();
    for (event_type, json) in samples("samples/log") {
        events::check(event_type, &json).unwrap_or_else(|error| panic!("{event_type}: {error}"));
        seen.insert(event_type);
    }
    assert_eq!(seen, EventType::ALL.iter().copied().collect(), "every type has a sample");
}

#[test]
fn a_sample_of_every_intake_form_still_becomes_a_log_payload_without_its_identifiers() {
    let tokens = Tokenizer::new("k1", [7; 32]);
    let mut seen = BTreeSet::new();
    for (event_type, json) in samples("samples/intake") {
        let data = intake::to_log(event_type, &json, &tokens).unwrap_or_else(|e| panic!("{event_type}: {e}"));
        events::check(event_type, data.get()).unwrap_or_else(|error| panic!("{event_type}: {error}"));
        for identifier in ["203.0.113.77", "13800138000", "device-77", "contact-9", "490154203237518"] {
            assert!(!data.get().contains(identifier), "{event_type} keeps {identifier}");
        }
        seen.insert(event_type);
    }
    assert_eq!(seen, EventType::ALL.iter().copied().filter(|t| t.is_telemetry()).collect());
}

#[test]
fn a_decision_of_every_form_is_read_and_written_as_it_was() {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder("samples/decisions")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2, "before experiments, and since");
    for path in files {
        let json = std::fs::read_to_string(&path).unwrap();
        let read: Decision = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json.trim_end(), "{}", path.display());
    }
}
