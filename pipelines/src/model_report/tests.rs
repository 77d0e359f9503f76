//! The report over made-up decisions: every tag closed, nothing fetched, each model by itself.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use weir_messages::Decision;
use weir_scoring::model::Package;

use super::figures::Figures;
use super::page::page;
use super::tally::{Asked, Tally};
use super::text::text;
use crate::content::Content;
use crate::page::assert_well_formed;

fn decision(number: u32) -> Decision {
    let (arm, score) = (if number.is_multiple_of(4) { "challenger" } else { "champion" }, 500 + number % 90);
    let shadow = match number % 10 {
        0 => json!({ "failed": "model_late" }),
        _ => json!({ "scored": { "probability": 0.2, "score": score + 7 } }),
    };
    let model = match number % 20 {
        0 => Value::Null,
        _ => json!({
            "name": "m", "version": 1, "hash": "aa", "probability": f64::from(number % 100) / 100.0, "score": score,
            "contributions": {},
        }),
    };
    let vector = json!({
        "application": format!("a{number}"), "customer": "c1", "at": number, "known_time": 1, "missing": {},
        "features": { "applicant__age": 20 + number % 50, "applicant__housing": "own" },
        "read_at": { "partition": 0, "offset": 1 },
    });
    let decision = json!({
        "application": format!("a{number}"), "customer": "c1", "at": number, "outcome": "review", "reasons": [],
        "offer": null, "experiment": { "name": "m-v<2>", "arm": arm }, "model": model, "missing": {}, "vector": vector,
        "shadows": [{ "name": "m", "version": 3, "hash": "bb", "answer": shadow }],
        "policy": { "name": "p", "version": 1, "hash": "h", "rules": [] },
    });
    serde_json::from_value(decision).unwrap()
}

/// A thousand decisions of a model whose package is known, beside a shadow's whose is not.
fn figures(labelled: bool) -> Figures {
    let reference = Some(Arc::clone(Package::of(&Content::shipped_model()).unwrap().reference()));
    let mut tally = Tally::default();
    let asked = |version, reference| Asked { name: "m".to_owned(), version, reference, ..Asked::default() };
    tally.models.insert("aa".to_owned(), asked(Some(1), reference));
    tally.models.insert("bb".to_owned(), asked(Some(3), None));
    for number in 0..1_000 {
        tally.add(&decision(number), "aa", labelled.then_some(number % 7 == 0));
    }
    Figures::of(tally, 2)
}

#[test]
fn decisions_are_counted_by_model_arm_and_shadow() {
    let figures = figures(true);
    let [model, shadow] = &figures.models[..] else { panic!("two models: {:?}", figures.models) };
    assert_eq!((model.decided.all(), model.asked_as_shadow, model.unanswered), (1_000, 0, 50));
    assert_eq!((shadow.decided.all(), shadow.asked_as_shadow, shadow.unanswered), (0, 1_000, 100));
    assert_eq!((model.drift.len(), shadow.drift.len(), shadow.reference_rows), (19, 0, None));
    let arms: Vec<u64> = figures.experiments.iter().map(|one| one.decided.all()).collect();
    assert_eq!(arms, [750, 250]);
    let beside = &figures.shadows[0];
    assert_eq!((beside.rows, beside.mean_difference, beside.mean_distance), (900, 7.0, 7.0));
    assert_eq!(beside.squares.iter().map(|(.., count)| count).sum::<u64>(), 900);
    let against = model.against_labels.as_ref().unwrap();
    assert_eq!((against.labelled, against.few), (950, false));
}

#[test]
fn the_page_is_well_formed_with_labels_and_without() {
    for labelled in [true, false] {
        let html = page(&figures(labelled)).unwrap();
        assert_well_formed(&html);
        assert_eq!(html.contains("Calibration of m version 1"), labelled);
        assert!(
            html.contains("m-v&lt;2&gt;") && html.contains("2 records could not be read"),
            "what others name is shown"
        );
        assert!(html.contains("m version 3 beside m version 1"));
    }
}

#[test]
fn an_empty_record_has_a_page_too() {
    assert_well_formed(&page(&Figures::of(Tally::default(), 0)).unwrap());
}

#[test]
fn the_text_says_what_drifts_and_what_cannot_be_known() {
    let text = text(&figures(true), Path::new("report.html"));
    assert!(text.contains("answers large drift") && text.contains("applicant__amount"), "{text}");
    assert!(text.contains("m version 3: decided 0, asked as a shadow 1,000"), "{text}");
    assert!(text.contains("its package is not known here") && text.contains("+7.0 points"), "{text}");
}
