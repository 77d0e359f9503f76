//! Files of model packages and policies that nobody meant, each in the place of the shipped one: refused in bounded
//! words, or examined and asked, and a decision is the same bytes whatever stands beside its vector.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use weir_expr::{ColumnType, Columns};
use weir_messages::{Decision, EventTime, FeatureValue, FeatureVector, KnownTime, Named, Position};
use weir_scoring::model::{InputKind, Model, Package};
use weir_scoring::{Content, Engine, Policy, gate, one_line};

use crate::blocks::records;

/// Characters of a reason, and something for the words around it.
const MOST_WORDS: usize = 2_000;

/// Package and policy as they ship.
pub(crate) struct Shipped {
    model: Content,
    package: Arc<Package>,
    policy: Content,
    available: Columns,
}

impl Shipped {
    /// `root` is that of the repository.
    pub(crate) fn read(root: &Path) -> Self {
        let model = Content::read_model(&root.join("models/german_credit_scorecard")).unwrap();
        let policy = Content::read_policy(&root.join("models/policies/consumer")).unwrap();
        let package = Package::of(&model).unwrap();
        let inputs = package.manifest().inputs.iter().map(|input| {
            let column = if input.kind == InputKind::Number { ColumnType::Number } else { ColumnType::Text };
            (input.feature.clone(), column)
        });
        let read = READ.iter().map(|(name, column)| ((*name).to_owned(), *column));
        let available = inputs.chain(read).collect();
        Self { model, package: Arc::new(package), policy, available }
    }
}

/// What the shipped policy reads beside the inputs of the model.
const READ: &[(&str, ColumnType)] = &[
    ("applicant__region", ColumnType::Text),
    ("applicant__customer", ColumnType::Text),
    ("applicant__phone", ColumnType::Text),
    ("applicant__device", ColumnType::Text),
    ("applicant__ip", ColumnType::Text),
    ("device_sharing__customers_7d", ColumnType::Integer),
    ("ip_sharing__customers_7d", ColumnType::Integer),
    ("device_trust__devices_7d", ColumnType::Integer),
    ("device_trust__any_emulator", ColumnType::Bool),
    ("device_trust__any_hooked", ColumnType::Bool),
    ("device_trust__any_cloned", ColumnType::Bool),
    ("form_rhythm__last_ms_7d", ColumnType::Integer),
    ("form_rhythm__rhythm_ms_7d", ColumnType::Number),
    ("form_rhythm__pastes_per_field", ColumnType::Number),
    ("carrier_identity__answer_90d", ColumnType::Text),
    ("taps__taps_7d", ColumnType::Integer),
];

/// Each block is a file, in the place that it says.
pub(crate) fn try_out(shipped: &Shipped, bytes: &[u8]) {
    let (mut model, mut policy) = (shipped.model.clone(), shipped.policy.clone());
    for (place, record) in records(bytes) {
        match place.as_str() {
            "model.toml" | "golden.jsonl" | "reference.json" | "edges.jsonl" => {
                model = model.with(&place, record.value)
            }
            "policy.toml" | "lists/customers.csv" => policy = policy.with(&place, record.value),
            _ => {}
        }
    }
    let package = if model == shipped.model {
        Arc::clone(&shipped.package)
    } else {
        let model = hashed(model);
        // The gate measures latency too, which takes long.
        if model.bytes("edges.jsonl").ok() != shipped.model.bytes("edges.jsonl").ok() {
            examine(&model, &shipped.available);
        }
        match Package::of(&model) {
            Ok(package) => Arc::new(package),
            Err(error) => return assert!(!one_line(&error).is_empty()),
        }
    };
    match Policy::load(&policy, &shipped.available) {
        Ok(policy) => {
            if let Ok(engine) = Engine::of(package, Arc::new(policy), &shipped.available) {
                decide(&engine, &shipped.available);
            }
        }
        Err(error) => assert!(policy != shipped.policy, "{error}"),
    }
}

fn examine(model: &Content, available: &Columns) {
    for reason in &gate::examine(model, Some(available)).reasons {
        assert!(reason.len() < MOST_WORDS && !reason.contains(char::is_control), "{reason}");
    }
}

/// With the hashes of its files, so that they are looked into.
fn hashed(content: Content) -> Content {
    let Ok(manifest) = content.text("model.toml") else { return content };
    let hash = |file: &str| hex::encode(Sha256::digest(content.bytes(file).unwrap()));
    let line = |line: &str| match line.split_once(" = ") {
        Some((name @ "onnx_sha256", _)) => format!("{name} = \"{}\"\n", hash("model.onnx")),
        Some((name @ "golden_sha256", _)) => format!("{name} = \"{}\"\n", hash("golden.jsonl")),
        Some(_) | None => format!("{line}\n"),
    };
    let manifest: String = manifest.lines().map(line).collect();
    content.with("model.toml", manifest.into_bytes())
}

fn decide(engine: &Engine, available: &Columns) {
    let vectors: Vec<FeatureVector> = (0..6).map(|at| vector(available, at)).collect();
    let together = engine.decide(vectors.clone());
    assert_eq!(together.len(), vectors.len());
    for (vector, decision) in vectors.into_iter().zip(together) {
        let json = serde_json::to_string(&decision).unwrap();
        assert!(!decision.reasons.is_empty(), "{json}");
        let read: Decision = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let alone = engine.decide(vec![vector]).remove(0);
        assert_eq!(serde_json::to_string(&alone).unwrap(), json);
    }
}

/// Usual values, edges, and nothing at all.
fn vector(available: &Columns, at: usize) -> FeatureVector {
    const NUMBERS: &[f64] = &[30.0, 0.0, -1.0, 1e300, 5e-324];
    const TEXTS: &[&str] = &["DE", "", "own", "no checking account", "tok_k1_00112233445566778899aabbccddeeff"];
    const INTEGERS: &[i64] = &[3, 0, 5, i64::MAX, i64::MIN];
    let mut features = Named::default();
    for (place, (name, column)) in available.iter().enumerate() {
        let at = (at * 7 + place) % 6;
        if at == 5 {
            features.insert(name, FeatureValue::Null);
            continue;
        }
        let value = match column {
            ColumnType::Bool => FeatureValue::Bool(at.is_multiple_of(2)),
            ColumnType::Integer => FeatureValue::Integer(INTEGERS[at]),
            ColumnType::Number => FeatureValue::Number(NUMBERS[at]),
            ColumnType::Text => FeatureValue::Text(TEXTS[at].to_owned()),
            ColumnType::Time => FeatureValue::Null,
        };
        features.insert(name, value);
    }
    FeatureVector {
        application: format!("a{at}").as_str().into(),
        customer: "c1".into(),
        at: EventTime::from_micros(1_767_225_600_000_000),
        known_time: KnownTime::from_micros(1_767_225_600_000_000),
        read_at: Position { partition: 0, offset: 1 },
        parts: Default::default(),
        features,
        missing: Named::default(),
        trace: None,
    }
}
