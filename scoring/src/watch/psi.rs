//! The population stability index, and the limit beyond which it is no chance. Between shares p of the reference and q of
//! what came it is the sum of (q - p) ln(q / p) over the bins. Where nothing drifts, with N rows of the reference and M that
//! came in B bins, it is distributed as (1/N + 1/M) times chi-square of B - 1 degrees of freedom (Yurdakul and Naranjo 2020,
//! "Statistical properties of the population stability index", Journal of Risk Model Validation 14(4)).

use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::{Column, Counts, Reference};

/// By rule of thumb a smaller index is no drift, however surely it is no chance.
pub const DRIFTING: f64 = 0.1;
/// By the same rule a greater one is a large drift.
pub const LARGE: f64 = 0.25;
/// So often chance alone stays below the limit.
const CONFIDENCE: f64 = 0.999;
/// What an empty bin counts for, where the other side's is not empty.
const HALF_A_ROW: f64 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Steady,
    Drifting,
    LargeDrift,
}

impl Verdict {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Drifting => "drifting",
            Self::LargeDrift => "large drift",
        }
    }
}

/// How far one column is from the reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    pub column: String,
    pub psi: f64,
    /// Beyond it the column drifts: the greater of chance's limit and the rule of thumb's.
    pub limit: f64,
    pub verdict: Verdict,
}

/// Every column in the reference's order; none where nothing came.
#[must_use]
pub fn drift(reference: &Reference, found: &Counts) -> Vec<Drift> {
    if found.rows() == 0 {
        return Vec::new();
    }
    let rows = [reference.rows(), found.rows()];
    reference.columns().iter().zip(found.columns()).map(|(column, found)| of_column(column, found, rows)).collect()
}

fn of_column(column: &Column, found: &[u64], rows: [u64; 2]) -> Drift {
    let (psi, bins) = psi(&column.counts, found);
    let chance = chance(bins, rows);
    let limit = chance.max(DRIFTING);
    let verdict = match psi {
        psi if psi > chance.max(LARGE) => Verdict::LargeDrift,
        psi if psi > limit => Verdict::Drifting,
        _ => Verdict::Steady,
    };
    Drift { column: column.name.clone(), psi, limit, verdict }
}

/// The index, and over how many bins. A bin that is empty on both sides is none; one that is empty on one side counts as half
/// a row there, and shares are of what is counted so: the index stays finite, not negative, and zero for equal shares.
pub(super) fn psi(reference: &[u64], found: &[u64]) -> (f64, usize) {
    let occur = reference.iter().zip(found).filter(|(reference, found)| **reference + **found > 0);
    let bins: Vec<(f64, f64)> = occur.map(|(reference, found)| (smoothed(*reference), smoothed(*found))).collect();
    let (all, came) = bins.iter().fold((0.0, 0.0), |sums, bin| (sums.0 + bin.0, sums.1 + bin.1));
    let term = |(reference, found): &(f64, f64)| {
        let (expected, actual) = (reference / all, found / came);
        (actual - expected) * (actual / expected).ln()
    };
    (bins.iter().map(term).sum(), bins.len())
}

#[allow(clippy::cast_precision_loss, reason = "rows are far fewer than 2^53")]
fn smoothed(count: u64) -> f64 {
    if count == 0 { HALF_A_ROW } else { count as f64 }
}

/// What chance alone stays below.
#[allow(clippy::cast_precision_loss, reason = "rows and bins are far fewer than 2^53")]
pub(super) fn chance(bins: usize, [reference, found]: [u64; 2]) -> f64 {
    let degrees = bins.saturating_sub(1) as f64;
    // Without a second bin there is no degree of freedom, and nothing that could drift.
    let quantile = ChiSquared::new(degrees).map_or(0.0, |distribution| distribution.inverse_cdf(CONFIDENCE));
    (1.0 / reference as f64 + 1.0 / found as f64) * quantile
}
