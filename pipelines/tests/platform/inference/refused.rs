//! What is refused: by status, and in the protocol's words, which name the field, what was expected and what was found. The
//! server goes on.

use std::io::Write as _;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::answered::{INFER, LENGTH, binary, call, golden_columns};
use crate::harness::{self, Site, Weir};

/// The golden rows' call with one of its tensors changed.
fn changed(name: &str, change: impl Fn(&mut Value)) -> Value {
    let mut inputs = golden_columns();
    change(inputs.iter_mut().find(|input| input["name"] == name).unwrap());
    json!({ "inputs": inputs })
}

fn with(field: &str, value: Value) -> Value {
    changed("applicant__age", |tensor| tensor[field] = value.clone())
}

async fn refused(weir: &Weir, document: &Value, tail: &[u8], words: &str) {
    let (status, answer, _) = call(weir, INFER, document, tail).await;
    let told = answer["error"].as_str().unwrap_or_else(|| panic!("{status} {answer}"));
    assert!(status.is_client_error() && told.contains(words), "{status} {told}\nexpected `{words}`");
}

#[tokio::test]
async fn a_call_that_does_not_fit_is_told_what_was_expected_and_found() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let rows = golden_columns()[0]["shape"][0].as_u64().unwrap();
    let numbers = |count: u64| json!(vec![1.5; usize::try_from(count).unwrap()]);
    let all = golden_columns();
    let twice = [all.clone(), vec![all[0].clone()]].concat();
    let outputs = |wanted: Value| json!({ "inputs": golden_columns(), "outputs": wanted });
    for (document, words) in [
        (json!([]), "expected"),
        (json!({}), "inputs"),
        (json!({ "inputs": [] }), "expected a tensor, found none"),
        (json!({ "inputs": all[1..] }), "expected a tensor, found none"),
        (json!({ "inputs": twice }), "expected once, found twice"),
        (json!({ "inputs": all, "id": 7 }), "id"),
        (with("name", json!("applicant__years")), "found `applicant__years`"),
        (with("datatype", json!("FP64")), "input `applicant__age`: datatype: expected FP32, found `FP64`"),
        (with("datatype", json!("FP16")), "input `applicant__age`: datatype: expected FP32, found `FP16`"),
        (with("shape", json!([rows])), "shape: expected ["),
        (with("shape", json!([rows, 2])), "shape: expected"),
        (with("shape", json!([rows - 1, 1])), "shape: expected"),
        (with("shape", json!([-1, 1])), "shape"),
        (with("shape", json!([u64::MAX, u64::MAX])), "shape: expected"),
        (with("data", numbers(rows + 1)), "elements, flat or nested as"),
        (with("data", json!([])), "elements, flat or nested as"),
        (with("data", json!([[1.0], [2.0, 3.0]])), "found ragged lists"),
        (with("data", json!([[1.0], 2.0])), "found ragged lists"),
        (with("data", json!(["x"])), "expected a value of FP32 as element 0, found another"),
        (with("data", json!([1e39])), "expected a value of FP32 as element 0, found another"),
        (with("data", json!({})), "expected a list of values"),
        (with("data", Value::Null), "expected `data` or the parameter `binary_data_size`, found neither"),
        (with("parameters", json!({ "shared_memory_region": "r" })), "`shared_memory_region` is not supported"),
        (with("parameters", json!({ "binary_data_size": 4 })), "expected at most 0 bytes, found 4"),
        (outputs(json!([{ "name": "odds" }])), "found `odds`"),
        (outputs(json!([{ "name": "label" }, { "name": "label" }])), "output `label`: expected once, found twice"),
        (outputs(json!([{ "name": "label", "parameters": { "classification": 2 } }])), "`classification`"),
        (json!({ "inputs": golden_columns(), "parameters": { "sequence_id": 3 } }), "parameters.sequence_id"),
    ] {
        refused(&weir, &document, b"", words).await;
    }
    let text = |value: Value| changed("applicant__housing", |tensor| tensor["data"] = value.clone());
    refused(&weir, &text(json!([1])), b"", "expected a value of BYTES as element 0, found another").await;
    answers(&weir).await;
    weir.stop();
}

#[tokio::test]
async fn bytes_behind_a_document_are_counted() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let (described, tail) = binary(&golden_columns());
    let document = json!({ "inputs": described });
    refused(&weir, &document, &tail[..tail.len() - 1], "`binary_data_size`: expected at most").await;
    refused(&weir, &document, &[&tail[..], b"x"].concat(), "expected no bytes behind the tensors, found 1").await;
    refused(&weir, &document, b"", "`binary_data_size`: expected at most 0 bytes").await;

    let text = described.iter().position(|tensor| tensor["datatype"] == "BYTES").unwrap();
    let size = |tensor: &Value| usize::try_from(tensor["parameters"]["binary_data_size"].as_u64().unwrap()).unwrap();
    let start: usize = described[..text].iter().map(size).sum();
    let mut long = tail.clone();
    long[start..start + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(&weir, &document, &long, "expected 4294967295 bytes of text 0").await;
    let mut latin = tail.clone();
    latin[start + 4] = 0xe9;
    refused(&weir, &document, &latin, "expected UTF-8 in text 0").await;

    for (length, words) in [("99999999", "expected at most"), ("-1", "expected a number of bytes"), ("x", LENGTH)] {
        let request = weir.request(Method::POST, INFER).header(LENGTH, length).body(document.to_string());
        let (status, answer) = harness::answer(request).await.unwrap();
        assert!(status == 400 && answer["error"].as_str().unwrap().contains(words), "{status} {answer}");
    }
    answers(&weir).await;
    weir.stop();
}

#[tokio::test]
async fn whoever_asks_for_what_is_not_there_is_told_so_in_the_protocols_words() {
    let mut site = Site::new("");
    harness::set(&mut site.config, "server", "max_body", 100_000);
    let mut weir = site.start(&[]).await;
    // A body that is refused before its end takes its connection with it: no other request may be on it.
    weir.http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let nobody = weir.http.get(format!("{}/v2/models/german_credit", weir.base));
    for (request, status, words) in [
        (nobody, 401, "Authorization"),
        (weir.request(Method::GET, "/v2/models/nobody"), 404, "expected german_credit, found `nobody`"),
        (weir.request(Method::GET, "/v2/models/german_credit/versions/7"), 404, "expected version 1, found `7`"),
        (weir.request(Method::POST, "/v2/models/nobody/infer").body("{}"), 404, "found `nobody`"),
        (weir.request(Method::GET, "/v2/models/german_credit/stats"), 404, "route"),
        (weir.request(Method::GET, INFER), 405, "method"),
        (weir.request(Method::POST, INFER).body("{"), 400, "EOF"),
        (
            weir.request(Method::POST, INFER).header("content-encoding", "br").body("x"),
            415,
            "expected gzip, deflate, zstd",
        ),
        (weir.request(Method::POST, INFER).header("content-encoding", "gzip").body("x"), 400, "does not decompress"),
        (weir.request(Method::POST, INFER).header("content-encoding", "gzip").body(bomb()), 413, "larger"),
        (weir.request(Method::POST, INFER).body(vec![b' '; 200_000]), 413, "larger"),
    ] {
        let asked = format!("{request:?}");
        let (found, answer) = harness::answer(request).await.unwrap();
        let told = answer["error"].as_str().unwrap_or_else(|| panic!("{asked}: {found} {answer}"));
        assert!(found.as_u16() == status && told.contains(words), "{asked}: {found} {told}");
    }
    answers(&weir).await;
    weir.stop();
}

/// 64 MiB of blanks.
fn bomb() -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..64).for_each(|_| gzip.write_all(&vec![b' '; 1 << 20]).unwrap());
    gzip.finish().unwrap()
}

#[tokio::test]
async fn a_batch_has_at_most_so_many_rows() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let inputs: Vec<Value> = golden_columns()
        .into_iter()
        .map(|mut tensor| {
            tensor["shape"] = json!([20_001, 1]);
            tensor["data"] = json!([]);
            tensor
        })
        .collect();
    refused(&weir, &json!({ "inputs": inputs }), b"", "shape: expected at most 20000 rows, found 20001").await;
    let (status, answer, _) = call(&weir, INFER, &json!({ "inputs": none(&inputs) }), b"").await;
    assert_eq!((status, &answer["outputs"][0]["shape"][0]), (StatusCode::OK, &json!(0)), "{answer}");
    weir.stop();
}

/// No row at all, which is an answer of none.
fn none(inputs: &[Value]) -> Vec<Value> {
    let none = |tensor: &Value| {
        let mut tensor = tensor.clone();
        tensor["shape"] = json!([0, 1]);
        tensor
    };
    inputs.iter().map(none).collect()
}

async fn answers(weir: &Weir) {
    let (status, answer, _) = call(weir, INFER, &json!({ "inputs": golden_columns() }), b"").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}
