//! The clients that people have: Triton's from Python, and MLServer's batch client, both unchanged.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::answered::golden;
use crate::harness::{Site, output, root};

/// The interpreter that has the clients; without one the test is skipped aloud, and with `REQUIRE_SERVICES=1` fails.
fn python(test: &str) -> Option<PathBuf> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/platform/inference/python");
    let set_up = Command::new(root().join("scripts/python-clients")).arg(folder).output().unwrap();
    if set_up.status.success() {
        return Some(String::from_utf8(set_up.stdout).unwrap().trim().into());
    }
    skip(test, &String::from_utf8_lossy(&set_up.stderr));
    None
}

fn skip(test: &str, why: &str) {
    assert!(std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"), "{test}: {why}");
    // Past the capture of tests' output, which would keep it from whoever runs them.
    std::io::stderr().write_all(format!("SKIPPED: {test} ({why})\n").as_bytes()).unwrap();
}

#[tokio::test]
async fn tritons_clients_find_what_onnx_runtime_gave() {
    let Some(python) = python("tritons_clients_find_what_onnx_runtime_gave") else { return };
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let script =
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/platform/inference/python/ask.py");
    let mut ask = Command::new(python);
    ask.arg(script).arg(weir.base.trim_start_matches("http://")).arg(&weir.token);
    output(ask.arg(root().join("models/german_credit")));
    weir.stop();
}

#[tokio::test]
async fn mlservers_batch_client_finds_what_onnx_runtime_gave() {
    let test = "mlservers_batch_client_finds_what_onnx_runtime_gave";
    let Some(python) = python(test) else { return };
    let mlserver = python.with_file_name("mlserver");
    if !mlserver.exists() {
        return skip(test, "MLServer is not made for this Python");
    }
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let (calls, answers) = (site.folder.path().join("calls.ndjson"), site.folder.path().join("answers.ndjson"));
    let lines: Vec<String> = golden().iter().map(|row| call(row).to_string()).collect();
    std::fs::write(&calls, lines.join("\n") + "\n").unwrap();
    for binary in [&["--binary-data"][..], &[]] {
        let mut infer = Command::new(&mlserver);
        infer.args(["infer", "--model-name", "german_credit", "--batch-size", "5", "--workers", "2"]).args(binary);
        infer.arg("--url").arg(weir.base.trim_start_matches("http://")).arg("--input-data-path").arg(&calls);
        infer.arg("--output-data-path").arg(&answers);
        output(infer.arg("--request-headers").arg(format!("Authorization: Bearer {}", weir.token)));
        let answers = std::fs::read_to_string(&answers).unwrap();
        let answers = answers.lines().map(|line| serde_json::from_str(line).unwrap());
        let mut found: Vec<(usize, f64)> = answers.map(|answer| probability(&answer)).collect();
        found.sort_by_key(|(at, _)| *at);
        assert_eq!(found.len(), golden().len());
        for (row, (_, found)) in golden().iter().zip(found) {
            let expected = row["onnxruntime"]["probability"].as_f64().unwrap();
            assert!((found - expected).abs() <= 1e-6, "{found} is not {expected}");
        }
    }
    weir.stop();
}

/// One golden row as MLServer writes a call.
fn call(row: &Value) -> Value {
    let input = |(name, value): (&String, &Value)| {
        let datatype = if value.is_string() { "BYTES" } else { "FP32" };
        json!({ "name": name, "shape": [1, 1], "datatype": datatype, "data": [value] })
    };
    json!({ "inputs": row["input"].as_object().unwrap().iter().map(input).collect::<Vec<_>>() })
}

/// Which of the calls was answered, and with what.
fn probability(answer: &Value) -> (usize, f64) {
    let at = answer["parameters"]["batch_index"].as_u64().unwrap_or_else(|| panic!("{answer}"));
    let outputs = answer["outputs"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let output = outputs.iter().find(|output| output["name"] == "probabilities").unwrap();
    (usize::try_from(at).unwrap(), output["data"][1].as_f64().unwrap())
}
