//! Calls of the Open Inference Protocol, one after the other: how long the caller waits for one row and for a batch, in JSON
//! and in binary form. The rows are the shipped scorecard's golden ones, again and again.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Common;
use crate::demo::DemoError;
use crate::demo::figures::Latencies;
use crate::demo::folder::Folder;
use crate::demo::platform::{Platform, content_root};

const GOLDEN: &str = "models/german_credit/golden.jsonl";

#[derive(Debug, clap::Args)]
pub(crate) struct Inference {
    #[command(flatten)]
    common: Common,
    /// Rows of the batch
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=20_000))]
    rows: u16,
}

#[derive(Debug, Deserialize)]
struct Golden {
    input: BTreeMap<String, Value>,
}

/// A body, and how much of it is the document where tensors stand behind it.
struct Call {
    body: Bytes,
    document: Option<usize>,
}

impl Inference {
    pub(super) async fn measure(&self) -> Result<String, DemoError> {
        let Common { seconds, ref data, seed, ref servers } = self.common;
        let path = content_root()?.join(GOLDEN);
        let golden = std::fs::read_to_string(&path).map_err(DemoError::file(&path))?;
        let golden: Vec<Golden> = golden.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let platform = Platform::start(&Folder::prepare(data)?, seed, servers).await?;
        let mut shown = format!("{:24}{:>12}{:>15}{:>10}\n", "open inference protocol", "p50", "p99", "calls");
        for rows in [1, self.rows] {
            for (form, call) in [("json", Call::in_json(&golden, rows)), ("binary", Call::in_binary(&golden, rows))] {
                let (mut latencies, began) = (Latencies::default(), Instant::now());
                while began.elapsed().as_secs() < u64::from(seconds.div_ceil(4)) {
                    let sent = Instant::now();
                    platform.client.infer("german_credit", &call.body, call.document).await?;
                    latencies.record(sent.elapsed());
                }
                let [p50, p99] = [0.5, 0.99].map(|quantile| latencies.quantile(quantile).as_secs_f64() * 1e3);
                let what = format!("{rows} in {form}");
                shown += &format!("  {what:22}{p50:>9.3} ms{p99:>12.3} ms{:>10}\n", latencies.count());
            }
        }
        platform.stop().await?;
        Ok(shown)
    }
}

impl Call {
    fn in_json(golden: &[Golden], rows: u16) -> Self {
        let columns = columns(golden, rows).into_iter().map(
            |(name, column)| json!({ "name": name, "datatype": datatype(&column), "shape": [rows, 1], "data": column }),
        );
        let document = json!({ "inputs": columns.collect::<Vec<_>>() });
        Self { body: document.to_string().into(), document: None }
    }

    fn in_binary(golden: &[Golden], rows: u16) -> Self {
        let mut tail = Vec::new();
        let columns = columns(golden, rows).into_iter().map(|(name, column)| {
            let before = tail.len();
            column.iter().for_each(|value| push(value, &mut tail));
            let size = json!({ "binary_data_size": tail.len() - before });
            json!({ "name": name, "datatype": datatype(&column), "shape": [rows, 1], "parameters": size })
        });
        let columns: Vec<Value> = columns.collect();
        let document = json!({ "inputs": columns, "parameters": { "binary_data_output": true } }).to_string();
        let length = document.len();
        Self { body: [document.as_bytes(), &tail].concat().into(), document: Some(length) }
    }
}

fn columns(golden: &[Golden], rows: u16) -> Vec<(&String, Vec<&Value>)> {
    let names = golden.first().map(|row| row.input.keys()).into_iter().flatten();
    let column = |name| golden.iter().cycle().take(rows.into()).map(|row| &row.input[name]).collect();
    names.map(|name| (name, column(name))).collect()
}

fn datatype(column: &[&Value]) -> &'static str {
    if column.iter().all(|value| value.is_string()) { "BYTES" } else { "FP32" }
}

#[allow(clippy::cast_possible_truncation, reason = "the model takes float32, and its texts are short")]
fn push(value: &Value, bytes: &mut Vec<u8>) {
    match value.as_str() {
        Some(text) => {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        None => bytes.extend((value.as_f64().unwrap_or(f64::NAN) as f32).to_le_bytes()),
    }
}
