//! The report as aligned text. Colours only where a person watches.

use std::fmt::Write;
use std::path::Path;

use super::super::figures::{Figures, OUTCOMES, Promise, QUANTILES, budget, outcome_name};
use super::HONESTLY;
use crate::page::words::{count, grouped, mebibytes, millis, percent, rounded, seconds};

const WIDTH: usize = 100;
const REASONS: usize = 12;

/// Text in the making.
struct Sheet {
    text: String,
    colours: bool,
}

impl Sheet {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref().trim_end());
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        let title = self.painted("1", title);
        self.line("");
        self.line(title);
    }

    /// Green where a limit was met, right-aligned.
    fn verdict(&self, met: bool, width: usize) -> String {
        let (code, text) = if met { ("32", "met") } else { ("1;31", "NOT MET") };
        self.painted(code, &format!("{text:>width$}"))
    }

    /// With a "select graphic rendition" code (ECMA-48 8.3.117).
    fn painted(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

pub(crate) fn text(figures: &Figures, page: &Path, colours: bool) -> String {
    let mut sheet = Sheet { text: String::new(), colours };
    let took = seconds(figures.took);
    sheet.title(&format!("Weir demo: {} applicants, seed {}, {took}", count(figures.applicants), figures.seed));
    wrapped(HONESTLY).iter().for_each(|line| sheet.line(line));
    decisions(&mut sheet, figures);
    discrimination(&mut sheet, figures);
    planted(&mut sheet, figures);
    speed(&mut sheet, figures);
    loans(&mut sheet, figures);
    books(&mut sheet, figures);
    sheet.title("Promises");
    figures.promises.iter().for_each(|promise| held(&mut sheet, promise));
    sheet.line("");
    sheet.line(format!("Plots: {}", page.display()));
    sheet.text
}

fn decisions(sheet: &mut Sheet, figures: &Figures) {
    sheet.title("Decisions                               people    share   paid back       bad");
    for (outcome, [good, bad]) in OUTCOMES.into_iter().zip(figures.outcomes) {
        let (name, all) = (outcome_name(outcome), good + bad);
        let share = percent(all, figures.applicants);
        sheet.line(format!("  {name:36}{:>8}{share:>9}{:>12}{:>10}", count(all), count(good), count(bad)));
    }
    sheet.line(format!("  some input was missing              {:>8}", count(figures.degraded)));
    sheet.title("Reasons (a decision may carry several)   given  approve    review   decline");
    for reason in figures.reasons.iter().take(REASONS) {
        let name = format!("{} ({})", reason.code, reason.kind);
        let [approve, review, decline] = reason.with;
        sheet.line(format!("  {name:36}{:>8}{approve:>9}{review:>10}{decline:>10}", count(reason.total())));
    }
    if let Some(more) = figures.reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
        sheet.line(format!("  and {more} more"));
    }
}

fn discrimination(sheet: &mut Sheet, figures: &Figures) {
    sheet.title("Score against the real outcome          people      AUC        KS");
    for (name, trained_on) in [("not seen by the model", false), ("trained on (optimistic)", true)] {
        let people = figures.scored(trained_on).len();
        match figures.roc(trained_on) {
            Some(roc) => sheet.line(format!("  {name:36}{people:>8}{:>9.3}{:>10.3}", roc.auc(), roc.ks())),
            None => sheet.line(format!("  {name:36}{people:>8}        -         -")),
        }
    }
    let ((approved, bad), unseen) = (figures.approved_unseen, figures.scored(false));
    let all_bad = percent(unseen.iter().filter(|one| one.is_bad).count(), unseen.len());
    sheet.line(format!(
        "  Of the unseen, {approved} were approved and {} of these went bad; of all unseen {all_bad} did.",
        percent(bad, approved)
    ));
}

fn planted(sheet: &mut Sheet, figures: &Figures) {
    sheet.title("Planted frauds                          people   caught  by");
    for group in &figures.planted {
        let rules: Vec<_> = group.caught.rules.iter().map(|(rule, times)| format!("{rule} {times}")).collect();
        let (people, caught) = (count(group.people), count(group.caught.people));
        sheet.line(format!("  {:36}{people:>8}{caught:>9}  {}", group.name, rules.join(", ")));
    }
    sheet.line("  Caught: not approved, and a rule was hit that reads more than what the applicant declared.");
}

fn speed(sheet: &mut Sheet, figures: &Figures) {
    sheet.title("Speed                                                  p50         p99");
    let [p50, p99] = QUANTILES;
    let mut row = |name: &str, times: [_; 2]| {
        let [p50, p99] = times.map(millis);
        sheet.line(format!("  {name:46}{p50:>10}{p99:>12}"));
    };
    let (decision, sync) = (&figures.latencies, &figures.fdatasync);
    row("decision, at 200 applications/s", [decision.quantile(p50), decision.quantile(p99)]);
    row("one fdatasync of the same disk, meanwhile", [sync.quantile(p50), sync.quantile(p99)]);
    row("limit: 4 x fdatasync + 2 ms", [budget(sync.quantile(p50)), budget(sync.quantile(p99))]);
    let [p50, p99] = figures.limits_met();
    let (p50, p99) = (sheet.verdict(p50, 10), sheet.verdict(p99, 12));
    sheet.line(format!("  {:46}{p50}{p99}", ""));
    sheet.line(format!(
        "  Events: {} in {}, {} a second. The collector answers after the log has them durably.",
        grouped(figures.events),
        seconds(figures.streaming),
        rounded(figures.events_per_second())
    ));
    sheet.line(format!("  Most memory resident in the platform: {}.", mebibytes(figures.peak_memory)));
}

fn loans(sheet: &mut Sheet, figures: &Figures) {
    sheet.title("Loans at the end                         loans    share");
    let all = figures.loans.values().sum();
    for (standing, loans) in &figures.loans {
        sheet.line(format!("  {:36}{:>8}{:>9}", standing.name(), count(*loans), percent(*loans, all)));
    }
    let paid_out = figures.paid_out.map_or_else(|| "nothing".to_owned(), |money| money.to_string());
    let (days, repayments) = (figures.days.len(), count(figures.repayments));
    sheet.line(format!("  {paid_out} paid out, {repayments} repayments over {days} dates of the calendar."));
}

fn books(sheet: &mut Sheet, figures: &Figures) {
    sheet.title("Trial balance                                   balance");
    for line in &figures.trial_balance {
        sheet.line(format!("  {:36}{:>16} {}", line.account, line.balance, line.currency));
    }
}

fn held(sheet: &mut Sheet, promise: &Promise) {
    let mark = if promise.held { sheet.painted("32", "held  ") } else { sheet.painted("1;31", "BROKEN") };
    sheet.line(format!("  {mark}  {:42}  {}", promise.text, promise.found));
}

/// Words in lines of at most `WIDTH` characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let is_full = lines.last().is_some_and(|line| line.len() + 1 + word.len() > WIDTH);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            let gap = if line.is_empty() { "" } else { " " };
            write!(line, "{gap}{word}").expect("writing to a string cannot fail");
        }
    }
    lines
}
