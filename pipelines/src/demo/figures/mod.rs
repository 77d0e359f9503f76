//! Everything that the report shows, computed from what the story saw. Nothing personal is among it.

mod latency;
mod planted;
mod promises;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use weir_lending::api::TrialBalanceLine;
use weir_messages::Outcome;
use weir_money::Money;

pub(crate) use latency::{Latencies, QUANTILES, budget};
#[cfg(test)]
pub(crate) use planted::Caught;
pub(crate) use planted::Planted;
pub(crate) use promises::Promise;

use super::story::{Case, DayEnd, Standing, Told};
use crate::discrimination::{Roc, Scored};

/// One applicant's score, the outcome in the data, and whether the scorecard was trained on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) scored: Scored,
    pub(crate) points: i64,
    pub(crate) trained_on: bool,
}

/// How often a reason was given, and with which outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReasonCount {
    pub(crate) code: String,
    pub(crate) kind: String,
    /// In order of `OUTCOMES`.
    pub(crate) with: [usize; 3],
}

impl ReasonCount {
    pub(crate) fn total(&self) -> usize {
        self.with.iter().sum()
    }
}

pub(crate) const OUTCOMES: [Outcome; 3] = [Outcome::Approve, Outcome::Review, Outcome::Decline];

pub(crate) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Approve => "approve",
        Outcome::Review => "review",
        Outcome::Decline => "decline",
    }
}

/// The figures of one demo.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) applicants: usize,
    pub(crate) seed: u64,
    pub(crate) events: u64,
    pub(crate) streaming: Duration,
    pub(crate) latencies: Latencies,
    pub(crate) fdatasync: Latencies,
    pub(crate) peak_memory: Option<u64>,
    pub(crate) points: Vec<Point>,
    /// In order of `OUTCOMES`: those who paid back, and those who did not.
    pub(crate) outcomes: [[usize; 2]; 3],
    /// Most frequent first.
    pub(crate) reasons: Vec<ReasonCount>,
    pub(crate) degraded: usize,
    /// Approved people and, of these, those whose real loan went bad; of the 300 that the model has not seen.
    pub(crate) approved_unseen: (usize, usize),
    pub(crate) planted: Vec<Planted>,
    pub(crate) days: Vec<DayEnd>,
    pub(crate) loans: BTreeMap<Standing, usize>,
    pub(crate) repayments: usize,
    pub(crate) paid_out: Option<Money>,
    pub(crate) trial_balance: Vec<TrialBalanceLine>,
    pub(crate) promises: Vec<Promise>,
    pub(crate) took: Duration,
}

impl Figures {
    pub(crate) fn of(told: &Told, seed: u64, took: Duration) -> Self {
        let cases = &told.cases;
        let mut loans = BTreeMap::new();
        for lent in cases.iter().filter_map(|case| case.lent.as_ref()) {
            *loans.entry(Standing::of(&lent.at_the_end)).or_default() += 1;
        }
        Self {
            applicants: cases.len(),
            seed,
            events: told.streamed.intake.accepted,
            streaming: told.streamed.took,
            latencies: told.latencies.clone(),
            fdatasync: told.fdatasync.clone(),
            peak_memory: told.peak_memory,
            points: points(cases),
            outcomes: outcomes(cases),
            reasons: reasons(cases),
            degraded: decisions(cases).filter(|(_, decision)| !decision.missing.is_empty()).count(),
            approved_unseen: approved_unseen(cases),
            planted: planted::planted(cases),
            days: told.days.clone(),
            loans,
            repayments: told.repayments,
            paid_out: promises::principal(told),
            trial_balance: told.trial_balance.clone(),
            promises: promises::all(told),
            took,
        }
    }

    pub(crate) fn every_promise_held(&self) -> bool {
        self.promises.iter().all(|promise| promise.held)
    }

    /// Whether decisions took no longer than their limit, at each of `QUANTILES`. What was not measured met nothing.
    pub(crate) fn limits_met(&self) -> [bool; 2] {
        let limit = |quantile| budget(self.fdatasync.quantile(quantile));
        QUANTILES.map(|quantile| self.latencies.count() > 0 && self.latencies.quantile(quantile) <= limit(quantile))
    }

    pub(crate) fn verdict(&self) -> &'static str {
        match (self.every_promise_held(), self.limits_met()) {
            (false, _) => "a promise was broken",
            (true, [true, true]) => "every promise held",
            (true, [_, _]) => "every promise held, but decisions took longer than their limit",
        }
    }

    /// The curve of those whom the scorecard was trained on, or of those it has not seen.
    pub(crate) fn roc(&self, trained_on: bool) -> Option<Roc> {
        Roc::of(&self.scored(trained_on))
    }

    pub(crate) fn scored(&self, trained_on: bool) -> Vec<Scored> {
        self.points.iter().filter(|point| point.trained_on == trained_on).map(|point| point.scored).collect()
    }

    pub(crate) fn events_per_second(&self) -> f64 {
        let events = u32::try_from(self.events).map_or(f64::from(u32::MAX), f64::from);
        events / self.streaming.as_secs_f64().max(1e-9)
    }
}

fn decisions(cases: &[Case]) -> impl Iterator<Item = (&Case, &weir_messages::Decision)> {
    cases.iter().filter_map(|case| Some((case, &case.decision.as_ref()?.decision)))
}

fn points(cases: &[Case]) -> Vec<Point> {
    decisions(cases)
        .filter_map(|(case, decision)| {
            let model = decision.model.as_ref()?;
            let applicant = &case.person.applicant;
            let scored = Scored { probability: model.probability, is_bad: !applicant.paid_back };
            Some(Point { scored, points: model.score, trained_on: applicant.trained_on })
        })
        .collect()
}

fn place(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Approve => 0,
        Outcome::Review => 1,
        Outcome::Decline => 2,
    }
}

fn outcomes(cases: &[Case]) -> [[usize; 2]; 3] {
    let mut counts = [[0; 2]; 3];
    for (case, decision) in decisions(cases) {
        counts[place(decision.outcome)][usize::from(!case.person.applicant.paid_back)] += 1;
    }
    counts
}

fn reasons(cases: &[Case]) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<(&str, &str), [usize; 3]> = BTreeMap::new();
    for (_, decision) in decisions(cases) {
        for reason in &decision.reasons {
            counts.entry((&reason.code, &reason.kind)).or_default()[place(decision.outcome)] += 1;
        }
    }
    let count = |((code, kind), with): ((&str, &str), _)| ReasonCount { code: code.into(), kind: kind.into(), with };
    let mut counts: Vec<_> = counts.into_iter().map(count).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.total()));
    counts
}

fn approved_unseen(cases: &[Case]) -> (usize, usize) {
    let approved: Vec<_> = decisions(cases)
        .filter(|(case, decision)| !case.person.applicant.trained_on && decision.outcome == Outcome::Approve)
        .collect();
    (approved.len(), approved.iter().filter(|(case, _)| !case.person.applicant.paid_back).count())
}
