//! What a call is answered: equal in every form, equal to `weir models score`, and what a decision had in its hands.

use std::io::Write as _;
use std::process::Stdio;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::forest;
use crate::harness::people::{application, registration};
use crate::harness::{self, Site, Weir, output, root, weir};

pub(crate) const LENGTH: &str = "inference-header-content-length";

pub(crate) fn golden() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("models/german_credit/golden.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A column of the rows for each input, as JSON.
pub(crate) fn columns(rows: &[Value]) -> Vec<Value> {
    let column = |name: &String| {
        let data: Vec<&Value> = rows.iter().map(|row| &row[name]).collect();
        let datatype = if data[0].is_string() { "BYTES" } else { "FP32" };
        json!({ "name": name, "shape": [rows.len(), 1], "datatype": datatype, "data": data })
    };
    rows[0].as_object().unwrap().keys().map(column).collect()
}

pub(crate) fn golden_columns() -> Vec<Value> {
    columns(&golden().iter().map(|row| row["input"].clone()).collect::<Vec<_>>())
}

/// The same in binary form: descriptions, and the bytes behind them.
pub(crate) fn binary(tensors: &[Value]) -> (Vec<Value>, Vec<u8>) {
    let mut tail = Vec::new();
    let mut one = |tensor: &Value| {
        let before = tail.len();
        for value in tensor["data"].as_array().unwrap() {
            match value.as_str() {
                Some(text) => {
                    tail.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
                    tail.extend(text.as_bytes());
                }
                #[allow(clippy::cast_possible_truncation, reason = "the model takes float32")]
                None => tail.extend((value.as_f64().unwrap() as f32).to_le_bytes()),
            }
        }
        let mut described = tensor.clone();
        described.as_object_mut().unwrap().remove("data");
        described["parameters"] = json!({ "binary_data_size": tail.len() - before });
        described
    };
    (tensors.iter().map(&mut one).collect(), tail)
}

/// Status, document, and the bytes behind it.
pub(crate) async fn call(weir: &Weir, path: &str, document: &Value, tail: &[u8]) -> (StatusCode, Value, Vec<u8>) {
    let text = document.to_string();
    let mut request = weir.request(Method::POST, path);
    if !tail.is_empty() {
        request = request.header(LENGTH, text.len());
    }
    let response = request.body([text.as_bytes(), tail].concat()).send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.unwrap();
    let length = headers.get(LENGTH).map_or(body.len(), |length| length.to_str().unwrap().parse().unwrap());
    let (document, tail) = body.split_at(length);
    (status, serde_json::from_slice(document).unwrap(), tail.to_vec())
}

pub(crate) const INFER: &str = "/v2/models/german_credit/infer";

fn find<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let outputs = answer["outputs"].as_array().unwrap_or_else(|| panic!("{answer}"));
    outputs.iter().find(|output| output["name"] == name).unwrap_or_else(|| panic!("{answer}"))
}

fn numbers(output: &Value) -> Vec<f64> {
    output["data"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[tokio::test]
async fn every_form_of_a_call_has_the_answer_of_models_score() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let inputs = golden_columns();
    let (status, plain, _) = call(&weir, INFER, &json!({ "id": "a", "inputs": inputs }), b"").await;
    assert_eq!((status, &plain["id"], &plain["model_version"]), (StatusCode::OK, &json!("a"), &json!("1")), "{plain}");
    let mut bare = plain["outputs"].clone();
    let explained = bare[2].as_object_mut().unwrap().remove("parameters").unwrap();
    assert!(explained["columns"].as_str().unwrap().starts_with(r#"["applicant__account_status","#), "{explained}");
    assert_eq!(bare, scored(&inputs));

    let nested: Vec<Value> = inputs.iter().cloned().map(nested).collect();
    let (_, answer, _) = call(&weir, INFER, &json!({ "inputs": nested }), b"").await;
    assert_eq!(answer["outputs"], plain["outputs"]);

    let (described, tail) = binary(&inputs);
    let versioned = "/v2/models/german_credit/versions/1/infer";
    let (_, answer, _) = call(&weir, versioned, &json!({ "inputs": described }), &tail).await;
    assert_eq!(answer["outputs"], plain["outputs"]);

    // Some outputs in binary form, some not, in the order in which they were asked for.
    let wanted =
        json!([{ "name": "probabilities", "parameters": { "binary_data": false } }, { "name": "contributions" }]);
    let asked = json!({ "inputs": described, "outputs": wanted, "parameters": { "binary_data_output": true } });
    let (_, answer, bytes) = call(&weir, INFER, &asked, &tail).await;
    assert_eq!(answer["outputs"][0], *find(&plain, "probabilities"));
    assert_eq!(answer["outputs"][1]["parameters"]["binary_data_size"], bytes.len());
    let floats: Vec<f64> =
        bytes.chunks(4).map(|chunk| f64::from(f32::from_le_bytes(chunk.try_into().unwrap()))).collect();
    assert_eq!(floats, numbers(find(&plain, "contributions")));
    weir.stop();
}

fn nested(mut tensor: Value) -> Value {
    let rows: Vec<Value> = tensor["data"].as_array().unwrap().iter().map(|value| json!([value])).collect();
    tensor["data"] = json!(rows);
    tensor
}

/// What `weir models score` prints, in the protocol's words.
fn scored(inputs: &[Value]) -> Value {
    let words = |mut tensor: Value, from: &str, to: &str, names: &[(&str, &str)]| {
        let tensor_fields = tensor.as_object_mut().unwrap();
        let name = tensor_fields.remove(from).unwrap();
        let word = names.iter().find(|(name_from, _)| name == *name_from).unwrap().1;
        tensor_fields.insert(to.to_owned(), json!(word));
        tensor
    };
    let given: Vec<Value> = inputs
        .iter()
        .map(|tensor| words(tensor.clone(), "datatype", "dtype", &[("FP32", "float32"), ("BYTES", "string")]))
        .collect();
    let mut score = weir();
    score.args(["models", "score"]).arg(root().join("models/german_credit/model.onnx")).args(["--input", "-"]);
    let mut child = score.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(json!({ "inputs": given }).to_string().as_bytes()).unwrap();
    let printed: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    let outputs = printed["outputs"].as_array().unwrap().iter();
    let names = [("float32", "FP32"), ("int64", "INT64"), ("string", "BYTES")];
    outputs.map(|tensor| words(tensor.clone(), "dtype", "datatype", &names)).collect()
}

#[tokio::test]
async fn a_decision_had_the_same_probability_and_contributions() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    let (_, registered) = weir.post("/v1/customers", "r", &registration(1)).await;
    let applied = application(registered["customer"].as_str().unwrap(), 1);
    let request = weir.request(Method::POST, "/v1/applications").header("idempotency-key", "a");
    let (_, applied) = harness::answer(request.header("prefer", "wait=20").json(&applied)).await.unwrap();
    let decision = weir.get(&format!("/v1/decisions/{}", applied["application"].as_str().unwrap())).await;

    let names = golden()[0]["input"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let row: Value = names.iter().map(|name| (name.clone(), decision["vector"]["features"][name].clone())).collect();
    let wanted = json!([{ "name": "probabilities" }, { "name": "contributions" }, { "name": "base" }]);
    let (_, answer, _) = call(&weir, INFER, &json!({ "inputs": columns(&[row]), "outputs": wanted }), b"").await;
    let probability = numbers(find(&answer, "probabilities"))[1];
    let model = &decision["model"];
    assert!((probability - model["probability"].as_f64().unwrap()).abs() <= 1e-6, "{answer} is not {model}");
    let explained = find(&answer, "contributions");
    let columns: Vec<String> = serde_json::from_str(explained["parameters"]["columns"].as_str().unwrap()).unwrap();
    for (feature, contribution) in columns.iter().zip(numbers(explained)) {
        // 40 points double the odds.
        let (points, recorded) = (-contribution * 40.0 / 2_f64.ln(), model["contributions"][feature].as_f64().unwrap());
        assert!((points - recorded).abs() <= 1e-5, "{feature}: {points} is not {recorded}");
    }
    let log_odds = numbers(find(&answer, "base"))[0] + numbers(explained).iter().sum::<f64>();
    assert!((1.0 / (1.0 + (-log_odds).exp()) - probability).abs() <= 1e-5, "{answer}");
    weir.stop();
}

#[tokio::test]
async fn trees_are_explained_on_request_and_by_name() {
    let mut site = Site::new("");
    let package = site.folder.path().join("forest");
    let rows = forest::package(&package);
    harness::set(&mut site.config, "content", "model", package.to_str().unwrap());
    let weir = site.start(&[]).await;
    let told = weir.get("/v2/models/forest").await;
    assert_eq!((&told["inputs"][0]["datatype"], &told["inputs"][0]["shape"]), (&json!("FP32"), &json!([-1, 7])));
    let explained =
        told["outputs"].as_array().unwrap().iter().find(|output| output["name"] == "contributions").unwrap();
    assert_eq!((&explained["shape"], &explained["parameters"]["on_request"]), (&json!([-1, 7]), &json!(true)));
    let columns: Value = serde_json::from_str(explained["parameters"]["columns"].as_str().unwrap()).unwrap();
    assert_eq!(columns, json!(forest::FEATURES));

    let given = json!([{ "name": "X", "shape": [rows.len(), 7], "datatype": "FP32", "data": rows }]);
    let (_, unasked, _) = call(&weir, "/v2/models/forest/infer", &json!({ "inputs": given }), b"").await;
    assert_eq!(unasked["outputs"].as_array().unwrap().len(), 2, "{unasked}");
    let wanted = json!([{ "name": "base" }, { "name": "contributions" }, { "name": "probabilities" }]);
    let asked = json!({ "inputs": given, "outputs": wanted });
    let (_, answer, _) = call(&weir, "/v2/models/forest/infer", &asked, b"").await;
    let (base, contributions) = (numbers(find(&answer, "base")), numbers(find(&answer, "contributions")));
    let probabilities = numbers(find(&answer, "probabilities"));
    for (row, contributions) in contributions.chunks(7).enumerate() {
        let log_odds = base[row] + contributions.iter().sum::<f64>();
        let probability = probabilities[row * 2 + 1];
        assert!((1.0 / (1.0 + (-log_odds).exp()) - probability).abs() <= 1e-5, "{log_odds} is not {probability}");
    }
    weir.stop();
}

#[tokio::test]
async fn health_is_open_to_everybody_and_the_rest_counts_by_model() {
    let site = Site::new("");
    let weir = site.start(&[]).await;
    for (path, status) in [
        ("/v2/health/live", 200),
        ("/v2/health/ready", 200),
        ("/v2", 401),
        ("/v2/models/german_credit", 401),
        ("/v2/models/german_credit/ready", 401),
    ] {
        let response = weir.http.get(format!("{}{path}", weir.base)).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
    assert_eq!(weir.get("/v2/models/german_credit/versions/1/ready").await["ready"], true);
    let index = harness::answer(weir.request(Method::POST, "/v2/repository/index").body("{}")).await.unwrap().1;
    assert_eq!(index, json!([{ "name": "german_credit", "version": "1", "state": "READY", "reason": "" }]));
    call(&weir, INFER, &json!({ "inputs": golden_columns() }), b"").await;
    let page = weir.get("/metrics").await;
    let counted = r#"weir_inference_seconds_count{model="german_credit",version="1"} 1"#;
    assert!(page.as_str().unwrap().contains(counted), "{page}");
    weir.stop();
}

#[test]
fn the_description_names_every_route() {
    let printed = output(weir().arg("openapi")).stdout;
    let described: Value = serde_json::from_slice(&printed).unwrap();
    for path in ["/v2", "/v2/repository/index", "/v2/models/{model}", "/v2/models/{model}/versions/{version}/infer"] {
        assert!(described["paths"].get(path).is_some(), "{path}");
    }
    let parameters = &described["paths"]["/v2/models/{model}/infer"]["post"]["parameters"];
    assert_eq!(parameters.as_array().unwrap().len(), 1, "{parameters}");
}
