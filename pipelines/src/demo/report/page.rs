//! The report as one HTML page: style and plots stand inside it, nothing is fetched.

use super::super::DemoError;
use super::super::figures::{Figures, OUTCOMES, budget, outcome_name};
use super::words::{count, escaped, grouped, mebibytes, millis, percent, rounded, seconds};
use super::{HONESTLY, charts};

const STYLE: &str = include_str!("page.css");

pub(crate) fn page(figures: &Figures) -> Result<String, DemoError> {
    let verdict = if figures.every_promise_held() { "every promise held" } else { "a promise was broken" };
    let title = format!("Weir demo: {} applicants, {verdict}", count(figures.applicants));
    let body = [
        format!("<h1>{title}</h1>\n<p class=\"note\">{}</p>\n", escaped(HONESTLY)),
        tiles(figures),
        promises(figures),
        decisions(figures)?,
        discrimination(figures)?,
        planted(figures),
        speed(figures)?,
        loans(figures)?,
        books(figures),
    ];
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}\n<footer>Seed {}. Took {}. \
         The page holds figures only, and nothing of any one person.</footer>\n</main>\n</body>\n</html>\n",
        body.join("\n"),
        figures.seed,
        seconds(figures.took),
    ))
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
    let tile = |(value, name): (String, &str)| format!("<div class=\"tile\"><b>{value}</b><span>{name}</span></div>\n");
    format!("<div class=\"tiles\">\n{}</div>\n", tiles.map(tile).concat())
}

/// A table whose columns from `numbers` on are right-aligned; cells are already safe HTML.
fn table(heads: &[&str], numbers: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let class = |column| if column >= numbers { " class=\"right\"" } else { "" };
    let heads: String =
        heads.iter().enumerate().map(|(column, head)| format!("<th{}>{head}</th>", class(column))).collect();
    let cells = |row: Vec<String>| -> String {
        row.iter().enumerate().map(|(column, cell)| format!("<td{}>{cell}</td>", class(column))).collect()
    };
    let rows: String = rows.into_iter().map(|row| format!("<tr>{}</tr>\n", cells(row))).collect();
    format!("<div class=\"scroll\"><table>\n<tr>{heads}</tr>\n{rows}</table></div>\n")
}

fn plotted(svg: &str, caption: &str) -> String {
    format!("<figure>\n{svg}<figcaption>{}</figcaption>\n</figure>\n", escaped(caption))
}

fn promises(figures: &Figures) -> String {
    let rows = figures.promises.iter().map(|promise| {
        let mark =
            if promise.held { "<span class=\"held\">held</span>" } else { "<span class=\"broken\">broken</span>" };
        vec![mark.to_owned(), escaped(promise.text), escaped(&promise.found)]
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
        let figure = |of: fn(&super::super::figures::Roc) -> f64| {
            figures.roc(trained_on).map_or_else(|| "-".to_owned(), |roc| format!("{:.3}", of(&roc)))
        };
        let (auc, ks) = (figure(super::super::figures::Roc::auc), figure(super::super::figures::Roc::ks));
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
    let quantiles = [0.5, 0.99];
    let rows = [
        row("decision, at 200 applications a second", quantiles.map(|quantile| decision.quantile(quantile))),
        row("one fdatasync of the same disk, meanwhile", quantiles.map(|quantile| sync.quantile(quantile))),
        row("limit: 4 x fdatasync + 2 ms", quantiles.map(|quantile| budget(sync.quantile(quantile)))),
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
