//! What is refused when views are loaded, and that the refusal says where.

use weir_expr::ColumnType;

use super::feature_views::parse;
use super::{FeatureView, FeatureViews, ViewError};
use crate::source::Sources;

const GOOD: &str = r#"
name     = "logins"
version  = 1
entity   = "device"
source   = ["device.login"]
purpose  = "fraud"
consent  = "device"
lateness = "10m"
tile     = "1m"
windows  = ["1h", "1d"]
where    = "os <> 'ios'"

[aggregates]
events = "count(*)"
skew   = { expr = "max(abs(clock_skew_ms))", windows = ["1d"] }
first  = "min(time)"

[derived]
share = "events_1h / nullif(events_1d, 0)"
twice = "share * 2"
"#;

fn load(text: &str) -> Result<FeatureView, ViewError> {
    parse(text, &Sources::of_events(&[])).map_err(|fault| fault.in_file("views/logins.toml".into()))
}

fn refusal(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let error = load(&GOOD.replacen(from, to, 1)).unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn a_view_is_planned_with_names_types_and_only_the_columns_it_reads() {
    let view = load(GOOD).unwrap();
    let names = ["events_1h", "events_1d", "skew_1d", "first_1h", "first_1d", "share", "twice"];
    assert_eq!(view.features, names.map(|name| weir_messages::Name::from(format!("logins__{name}"))));
    let types: Vec<ColumnType> = view.output_types().collect();
    use ColumnType::{Integer, Number, Time};
    assert_eq!(types, [Integer, Integer, Integer, Time, Time, Number, Number]);
    assert_eq!(view.columns.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["clock_skew_ms", "os", "time"]);
    assert_eq!(view.slots.len(), 2, "count(*) keeps nothing, min(time) is kept once for both windows");
}

#[test]
fn every_fault_is_named_with_its_file_and_field() {
    for (from, to, words) in [
        ("name     = \"logins\"", "name = \"Log ins\"", "views/logins.toml: name: expected a name of a to z"),
        ("name     = \"logins\"", "name = \"a__b\"", "name: expected a name"),
        ("version  = 1", "version = \"one\"", "version: invalid type"),
        ("version  = 1", "", "missing field `version`"),
        ("version  = 1", "version = 1\nowner = \"me\"", "unknown field `owner`"),
        ("version  = 1", "version = ", "toml:"),
        ("entity   = \"device\"", "entity = \"card\"", "entity: none of the sources has a column `card`"),
        ("entity   = \"device\"", "entity = \"rooted\"", "entity: expected a column of ids, `rooted` is a truth value"),
        ("[\"device.login\"]", "[\"device.logout\"]", "source: unknown event type `device.logout`"),
        ("[\"device.login\"]", "[]", "source: expected at least one event type"),
        ("consent  = \"device\"", "consent = \"none\"", "consent_reason: expected why"),
        ("consent  = \"device\"", "consent = \"device\"\nconsent_reason = \"x\"", "consent_reason: only a view"),
        ("lateness = \"10m\"", "lateness = \"10 minutes\"", "lateness: expected a length of time as `10m`"),
        ("tile     = \"1m\"", "tile = \"0m\"", "tile: expected a length above zero"),
        ("windows  = [\"1h\", \"1d\"]", "windows = [\"1h\", \"1w\"]", "windows[1]: expected a length of time"),
        ("windows  = [\"1h\", \"1d\"]", "windows = [\"1h\", \"1h\"]", "windows: `1h` stands there twice"),
        ("windows  = [\"1h\", \"1d\"]", "windows = []", "windows: expected at least one window"),
        ("windows = [\"1d\"] }", "windows = [\"0s\"] }", "aggregates.skew.windows: expected a window above zero"),
        ("windows = [\"1d\"] }", "window = [\"1d\"] }", "aggregates.skew.window: unknown field `window`"),
        ("os <> 'ios'", "os", "where: expected a truth value in `os`, found text"),
        ("os <> 'ios'", "oss <> 'ios'", "where: unknown column `oss` at line 1, column 1"),
        ("\"count(*)\"", "\"sum(os)\"", "aggregates.events: expected a number in `sum(os)`, found text"),
        ("\"count(*)\"", "\"count_if(os)\"", "expected a truth value in `count_if(os)`"),
        ("\"count(*)\"", "\"max(rooted)\"", "expected a number, text or time in `max(rooted)`"),
        ("\"count(*)\"", "\"sum(distinct clock_skew_ms)\"", "distinct belongs into count"),
        ("\"count(*)\"", "\"sum()\"", "expected an aggregate (count(*)"),
        ("\"count(*)\"", "\"median(clock_skew_ms)\"", "aggregates.events: expected an aggregate (count(*)"),
        ("\"count(*)\"", "\"1 + count(*)\"", "expected one call as `sum(x)`"),
        ("\"count(*)\"", "\"sum(nope)\"", "aggregates.events: unknown column `nope`"),
        ("\"count(*)\"", "7", "aggregates.events: invalid type"),
        ("\"count(*)\"", "\"top_k(os, 3)\"", "the aggregate `top_k` is not offered yet"),
        ("\"count(*)\"", "\"quantile(clock_skew_ms, 0.5)\"", "`quantile` is not offered yet"),
        ("\"count(*)\"", "\"entropy(os)\"", "`entropy` is not offered yet"),
        ("\"count(*)\"", "\"jaccard(os)\"", "`jaccard` is not offered yet"),
        ("share * 2", "later * 2", "derived.twice: unknown column `later`"),
        ("share * 2", "first_1h + 1", "derived.twice: expected a number in `first_1h`, found a time"),
        ("twice =", "Twice =", "derived.Twice: expected a name"),
        ("twice =", "events_1h =", "derived.events_1h: an aggregate gives a feature of this name"),
    ] {
        let error = refusal(from, to);
        assert!(error.contains(words) && error.starts_with("views/logins.toml: "), "{to}: {error}");
    }
}

#[test]
fn a_column_of_two_types_fits_no_view() {
    let attributes = [("os".to_owned(), ColumnType::Integer)];
    let text = GOOD.replace("[\"device.login\"]", "[\"device.login\", \"application\"]");
    let fault = parse(&text, &Sources::of_events(&attributes)).unwrap_err().in_file("v.toml".into());
    assert!(fault.to_string().contains("column `os` is text in one event type and an integer in another"), "{fault}");
}

#[test]
fn a_folder_needs_views_of_different_names() {
    let (folder, sources) = (tempfile::tempdir().unwrap(), Sources::of_events(&[]));
    let load = || FeatureViews::load(folder.path(), &sources);
    assert!(load().unwrap_err().to_string().contains("expected at least one *.toml"));
    std::fs::write(folder.path().join("a.toml"), GOOD).unwrap();
    std::fs::write(folder.path().join("notes.md"), "no view").unwrap();
    let hash = load().unwrap().hash();
    assert_eq!(hash, load().unwrap().hash());
    std::fs::write(folder.path().join("b.toml"), GOOD).unwrap();
    assert!(load().unwrap_err().to_string().contains("b.toml: name: another file gives `logins` too"));
    std::fs::write(folder.path().join("b.toml"), GOOD.replace("logins", "others")).unwrap();
    assert_ne!(hash, load().unwrap().hash());
    assert!(FeatureViews::load(&folder.path().join("nowhere"), &sources).is_err());
}

#[test]
fn a_view_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), GOOD).unwrap();
    let views = FeatureViews::load(folder.path(), &Sources::of_events(&[])).unwrap();
    assert_eq!(views.explain("nope"), None);
    let text = views.explain("logins").unwrap();
    for words in [
        "logins version 1",
        "class `device`",
        "sources   device.login",
        "where     os <> 'ios'",
        "logins__skew_1d = max(abs(clock_skew_ms)) over 1d (an integer)",
        "logins__share = events_1h / nullif(events_1d, 0) (a number)",
        "3 expressions over the batch",
        "bytes for each of its rows",
    ] {
        assert!(text.contains(words), "{words} in:\n{text}");
    }
}
