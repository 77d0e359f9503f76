//! The report as one HTML page.

use weir_scoring::watch::{DRIFTING, Drift, LARGE, PROBABILITY, Verdict};

use super::charts;
use super::figures::{AgainstLabels, Beside, Figures, Model, Shares};
use super::tally::ByOutcome;
use crate::page::words::{escaped, grouped, share};
use crate::page::{PlotError, html, mark, plotted, table, tiles};

/// Inputs whose bins are shown.
const SHOWN: usize = 6;

pub(super) fn page(figures: &Figures) -> Result<String, PlotError> {
    let mut body = vec![head(figures), models(figures)];
    body.push(outcomes(figures)?);
    for model in &figures.models {
        body.push(drift(model)?);
    }
    body.push(arms(figures));
    for beside in &figures.shadows {
        body.push(shadow(beside)?);
    }
    let title = format!("Models: {} decisions", grouped(figures.decisions));
    let note = match figures.unreadable {
        0 => String::new(),
        records => format!("{} records could not be read.", grouped(records)),
    };
    Ok(html(&title, &body, &note))
}

fn head(figures: &Figures) -> String {
    let time = |time: Option<weir_messages::EventTime>| time.map_or("-".to_owned(), |time| time.date().to_string());
    let worst = figures.models.iter().filter_map(Model::verdict).max().map_or("not known", Verdict::name);
    let labelled = figures.models.iter().filter_map(|model| Some(model.against_labels.as_ref()?.labelled)).max();
    tiles([
        (grouped(figures.decisions), "decisions"),
        (time(figures.first), "the first, UTC"),
        (time(figures.last), "the last, UTC"),
        (worst.to_owned(), "the worst drift"),
        (labelled.map_or("none".to_owned(), |labelled| labelled.to_string()), "labelled"),
    ])
}

fn models(figures: &Figures) -> String {
    let row = |model: &Model| {
        let reference = model.reference_rows.map_or("not known here".to_owned(), grouped);
        let verdict = model.verdict().map_or("-".to_owned(), marked);
        let mut row = vec![escaped(&model.title()), verdict, reference, grouped(model.decided.all())];
        row.extend(shares(&model.decided));
        row.extend([grouped(model.asked_as_shadow), grouped(model.unanswered)]);
        row
    };
    let heads = [
        "model",
        "drift",
        "rows of its reference",
        "decided",
        "approve",
        "review",
        "decline",
        "as a shadow",
        "without a score",
    ];
    format!("<h2>Models</h2>\n{}", table(&heads, 2, figures.models.iter().map(row)))
}

fn shares(decided: &ByOutcome) -> [String; 3] {
    let of = |part| format!("{:.1} %", 100.0 * share(part, decided.all()));
    [of(decided.approve), of(decided.review), of(decided.decline)]
}

fn marked(verdict: Verdict) -> String {
    mark(verdict == Verdict::Steady, verdict.name())
}

fn drift(model: &Model) -> Result<String, PlotError> {
    let Some(rows) = model.reference_rows else { return Ok(String::new()) };
    let mut sorted: Vec<&Drift> = model.drift.iter().filter(|one| one.column != PROBABILITY).collect();
    sorted.sort_by(|one, other| (other.psi / other.limit).total_cmp(&(one.psi / one.limit)));
    let probability = model.drift.iter().find(|one| one.column == PROBABILITY);
    let row = |one: &Drift| {
        vec![escaped(&one.column), marked(one.verdict), format!("{:.3}", one.psi), format!("{:.3}", one.limit)]
    };
    let heads = ["column", "", "PSI", "limit"];
    let rows_of_table = probability.into_iter().chain(sorted.iter().copied()).map(row);
    let mut parts = vec![
        format!("<h2>Drift of {}</h2>\n", escaped(&model.title())),
        format!(
            "<p>Against the {} rows of its reference. A column drifts when its population stability index is beyond what chance \
             reaches once in a thousand times with so many rows, and beyond {DRIFTING}; a large drift is beyond {LARGE} too.</p>\n",
            grouped(rows)
        ),
        "<div class=\"pair\">\n".to_owned(),
    ];
    let columns = |name: &str| model.columns.iter().find(|shares| shares.column == name);
    if let Some(shares) = columns(PROBABILITY) {
        parts.push(plotted(&charts::bins(shares)?, "What it answered: the probability of default."));
    }
    let watched: Vec<&str> =
        std::iter::once(PROBABILITY).chain(sorted.iter().take(2).map(|one| one.column.as_str())).collect();
    let caption = "The index over time, in slices of as many decisions each; dashed is the limit of the answers.";
    parts.push(plotted(&charts::over_time(&model.over_time, &watched)?, caption));
    parts.push("</div>\n".to_owned());
    parts.push(table(&heads, 2, rows_of_table));
    parts.push("<h2>The inputs that moved most</h2>\n<div class=\"pair\">\n".to_owned());
    for shares in sorted.iter().take(SHOWN).filter_map(|one| columns(&one.column)) {
        parts.push(input(shares)?);
    }
    parts.push("</div>\n".to_owned());
    Ok(parts.concat())
}

fn input(shares: &Shares) -> Result<String, PlotError> {
    Ok(plotted(&charts::bins(shares)?, &shares.column))
}

/// With labels: who was told from whom, and whether probabilities are true.
fn outcomes(figures: &Figures) -> Result<String, PlotError> {
    let labelled: Vec<(&Model, &AgainstLabels)> =
        figures.models.iter().filter_map(|model| Some((model, model.against_labels.as_ref()?))).collect();
    if labelled.is_empty() {
        return Ok(String::new());
    }
    let three = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let row = |(model, against): &(&Model, &AgainstLabels)| {
        let interval = against.auc_interval.map_or("-".to_owned(), |[low, high]| format!("{low:.3} to {high:.3}"));
        let few = if against.few { "fewer than 30 of one kind" } else { "" };
        let counts = [against.labelled, against.bad].map(|count| count.to_string());
        let [people, bad] = counts;
        vec![escaped(&model.title()), few.to_owned(), people, bad, three(against.auc), interval, three(against.ks)]
    };
    let heads = ["model", "", "labelled", "bad", "AUC", "95 % (DeLong)", "KS"];
    let mut parts = vec![
        "<h2>Against what became of them</h2>\n".to_owned(),
        table(&heads, 2, labelled.iter().map(row)),
        "<div class=\"pair\">\n".to_owned(),
        plotted(&charts::roc(&labelled)?, "ROC: at each probability, the share of good and of bad ones turned away."),
    ];
    for (model, against) in &labelled {
        let caption = format!(
            "Calibration of {}: what it said, and the share that went bad with 95 % (Wilson), by tenths of the labelled.",
            model.title()
        );
        parts.push(plotted(&charts::calibration(&against.calibration)?, &caption));
    }
    parts.push("</div>\n".to_owned());
    Ok(parts.concat())
}

fn arms(figures: &Figures) -> String {
    if figures.experiments.is_empty() {
        return String::new();
    }
    let rows = figures.experiments.iter().map(|one| {
        let arm = match one.arm {
            weir_messages::Arm::Champion => "champion",
            weir_messages::Arm::Challenger => "challenger",
        };
        let mut row = vec![escaped(&one.experiment), arm.to_owned(), grouped(one.decided.all())];
        row.extend(shares(&one.decided));
        row.extend([grouped(one.decided.labelled), grouped(one.decided.bad)]);
        row
    });
    let heads = ["experiment", "arm", "decided", "approve", "review", "decline", "labelled", "bad"];
    format!("<h2>Experiments</h2>\n{}", table(&heads, 2, rows))
}

fn shadow(beside: &Beside) -> Result<String, PlotError> {
    let Beside { decider, shadow, rows, mean_difference, mean_distance, .. } = beside;
    Ok([
        format!("<h2>{} beside {}</h2>\n", escaped(shadow), escaped(decider)),
        format!(
            "<p>{} applications have both scores. The shadow's is {mean_difference:+.1} points from the other on average, and \
             {mean_distance:.1} points away in either direction.</p>\n<div class=\"pair\">\n",
            grouped(*rows)
        ),
        plotted(&charts::squares(&beside.squares)?, "Both scores, in squares of 20 points; on the line they agree."),
        "</div>\n".to_owned(),
    ]
    .concat())
}
