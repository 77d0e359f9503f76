//! The demo's applicants on the embedded log and on Kafka with PostgreSQL: the same decisions, except where customers
//! raced on a shared device; those are named and counted.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::harness::fleet::{database, server};
use crate::harness::{output, weir};

const APPLICANTS: &str = "200";

/// Tokens are made under each installation's own key, and ids by each run.
const OF_THE_RUN: [&str; 4] = ["applicant__device", "applicant__ip", "applicant__phone", "applicant__customer"];

fn decisions(folder: &Path, name: &str, servers: &[&str]) -> Vec<Value> {
    let out = folder.join(format!("{name}.ndjson"));
    let mut demo = weir();
    demo.args(["demo", "--applicants", APPLICANTS, "--data"]).arg(folder.join(name));
    demo.arg("--report").arg(folder.join(format!("{name}.html"))).arg("--decisions").arg(&out).args(servers);
    output(&mut demo);
    std::fs::read_to_string(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a decision says of its applicant, without what each run makes anew.
fn said(decision: &Value) -> BTreeMap<String, Value> {
    let mut said: BTreeMap<String, Value> =
        ["outcome", "reasons", "offer", "missing"].map(|field| (field.to_owned(), decision[field].clone())).into();
    said.insert("score".to_owned(), decision["model"]["score"].clone());
    let features = decision["vector"]["features"].as_object().unwrap();
    let kept = features.iter().filter(|(name, _)| !OF_THE_RUN.iter().any(|own| name.starts_with(own)));
    said.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
    said
}

#[tokio::test]
async fn the_demos_applicants_are_decided_alike_on_either_log() {
    let test = "topologies";
    let (Some(kafka), Some(postgres)) = (server(test, "WEIR_TEST_KAFKA"), server(test, "WEIR_TEST_POSTGRES")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let database = database(&postgres).await;
    let embedded = decisions(folder.path(), "embedded", &[]);
    let shared = decisions(folder.path(), "servers", &["--kafka", &kafka, "--postgres", &database]);
    assert_eq!(embedded.len(), APPLICANTS.parse::<usize>().unwrap());
    assert_eq!(embedded.len(), shared.len());
    let (mut raced, mut late) = (0, 0);
    for (number, (one, other)) in embedded.iter().zip(&shared).enumerate() {
        let (mut here, mut there) = (said(one), said(other));
        if here == there {
            continue;
        }
        // A model that has no answer in time says something of the machine: then the vectors alone are compared.
        if [&here, &there].iter().any(|said| said["missing"]["score"] == "model_late") {
            late += 1;
            for said in [&mut here, &mut there] {
                said.retain(|name, _| !["outcome", "reasons", "offer", "missing", "score"].contains(&name.as_str()));
            }
            if here == there {
                continue;
            }
        }
        let differ: Vec<_> = here.iter().filter(|(name, value)| there.get(*name) != Some(value)).collect();
        let customers = &one["vector"]["features"]["device_sharing__customers_30d"];
        assert!(customers.as_u64() > Some(1), "applicant {number} shares no device, and yet differs: {differ:?}");
        eprintln!("applicant {number} raced on a device of {customers} customers: {differ:?}");
        raced += 1;
    }
    eprintln!("{raced} of {} applicants raced on a shared device", embedded.len());
    // A ring of six in two hundred.
    assert!(raced <= 6, "more raced than share a device");
    assert!(late <= 20, "{late} models were late: too few decisions are compared");
}
