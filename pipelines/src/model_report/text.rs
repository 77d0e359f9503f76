//! The report in a few lines, for the terminal.

use std::path::Path;

use weir_scoring::watch::{PROBABILITY, Verdict};

use super::figures::{AgainstLabels, Beside, Figures, Model};
use crate::page::words::grouped;

pub(super) fn text(figures: &Figures, page: &Path) -> String {
    let mut lines = vec![format!("{} decisions", grouped(figures.decisions))];
    lines.extend(figures.models.iter().flat_map(model));
    lines.extend(figures.shadows.iter().map(shadow));
    lines.push(format!("Plots: {}", page.display()));
    lines.join("\n")
}

fn model(model: &Model) -> Vec<String> {
    let (decided, asked) = (grouped(model.decided.all()), grouped(model.asked_as_shadow));
    let mut lines = vec![format!("{}: decided {decided}, asked as a shadow {asked}", model.title())];
    lines.push(match model.reference_rows {
        None => "  drift        its package is not known here: nothing to hold them against".to_owned(),
        Some(rows) => format!("  drift        against {} rows: {}", grouped(rows), drifting(model)),
    });
    lines.extend(model.against_labels.as_ref().map(labels));
    lines
}

fn drifting(model: &Model) -> String {
    let answers = model.drift.iter().find(|one| one.column == PROBABILITY);
    let answers = answers.map_or(String::new(), |one| format!("answers {} (PSI {:.3})", one.verdict.name(), one.psi));
    let inputs: Vec<&str> = model
        .drift
        .iter()
        .filter(|one| one.column != PROBABILITY && one.verdict != Verdict::Steady)
        .map(|one| one.column.as_str())
        .collect();
    let inputs = if inputs.is_empty() { "no input drifts".to_owned() } else { inputs.join(", ") + " drift" };
    format!("{answers}; {inputs}")
}

fn labels(against: &AgainstLabels) -> String {
    let AgainstLabels { labelled, bad, auc, auc_interval, ks, few, .. } = against;
    let auc = auc.map_or("-".to_owned(), |auc| format!("{auc:.3}"));
    let [low, high] = auc_interval.map_or(["-".to_owned(), "-".to_owned()], |ends| ends.map(|end| format!("{end:.3}")));
    let ks = ks.map_or("-".to_owned(), |ks| format!("{ks:.3}"));
    let few = if *few { "; few of one kind: only rough" } else { "" };
    format!("  labels       {labelled} with {bad} bad: AUC {auc} ({low} to {high}), KS {ks}{few}")
}

fn shadow(beside: &Beside) -> String {
    let Beside { decider, shadow, rows, mean_difference, mean_distance, .. } = beside;
    format!(
        "{shadow} beside {decider}: {} scores, {mean_difference:+.1} points on average, {mean_distance:.1} away",
        grouped(*rows)
    )
}
