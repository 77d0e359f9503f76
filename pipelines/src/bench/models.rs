//! A model's graph through the port that decisions use: how long one row takes, and how many rows of a batch a second of
//! the processor scores. Rows are made up by the types of the inputs.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use weir_scoring::model::{InputColumn, InputValue, Kind, Scorer};

use crate::demo::DemoError;

/// Calls of one row each that are timed.
const CALLS: usize = 10_000;
/// The scheduler counts a thread's time by the tick, so a batch is scored until so many seconds have gone.
const LONG_ENOUGH: f64 = 1.0;

#[derive(Debug, clap::Args)]
pub(crate) struct Models {
    /// The graph
    #[arg(long, value_name = "MODEL.onnx")]
    model: PathBuf,
    /// Rows of the batch
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rows: u32,
    /// What the rows are drawn from
    #[arg(long, default_value_t = 20_260_301)]
    seed: u64,
}

impl Models {
    pub(super) fn measure(&self) -> Result<String, DemoError> {
        let input = |reason: String| DemoError::Input(format!("{}: {reason}", self.model.display()));
        let bytes = std::fs::read(&self.model).map_err(|error| input(error.to_string()))?;
        let scorer = Scorer::load(&bytes).map_err(|error| input(error.to_string()))?;
        let columns = scorer.columns().ok_or_else(|| input("expected inputs of rows of a known width".to_owned()))?;
        let mut chance = fastrand::Rng::with_seed(self.seed);
        let row = |_| columns.iter().map(|column| value(column, &mut chance)).collect();
        let rows: Vec<Vec<InputValue>> = (0..self.rows).map(row).collect();
        let order: Vec<usize> = (0..columns.len()).collect();
        let output = scorer.outputs().len() - 1;
        let score = |rows: &[Vec<InputValue>]| {
            let scored = scorer.scores(output, rows, &order, |scores| {
                black_box(scores);
            });
            scored.map_err(|error| input(error.to_string()))
        };
        score(&rows)?;

        let mut single = Vec::with_capacity(CALLS);
        for row in rows.iter().cycle().take(CALLS) {
            let started = Instant::now();
            score(std::slice::from_ref(row))?;
            single.push(started.elapsed().as_secs_f64() * 1e6);
        }
        single.sort_by(f64::total_cmp);
        let (started, mut scored) = (processor_seconds()?, 0.0);
        while processor_seconds()? - started < LONG_ENOUGH {
            score(&rows)?;
            scored += f64::from(self.rows);
        }
        let way = if scorer.is_compiled() { "compiled" } else { "run by tract" };
        Ok(format!(
            "{} ({way}), {} columns\n  one row{:>16.2} us p50{:>12.2} us p99\n  batch of {}{:>14.0} rows per CPU-second",
            self.model.display(),
            columns.len(),
            single[CALLS / 2],
            single[CALLS * 99 / 100],
            self.rows,
            scored / (processor_seconds()? - started),
        ))
    }
}

fn value(column: &InputColumn, chance: &mut fastrand::Rng) -> InputValue {
    match column.kind {
        Kind::Text => InputValue::Text(chance.alphabetic().to_string()),
        Kind::Float32 | Kind::Float64 | Kind::Int64 | Kind::Int32 | Kind::Int16 | Kind::Bool => {
            InputValue::Number(chance.f32() * 20.0 - 10.0)
        }
    }
}

/// Of this thread.
fn processor_seconds() -> Result<f64, DemoError> {
    let unknown = |reason: String| DemoError::Input(format!("/proc/thread-self/schedstat: {reason}"));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").map_err(|error| unknown(error.to_string()))?;
    let nanoseconds = text.split_whitespace().next().and_then(|first| first.parse::<f64>().ok());
    nanoseconds.map(|nanoseconds| nanoseconds / 1e9).ok_or_else(|| unknown("expected a number".to_owned()))
}
