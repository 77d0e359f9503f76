//! Models are watched: people as the model was made on move no gauge and no verdict, others do, column by column; and the
//! report says what became of those who are labelled.

use std::path::{Path, PathBuf};
use std::process::Output;

use futures::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::models::path;
use crate::harness::people::{consents, registration, telemetry};
use crate::harness::{self, Site, Weir, answer, root};

const LATER: &str = "2026-03-09T09:00:00Z";
/// Of the columns of `german_credit.csv`, those that are inputs, in its order.
const INPUTS: [(usize, &str); 18] = [
    (0, "account_status"),
    (1, "term_months"),
    (2, "credit_history"),
    (3, "purpose"),
    (4, "amount"),
    (5, "savings"),
    (6, "employment"),
    (7, "installment_rate"),
    (9, "other_debtors"),
    (10, "residence_since"),
    (11, "property"),
    (12, "age"),
    (13, "other_installment_plans"),
    (14, "housing"),
    (15, "existing_credits"),
    (16, "job"),
    (17, "dependents"),
    (18, "telephone"),
];
const PEOPLE: usize = 128;

/// Some of the shipped model's reference, as people.
fn population() -> Vec<Value> {
    let rows = csv::Reader::from_path(root().join("models/german_credit/german_credit.csv")).unwrap().into_records();
    let person = |row: csv::StringRecord| {
        let value = |text: &str| text.parse::<f64>().map_or_else(|_| json!(text), |number| json!(number));
        let inputs = INPUTS.iter().map(|(at, name)| (format!("applicant__{name}"), value(&row[*at])));
        Value::Object(inputs.collect())
    };
    rows.step_by(7).take(PEOPLE).map(|row| person(row.unwrap())).collect()
}

/// What that row of inputs is as an application; numbers are whole in the data.
fn application(customer: &str, number: u32, row: &Value) -> Value {
    let mut application = harness::people::application(customer, number);
    for (feature, value) in row.as_object().unwrap() {
        let value =
            value.as_f64().map_or(value.clone(), |number| json!(format!("{number:.0}").parse::<i64>().unwrap()));
        match feature.strip_prefix("applicant__").unwrap() {
            "age" => {}
            "amount" => application["amount"] = json!(format!("{value}.00")),
            "term_months" => application["term_months"] = value,
            attribute => application["attributes"][attribute] = value,
        }
    }
    application
}

/// Everybody applies; each application with the number of its row.
async fn all_apply(weir: &Weir, first: u32, people: &[Value]) -> Vec<(String, usize)> {
    let numbers = (first..).zip(people.iter().enumerate());
    let applying = numbers.map(|(number, (place, row))| async move {
        let mut who = registration(number);
        let age: i32 = format!("{:.0}", row["applicant__age"].as_f64().unwrap()).parse().unwrap();
        who["date_of_birth"] = json!(format!("{}-01-15", 2026 - age));
        let (status, body) = weir.post("/v1/customers", &format!("r{number}"), &who).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let customer = body["customer"].as_str().unwrap();
        weir.send_events(&[consents(customer), telemetry(customer, number, 4)].concat()).await;
        let request = weir.request(Method::POST, "/v1/applications").header("idempotency-key", format!("a{number}"));
        let request = request.header("prefer", "wait=20").json(&application(customer, number, row));
        let (status, body) = answer(request).await.unwrap();
        assert!(status == StatusCode::CREATED && body["state"] != "submitted", "{status}: {body}");
        (body["application"].as_str().unwrap().to_owned(), place)
    });
    stream::iter(applying).buffered(8).collect().await
}

/// The gauge of each column.
async fn gauges(weir: &Weir, name: &str) -> Vec<(String, f64)> {
    let page = weir.get("/metrics").await.as_str().unwrap().to_owned();
    let lines = page.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    let read = |line: &str| {
        assert!(line.contains("model=\"german_credit\"") && line.contains("version=\"1\""), "{line}");
        let (_, column) = line.split_once("column=\"").unwrap();
        let value = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        (column.split_once('"').unwrap().0.to_owned(), value)
    };
    lines.map(read).collect()
}

/// Columns whose gauge is above zero.
fn raised(gauges: &[(String, f64)]) -> Vec<&str> {
    gauges.iter().filter(|(_, value)| *value > 0.0).map(|(column, _)| column.as_str()).collect()
}

fn report(site: &Site, arguments: &[&str]) -> Output {
    let mut command = harness::weir();
    command.args(["models", "report", "--out"]).arg(site.folder.path().join("report.html")).args(arguments);
    command.arg("--config").arg(site.write_config()).output().unwrap()
}

fn figures(site: &Site, arguments: &[&str]) -> Value {
    let answered = report(site, &[arguments, &["--json"]].concat());
    assert!(answered.status.success(), "{}", String::from_utf8_lossy(&answered.stderr));
    serde_json::from_slice(&answered.stdout).unwrap()
}

/// Columns that are not steady.
fn drifting(figures: &Value) -> Vec<&str> {
    let columns = figures["models"][0]["drift"].as_array().unwrap().iter();
    columns.filter(|one| one["verdict"] != "steady").map(|one| one["column"].as_str().unwrap()).collect()
}

fn labels(folder: &Path, lines: impl IntoIterator<Item = String>) -> PathBuf {
    let file = folder.join("labels.csv");
    let text: String = std::iter::once("application,bad".to_owned()).chain(lines).map(|line| line + "\n").collect();
    std::fs::write(&file, text).unwrap();
    file
}

fn refused(site: &Site, arguments: &[&str], said: &str) {
    let refused = report(site, arguments);
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert_eq!((refused.status.code(), stderr.lines().count()), (Some(2), 1), "{arguments:?}: {stderr}");
    assert!(stderr.contains(said), "{arguments:?}: {stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_people_do_not_drift_and_others_do_by_column_in_metrics_and_report() {
    let site = Site::new("");
    refused(&site, &[], "nothing was decided here");
    let weir = site.start(&[]).await;
    let people = population();
    let mut applied = all_apply(&weir, 0, &people).await;
    let steady = gauges(&weir, "weir_model_drifting").await;
    assert_eq!((steady.len(), raised(&steady)), (19, Vec::new()), "{:?}", gauges(&weir, "weir_model_psi").await);
    assert!(gauges(&weir, "weir_model_psi_limit").await.iter().all(|(_, limit)| *limit >= 0.1));

    weir.move_clock(LATER).await;
    let housed = |row: &Value| {
        let mut row = row.clone();
        row["applicant__housing"] = json!("for free");
        row
    };
    applied.extend(all_apply(&weir, 10_000, &people.iter().map(housed).collect::<Vec<_>>()).await);
    assert!(raised(&gauges(&weir, "weir_model_drifting").await).contains(&"applicant__housing"));
    refused(&site, &[], "cannot be read while a platform runs on it");
    weir.stop();

    let (before, after) = (figures(&site, &["--until", LATER]), figures(&site, &["--since", LATER]));
    assert_eq!((&before["decisions"], &after["decisions"]), (&json!(PEOPLE), &json!(PEOPLE)));
    assert_eq!((drifting(&before), drifting(&after).contains(&"applicant__housing")), (Vec::new(), true));
    assert_eq!(figures(&site, &[])["models"][0]["reference_rows"], json!(1000));
    refused(&site, &["--since", "2027-01-01T00:00:00Z"], "no decision on record in that time");
    labelled(&site, &applied);
    let page = std::fs::read_to_string(site.folder.path().join("report.html")).unwrap();
    assert!(page.contains("applicant__housing") && page.contains("Calibration of german_credit version 1"));
    for (application, _) in applied {
        assert!(!page.contains(&application), "nothing of any one person");
    }
}

/// A third did not pay back.
fn labelled(site: &Site, applied: &[(String, usize)]) {
    let folder = site.folder.path();
    let line = |(application, place): &(String, usize)| format!("{application},{}", u8::from(place % 3 == 0));
    let good = labels(folder, applied.iter().map(line));
    let against = figures(site, &["--labels", path(&good)])["models"][0]["against_labels"].take();
    assert_eq!((&against["labelled"], &against["bad"]), (&json!(2 * PEOPLE), &json!(86)), "{against}");
    let auc = against["auc"].as_f64().unwrap();
    let interval = [0, 1].map(|end| against["auc_interval"][end].as_f64().unwrap());
    assert!(interval[0] < auc && auc < interval[1] && against["ks"].as_f64().unwrap() > 0.0, "{against}");
    assert_eq!((against["calibration"].as_array().unwrap().len(), &against["few"]), (10, &json!(false)));
    let few = figures(site, &["--labels", path(&labels(folder, applied.iter().take(20).map(line)))]);
    assert_eq!(few["models"][0]["against_labels"]["few"], json!(true));

    let unknown = labels(folder, applied.iter().take(3).map(line).chain(["nobody,1".to_owned()]));
    refused(site, &["--labels", path(&unknown)], "line 5: application: nobody decided on `nobody`");
    let twice = labels(folder, [&applied[0], &applied[0]].map(line));
    refused(site, &["--labels", path(&twice)], "line 3: application: ");
    let wrong = labels(folder, [format!("{},good", applied[0].0)]);
    refused(site, &["--labels", path(&wrong)], "line 2: bad: expected 0 or 1, found `good`");
    refused(site, &["--labels", "nowhere.csv"], "--labels: nowhere.csv");
    let good = labels(folder, applied.iter().map(line));
    figures(site, &["--labels", path(&good)]);
}
