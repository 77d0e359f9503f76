//! The report as one HTML page.

use super::super::DemoError;
use super::super::figures::{Figures, OUTCOMES, QUANTILES, budget, outcome_name};
use super::{HONESTLY, charts};
use crate::discrimination::Roc;
use crate::page::words::{count, escaped, grouped, mebibytes, millis, percent, rounded, seconds};
use crate::page::{html, mark, plotted, table};

pub(crate) fn page(figures: &Figures) -> Result<String, DemoError> {
    let title = format!("Weir demo: {} applicants, {}", count(figures.applicants), figures.verdict());
    let body = [
        format!("<p class=\"note\">{}</p>\n", escaped(HONESTLY)),
        tiles(figures),
        promises(figures),
        decisions(figures)?,
        discrimination(figures)?,
        planted(figures),
        speed(figures)?,
        loans(figures)?,
        books(figures),
    ];
    Ok(html(&title, &body, &format!("Seed {}. Took {}.", figures.seed, seconds(figures.took))))
}

fn tiles(figures: &Figures) -> String {
    let decided: usize = figures.outcomes.iter().flatten().sum();
    let [[good, bad], ..] = figures.outcomes;
    let auc = figures.roc(false).map_or_else(|| "-".to_owned(), |roc| format!("{:.3}", roc.auc()));
    let tiles = [
        (percent(good + bad, decided), "approved"),
        (auc, "AUC on those the model has not seen"),
        (millis(figures.latencies.quantile(0.5)), "decision latency, p50"),
        (millis(figures.latencies.quantile(0.99)), "decision latency, p99"),
        (rounded(figures.events_per_second()), "events a second, durable when answered"),
        (mebibytes(figures.peak_memory), "most memory resident"),
    ];
    crate::page::tiles(tiles)
}

fn promises(figures: &Figures) -> String {
    let rows = figures.promises.iter().map(|promise| {
        let mark = mark(promise.held, if promise.held { "held" } else { "broken" });
        vec![mark, escaped(promise.text), escaped(&promise.found)]
    });
    format!("<h2>Promises</h2>\n{}", table(&["", "promise", "counted"], 3, rows))
}

fn decisions(figures: &Figures) -> Result<String, DemoError> {
    let rows = OUTCOMES.into_iter().zip(figures.outcomes).map(|(outcome, [good, bad])| {
        let share = percent(good + bad, figures.applicants);
        vec![outcome_name(outcome).to_owned(), count(good + bad), share, count(good), count(bad)]
    });
    let heads = ["outcome", "people", "share", "really paid back", "really went bad"];
    Ok([
        "<h2>Decisions</h2>\n".to_owned(),
        plotted(&charts::outcomes(figures)?, "People by decision, and what really became of their loans."),
        table(&heads, 1, rows),
        format!("<p class=\"faint\">In {} decisions some input was missing.</p>\n", count(figures.degraded)),
        "<h2>Reasons</h2>\n".to_owned(),
        plotted(&charts::reasons(figures)?, "Decisions that carry each reason; a decision may carry several."),
    ]
    .concat())
}

fn discrimination(figures: &Figures) -> Result<String, DemoError> {
    let row = |(name, trained_on): (&str, bool)| {
        let figure = |of: fn(&Roc) -> f64| {
            figures.roc(trained_on).map_or_else(|| "-".to_owned(), |roc| format!("{:.3}", of(&roc)))
        };
        let (auc, ks) = (figure(Roc::auc), figure(Roc::ks));
        vec![name.to_owned(), count(figures.scored(trained_on).len()), auc, ks]
    };
    let rows = [("not seen by the model", false), ("trained on (optimistic)", true)].map(row);
    let ((approved, bad), unseen) = (figures.approved_unseen, figures.scored(false));
    let all_bad = percent(unseen.iter().filter(|one| one.is_bad).count(), unseen.len());
    let score = "Score of those the model has not seen, as shares of the good and of the bad. Higher is better.";
    Ok([
        "<h2>The score against the real outcome</h2>\n<div class=\"pair\">\n".to_owned(),
        plotted(&charts::scores(figures)?, score),
        plotted(&charts::roc(figures)?, "ROC: at each score, the share of good and of bad ones turned away."),
        "</div>\n".to_owned(),
        table(&["applicants", "people", "AUC", "KS"], 1, rows),
        format!(
            "<p>Of the unseen, {} were approved and {} of these went bad; of all unseen {all_bad} did.</p>\n",
            count(approved),
            percent(bad, approved)
        ),
    ]
    .concat())
}

fn planted(figures: &Figures) -> String {
    let rows = figures.planted.iter().map(|group| {
        let rules: Vec<_> =
            group.caught.rules.iter().map(|(rule, times)| format!("{} {times}", escaped(rule))).collect();
        vec![escaped(&group.name), rules.join(", "), count(group.people), count(group.caught.people)]
    });
    format!(
        "<h2>Planted frauds</h2>\n<p>Rings share a device and an address; bots fill forms in an instant. Caught means: \
         not approved, and a rule was hit that reads more than what the applicant declared.</p>\n{}",
        table(&["group", "by", "people", "caught"], 2, rows)
    )
}

fn speed(figures: &Figures) -> Result<String, DemoError> {
    let (decision, sync) = (&figures.latencies, &figures.fdatasync);
    let row = |name: &str, times: [_; 2]| [vec![name.to_owned()], times.map(millis).to_vec()].concat();
    let verdict = figures.limits_met().map(|met| mark(met, if met { "met" } else { "not met" }));
    let rows = [
        row("decision, at 200 applications a second", QUANTILES.map(|quantile| decision.quantile(quantile))),
        row("one fdatasync of the same disk, meanwhile", QUANTILES.map(|quantile| sync.quantile(quantile))),
        row("limit: 4 x fdatasync + 2 ms", QUANTILES.map(|quantile| budget(sync.quantile(quantile)))),
        [vec![String::new()], verdict.to_vec()].concat(),
    ];
    let caption =
        "Time from sending an application to its decision, beside one fdatasync measured in the same seconds.";
    Ok([
        "<h2>Speed</h2>\n".to_owned(),
        plotted(&charts::latency(figures)?, caption),
        table(&["", "p50", "p99"], 1, rows),
        format!(
            "<p>{} events in {}: {} a second. The collector answers after the log has them durably.</p>\n",
            grouped(figures.events),
            seconds(figures.streaming),
            rounded(figures.events_per_second())
        ),
    ]
    .concat())
}

fn loans(figures: &Figures) -> Result<String, DemoError> {
    let all = figures.loans.values().sum();
    let rows = figures
        .loans
        .iter()
        .map(|(standing, loans)| vec![standing.name().to_owned(), count(*loans), percent(*loans, all)]);
    let paid_out = figures.paid_out.map_or_else(|| "Nothing".to_owned(), |money| money.to_string());
    Ok([
        "<h2>Loans</h2>\n".to_owned(),
        plotted(&charts::calendar(figures)?, "Loans by where they stood, month by month on the simulated calendar."),
        table(&["at the end", "loans", "share"], 1, rows),
        format!("<p>{paid_out} paid out, {} repayments.</p>\n", count(figures.repayments)),
    ]
    .concat())
}

fn books(figures: &Figures) -> String {
    let rows = figures
        .trial_balance
        .iter()
        .map(|line| vec![escaped(&line.account), escaped(&line.currency), escaped(&line.balance)]);
    let heads = ["account", "currency", "balance"];
    format!("<h2>Trial balance</h2>\n<p>A debit is positive.</p>\n{}", table(&heads, 2, rows))
}
