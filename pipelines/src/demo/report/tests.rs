//! Both forms of the report over made-up figures: every tag closed, nothing fetched, colours only when asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use weir_lending::api::TrialBalanceLine;

use super::super::figures::{Caught, Figures, Latencies, Planted, Point, Promise, ReasonCount};
use super::super::story::{DayEnd, Standing};
use super::{page, text};
use crate::discrimination::Scored;
use crate::page::assert_well_formed;

fn latencies(millis: impl IntoIterator<Item = u64>) -> Latencies {
    let mut latencies = Latencies::default();
    millis.into_iter().for_each(|one| latencies.record(Duration::from_millis(one)));
    latencies
}

fn point(place: u32) -> Point {
    let probability = f64::from(place % 50) / 50.0;
    let scored = Scored { probability, is_bad: place.is_multiple_of(3) };
    Point { scored, points: 640 - i64::from(place % 50) * 4, trained_on: place % 10 < 7 }
}

fn figures() -> Figures {
    let caught = Caught { people: 6, rules: BTreeMap::from([("shared_device".to_owned(), 6)]) };
    let line = |account: &str, balance: &str| TrialBalanceLine {
        account: account.to_owned(),
        currency: "EUR".to_owned(),
        balance: balance.to_owned(),
    };
    Figures {
        applicants: 200,
        seed: 7,
        events: 12_345,
        streaming: Duration::from_millis(700),
        latencies: latencies(1..80),
        fdatasync: latencies(1..5),
        peak_memory: Some(300 << 20),
        points: (0..200).map(point).collect(),
        outcomes: [[90, 10], [30, 20], [20, 30]],
        reasons: vec![ReasonCount { code: "a < b & c".to_owned(), kind: "rule".to_owned(), with: [0, 4, 9] }],
        degraded: 3,
        approved_unseen: (40, 4),
        planted: vec![Planted { name: "ring 1".to_owned(), people: 6, caught }],
        days: (1..20)
            .map(|month| DayEnd {
                on: chrono::NaiveDate::from_ymd_opt(2026, 4, 12).unwrap() + chrono::Months::new(month),
                loans: [20 - usize::try_from(month).unwrap(), 0, usize::try_from(month).unwrap(), 0],
            })
            .collect(),
        loans: BTreeMap::from([(Standing::Closed, 19), (Standing::Overdue, 1)]),
        repayments: 900,
        paid_out: Some("250000.00 EUR".parse().unwrap()),
        trial_balance: vec![line("house:bank:EUR", "-1.00"), line("loans:principal", "1.00")],
        promises: vec![Promise { text: "the trial balance is zero", found: "0.00 EUR".to_owned(), held: true }],
        took: Duration::from_secs(61),
    }
}

/// A demo in which nothing at all happened.
fn empty() -> Figures {
    Figures {
        applicants: 0,
        latencies: Latencies::default(),
        fdatasync: Latencies::default(),
        peak_memory: None,
        points: Vec::new(),
        outcomes: [[0; 2]; 3],
        reasons: Vec::new(),
        planted: Vec::new(),
        days: Vec::new(),
        loans: BTreeMap::new(),
        paid_out: None,
        trial_balance: Vec::new(),
        ..figures()
    }
}

#[test]
fn the_page_is_well_formed_and_fetches_nothing() {
    for figures in [figures(), empty()] {
        let html = page(&figures).unwrap();
        assert_well_formed(&html);
        assert_eq!(html.matches("<svg").count(), 6);
    }
}

#[test]
fn what_a_policy_calls_its_reasons_is_shown_and_not_obeyed() {
    let html = page(&figures()).unwrap();
    assert!(html.contains("a &lt; b &amp; c") && !html.contains("a < b"));
}

#[test]
fn both_forms_say_what_is_made_up_and_show_the_same_figures() {
    let figures = figures();
    let (html, text) = (page(&figures).unwrap(), text(&figures, Path::new("report.html"), false));
    for shown in ["shared_device", "17,636", "300 MiB", "-1.00", "not seen by the model", "250000.00 EUR"] {
        assert!(html.contains(shown) && text.contains(shown), "{shown}");
    }
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(html.contains("are made up from a seed") && unwrapped.contains("are made up from a seed"));
}

#[test]
fn colours_are_only_for_a_terminal() {
    let of = |colours| text(&figures(), Path::new("report.html"), colours);
    assert!(of(true).contains('\u{1b}') && !of(false).contains('\u{1b}'));
}

#[test]
fn a_broken_promise_shows() {
    let mut figures = figures();
    figures.promises[0].held = false;
    assert!(!figures.every_promise_held());
    assert!(
        text(&figures, Path::new("r"), false).contains("BROKEN") && page(&figures).unwrap().contains("broken</span>")
    );
}

#[test]
fn a_latency_limit_that_is_not_met_is_shown_as_not_met() {
    let slow = figures();
    assert_eq!(slow.limits_met(), [false, false]);
    let (html, shown) = (page(&slow).unwrap(), text(&slow, Path::new("r"), false));
    assert!(html.contains("decisions took longer than their limit</h1>") && html.contains("not met</span>"), "{html}");
    assert_eq!(shown.matches("NOT MET").count(), 2, "{shown}");
    let unequal = Figures { latencies: latencies((0..100).map(|at| if at < 90 { 1 } else { 500 })), ..figures() };
    assert_eq!(unequal.limits_met(), [true, false]);
}

#[test]
fn a_latency_limit_that_is_met_is_shown_as_met() {
    let fast = Figures { latencies: latencies(1..4), ..figures() };
    let (html, shown) = (page(&fast).unwrap(), text(&fast, Path::new("r"), false));
    assert!(html.contains("every promise held</h1>") && html.contains("met</span>"), "{html}");
    assert!(!html.contains("not met") && !shown.contains("NOT MET") && shown.contains("  met"), "{shown}");
}

#[test]
fn without_a_measurement_no_latency_limit_is_met() {
    assert_eq!(empty().limits_met(), [false, false]);
}
