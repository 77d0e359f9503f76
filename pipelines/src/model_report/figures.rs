//! Everything that the report shows, as `--json` gives it.

use serde::Serialize;
use weir_messages::{Arm, EventTime};
use weir_scoring::watch::{Counts, Drift, Reference, Slice, Verdict, drift};

use super::calibration::{self, Bin};
use super::tally::{Asked, ByOutcome, Pair, SQUARE, Tally};
use crate::discrimination::{Roc, Scored};
use crate::page::words::share;

/// With fewer of one kind, an interval is rough.
const FEW: usize = 30;

#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) decisions: u64,
    /// Records that nobody can read.
    pub(super) unreadable: u64,
    pub(super) first: Option<EventTime>,
    pub(super) last: Option<EventTime>,
    pub(super) models: Vec<Model>,
    pub(super) experiments: Vec<ArmOf>,
    pub(super) shadows: Vec<Beside>,
}

#[derive(Debug, Serialize)]
pub(super) struct Model {
    pub(super) name: String,
    /// Null where it never answered and its package is not known.
    pub(super) version: Option<u32>,
    pub(super) hash: String,
    pub(super) decided: ByOutcome,
    pub(super) asked_as_shadow: u64,
    pub(super) unanswered: u64,
    /// Rows of the reference; null where the package is not known.
    pub(super) reference_rows: Option<u64>,
    pub(super) drift: Vec<Drift>,
    pub(super) columns: Vec<Shares>,
    pub(super) over_time: Vec<Period>,
    pub(super) against_labels: Option<AgainstLabels>,
}

/// A column's bins, with the share of the reference and of what came in each.
#[derive(Debug, Serialize)]
pub(super) struct Shares {
    pub(super) column: String,
    pub(super) bins: Vec<String>,
    pub(super) reference: Vec<f64>,
    pub(super) found: Vec<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Period {
    pub(super) from: EventTime,
    pub(super) to: EventTime,
    pub(super) rows: u64,
    pub(super) drift: Vec<Drift>,
}

#[derive(Debug, Serialize)]
pub(super) struct AgainstLabels {
    pub(super) labelled: usize,
    pub(super) bad: usize,
    /// Fewer than thirty of one kind.
    pub(super) few: bool,
    /// Null where all are of one kind.
    pub(super) auc: Option<f64>,
    pub(super) auc_interval: Option<[f64; 2]>,
    pub(super) ks: Option<f64>,
    pub(super) calibration: Vec<Bin>,
    #[serde(skip)]
    pub(super) roc: Option<Roc>,
}

#[derive(Debug, Serialize)]
pub(super) struct ArmOf {
    pub(super) experiment: String,
    pub(super) arm: Arm,
    pub(super) decided: ByOutcome,
}

/// A shadow's scores beside those of whoever decided, in points.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    pub(super) decider: String,
    pub(super) shadow: String,
    pub(super) rows: u64,
    pub(super) mean_difference: f64,
    pub(super) mean_distance: f64,
    /// Lower corners of squares of 20 points, who decided and the shadow, and how many lie there.
    pub(super) squares: Vec<(i64, i64, u64)>,
}

impl Model {
    pub(super) fn title(&self) -> String {
        named(&self.name, self.version, &self.hash)
    }

    /// The worst of all columns; none where nothing was held against anything.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.drift.iter().map(|one| one.verdict).max()
    }
}

fn named(name: &str, version: Option<u32>, hash: &str) -> String {
    match version {
        Some(version) => format!("{name} version {version}"),
        None => format!("package {}", hash.chars().take(12).collect::<String>()),
    }
}

impl Figures {
    pub(super) fn of(tally: Tally, unreadable: u64) -> Self {
        let Tally { decisions, span, models, arms, pairs } = tally;
        let title = |hash: &String| models.get(hash).map_or(hash.clone(), |one| named(&one.name, one.version, hash));
        let shadows =
            pairs.iter().map(|((decider, shadow), pair)| beside(title(decider), title(shadow), pair)).collect();
        let arm = |((experiment, arm), decided)| ArmOf { experiment, arm, decided };
        let mut models: Vec<Model> = models.into_iter().map(|(hash, asked)| model(hash, &asked)).collect();
        models.sort_by(|one, other| (&one.name, one.version).cmp(&(&other.name, other.version)));
        let (first, last) = span.unzip();
        Self { decisions, unreadable, first, last, models, experiments: arms.into_iter().map(arm).collect(), shadows }
    }
}

fn model(hash: String, asked: &Asked) -> Model {
    let reference = asked.reference.as_deref();
    let total = reference.map(|reference| (reference, asked.slices.total(reference)));
    let period = |slice: &Slice| {
        let drift = reference.map(|reference| drift(reference, &slice.counts)).unwrap_or_default();
        Period { from: slice.from, to: slice.to, rows: slice.counts.rows(), drift }
    };
    Model {
        name: asked.name.clone(),
        version: asked.version,
        hash,
        decided: asked.decided,
        asked_as_shadow: asked.beside,
        unanswered: asked.unanswered,
        reference_rows: reference.map(Reference::rows),
        drift: total.as_ref().map(|(reference, total)| drift(reference, total)).unwrap_or_default(),
        columns: total.as_ref().map(|(reference, total)| shares(reference, total)).unwrap_or_default(),
        over_time: asked.slices.slices().iter().map(period).collect(),
        against_labels: (!asked.scored.is_empty()).then(|| against(&asked.scored)),
    }
}

fn shares(reference: &Reference, found: &Counts) -> Vec<Shares> {
    let of = |counts: &[u64], rows: u64| counts.iter().map(|count| share(*count, rows)).collect();
    let columns = reference.columns().iter().zip(found.columns());
    let shares = columns.map(|(column, counts)| Shares {
        column: column.name.clone(),
        bins: column.bins.names(),
        reference: of(&column.counts, reference.rows()),
        found: of(counts, found.rows()),
    });
    shares.collect()
}

fn against(scored: &[Scored]) -> AgainstLabels {
    let roc = Roc::of(scored);
    let bad = scored.iter().filter(|one| one.is_bad).count();
    AgainstLabels {
        labelled: scored.len(),
        bad,
        few: bad.min(scored.len() - bad) < FEW,
        auc: roc.as_ref().map(Roc::auc),
        auc_interval: roc.as_ref().and_then(Roc::interval),
        ks: roc.as_ref().map(Roc::ks),
        calibration: calibration::bins(scored),
        roc,
    }
}

#[allow(clippy::cast_precision_loss, reason = "points of scores are far fewer than 2^53")]
fn beside(decider: String, shadow: String, pair: &Pair) -> Beside {
    let mean = |sum: i64| sum as f64 / pair.rows.max(1) as f64;
    let square = |((decided, asked), count): (&(i64, i64), &u64)| (decided * SQUARE, asked * SQUARE, *count);
    Beside {
        decider,
        shadow,
        rows: pair.rows,
        mean_difference: mean(pair.difference),
        mean_distance: mean(pair.distance),
        squares: pair.squares.iter().map(square).collect(),
    }
}
