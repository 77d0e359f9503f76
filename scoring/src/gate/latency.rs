//! How long an answer for one row takes, asked as a decision asks for it, and whether that is within the package's deadline.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::model::{InputValue, Model};

const CALLS: usize = 1_000;
/// Of a model that takes long, fewer calls tell as much.
const FEWEST: usize = 20;
const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// In microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    pub p50_us: f64,
    pub p99_us: f64,
    /// With contributions, which reviews and declines ask for.
    pub explained_p99_us: f64,
    pub deadline_ms: u32,
}

impl Latency {
    pub(super) fn reason(&self) -> Option<String> {
        let slowest = self.p99_us.max(self.explained_p99_us);
        let late = slowest > f64::from(self.deadline_ms) * 1e3;
        late.then(|| {
            format!("p99 of one row is {slowest:.0} µs, expected at most `deadline_ms` = {}", self.deadline_ms)
        })
    }
}

pub(super) fn measure(model: &dyn Model, row: &[InputValue]) -> Latency {
    let row = [row.to_vec()];
    let (plain, explained) = (timed(model, &row, false), timed(model, &row, true));
    Latency {
        p50_us: of(&plain, 50),
        p99_us: of(&plain, 99),
        explained_p99_us: of(&explained, 99),
        deadline_ms: model.manifest().deadline_ms,
    }
}

/// Sorted, after one call that warms up.
fn timed(model: &dyn Model, row: &[Vec<InputValue>], contributions: bool) -> Vec<Duration> {
    let ask = || drop(black_box(model.answer(row, contributions)));
    ask();
    let (began, mut took) = (Instant::now(), Vec::with_capacity(CALLS));
    while took.len() < CALLS && (took.len() < FEWEST || began.elapsed() < LONG_ENOUGH) {
        let asked = Instant::now();
        ask();
        took.push(asked.elapsed());
    }
    took.sort_unstable();
    took
}

fn of(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e6
}
