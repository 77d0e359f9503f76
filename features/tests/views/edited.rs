//! State is kept by view: an edited view is folded anew from the start while the others keep theirs, and what a view that
//! is there no longer had goes.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_features::{EntityStage, FeatureStage, FeatureViews, Refolds, RowsOfLive, Sources, rows_apart};
use weir_messages::{
    Admitted, CustomerId, Derived, EventTime, FeatureVector, ForEntity, KnownTime, Place, Position, Question,
    Sequenced, Stage, Topic, Touch,
};

use crate::recording::{self, Saved, admitted, attributes, process};

const CLASSES: [&str; 3] = ["device", "behaviour", "carrier"];
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;
const STARTS: i64 = 1_700_000_000;

/// The shipped views, without those named, and with `edit` made to each text.
fn views(without: &[&str], edit: impl Fn(&str, String) -> String) -> Arc<FeatureViews> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("views");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !without.contains(&name.as_str()) {
            files.push((format!("{name}.toml"), edit(&name, std::fs::read_to_string(path).unwrap())));
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Arc::new(recording::views(&files, &Sources::of_events(&attributes())))
}

fn shipped() -> Arc<FeatureViews> {
    views(&[], |_, text| text)
}

/// Another filter and another window for taps, and device sharing that counts something else.
fn edited() -> Arc<FeatureViews> {
    views(&[], |name, text| match name {
        "taps" => text
            .replace(r#""1h", "1d", "7d"]"#, r#""2h", "1d", "7d"]"#)
            .replace("[aggregates]", "where = \"dwell_ms > 40\"\n[aggregates]"),
        "device_sharing" => text.replace("logins    = \"count(*)\"", "logins    = \"count_if(emulator)\""),
        _ => text,
    })
}

type Happened = (u8, u8, u8, i64);

fn happened() -> impl Strategy<Value = Vec<Happened>> {
    prop::collection::vec((0..6_u8, 0..3_u8, 0..3_u8, 0..40_000_i64), 2..60)
}

fn line(at: usize, (kind, customer, device, after): Happened, known: &mut i64) -> Value {
    *known += after * SECOND;
    let mut line = json!({"id": format!("e{at:03}"), "source": "app", "subject": format!("c{customer}"),
        "time": *known - i64::from(device) * 300 * SECOND, "known_time": *known});
    let (event_type, data) = match kind {
        0 | 1 => ("device.login", json!({"device": format!("d{device}"), "ip": "i", "ip_net": "n", "os": "x"})),
        2..=4 => ("behaviour.click", json!({"screen": format!("s{device}"), "target": "t", "dwell_ms": after % 90})),
        _ => (
            "application",
            json!({"application": format!("a{at:03}"), "partner": "p", "product": "x", "product_version": 1,
            "amount": "2500.00", "currency": "EUR", "term_months": 24, "age": 33, "region": "r"}),
        ),
    };
    line["type"] = event_type.into();
    line.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    line
}

fn events(happened: &[Happened]) -> Vec<Sequenced<Admitted>> {
    let mut known = STARTS * SECOND;
    let lines = happened.iter().enumerate().map(|(at, one)| line(at, *one, &mut known));
    lines.enumerate().map(|(at, line)| admitted(at, &line, &CLASSES)).collect()
}

fn advance<S: Stage>(stage: &mut S, to: Option<KnownTime>) {
    stage.advance(to.unwrap_or_default(), &mut Vec::new()).unwrap();
}

/// On a state that has folded nothing, and so lacks nothing.
fn begun<S: Stage + Refolds>(mut stage: S) -> S {
    stage.restore(Box::new(Saved::default())).unwrap();
    stage.complete();
    stage
}

/// Folds the missing views of `live` over `batch`, as the fold does, with a restart after each `step`.
fn refold<S: Stage + Refolds>(live: &mut S, saved: &mut Saved, batch: &[Sequenced<S::Input>], step: usize) {
    assert!(saved.apply(live.snapshot()) > 0, "the numbers of the views are saved before their rows");
    let mut apart = Saved::default();
    for some in batch.chunks(step.max(1)) {
        let mut stage = live.refold();
        assert_ne!(stage.name(), live.name());
        let reader = RowsOfLive { live: Box::new(saved.clone()), apart: Box::new(apart.clone()) };
        stage.restore(Box::new(reader)).unwrap();
        let mut out = Vec::new();
        stage.process(some, &mut out).unwrap();
        assert!(out.is_empty(), "nothing comes out");
        advance(&mut stage, None);
        let (rows, rest) = rows_apart(stage.snapshot());
        saved.apply(rows);
        apart.apply(rest);
    }
    live.complete();
    saved.apply(live.snapshot());
    live.restore(Box::new(saved.clone())).unwrap();
    assert!(live.missing().is_empty());
}

fn without(vectors: &[FeatureVector], prefixes: &[&str]) -> Vec<String> {
    let own = |vector: &FeatureVector| {
        let features: Vec<_> =
            vector.features.iter().filter(|(name, _)| !prefixes.iter().any(|p| name.starts_with(p))).collect();
        format!("{features:?}")
    };
    vectors.iter().map(own).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn an_edited_view_equals_a_fold_from_the_start_and_the_others_stay(
        happened in happened(), cut in 1..60_usize, step in 1..20_usize,
    ) {
        let events = events(&happened);
        let cut = cut.min(events.len());
        let (before, after) = events.split_at(cut);
        let mut saved = Saved::default();
        let mut old = begun(FeatureStage::new(shipped()));
        process(&mut old, before);
        advance(&mut old, None);
        saved.take(&mut old);

        let mut live = FeatureStage::new(edited());
        live.restore(Box::new(saved.clone())).unwrap();
        prop_assert_eq!(live.missing(), ["device_sharing", "taps"]);
        refold(&mut live, &mut saved, before, step);
        let found = process(&mut live, after);

        let mut from_the_start = FeatureStage::new(edited());
        process(&mut from_the_start, before);
        prop_assert_eq!(&found, &process(&mut from_the_start, after));
        let unedited = process(&mut old, after);
        let edited = ["taps__", "device_sharing__"];
        prop_assert_eq!(without(&found, &edited), without(&unedited, &edited));
    }

    #[test]
    fn an_entitys_edited_view_equals_a_fold_from_the_start(
        happened in prop::collection::vec((0..4_u8, 0..3_u8, 0..2_u8, 0..40_000_i64), 2..60), step in 1..20_usize,
    ) {
        let touches = touches(&happened);
        let mut saved = Saved::default();
        let mut old = begun(EntityStage::new(shipped(), 1));
        old.process(&touches, &mut Vec::new()).unwrap();
        saved.apply(old.snapshot());
        let mut live = EntityStage::new(edited(), 1);
        live.restore(Box::new(saved.clone())).unwrap();
        prop_assert_eq!(live.missing(), ["device_sharing", "taps"]);
        refold(&mut live, &mut saved, &touches, step);
        let mut from_the_start = EntityStage::new(edited(), 1);
        from_the_start.process(&touches, &mut Vec::new()).unwrap();
        let last = touches.len() as u64;
        let asked = [question(last, "d0", 90_000), question(last + 1, "d1", 90_000)];
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        live.process(&asked, &mut found).unwrap();
        from_the_start.process(&asked, &mut expected).unwrap();
        prop_assert_eq!(found.len(), 2, "what came before is no repeat");
        prop_assert_eq!(found, expected);
    }
}

fn touch(offset: u64, device: &str, body: Touch) -> Sequenced<Derived<ForEntity>> {
    let position = Position { partition: 0, offset };
    let body = ForEntity { entity: "device".to_owned(), id: device.to_owned(), body };
    Sequenced::first(position, Derived { from: Place::new(Topic::Events, position), ordinal: 0, body })
}

fn question(offset: u64, device: &str, after: i64) -> Sequenced<Derived<ForEntity>> {
    let at = EventTime::from_micros((STARTS + 60 * DAY + after) * SECOND);
    let question = Question {
        application: weir_messages::ApplicationId::new(format!("a{offset}")),
        customer: CustomerId::new("c0"),
        at,
        known_time: at.as_known(),
        consents: CLASSES.map(str::to_owned).into(),
        trace: None,
    };
    touch(offset, device, Touch::Question(question))
}

/// Log-ins on devices, and now and then a question.
fn touches(happened: &[Happened]) -> Vec<Sequenced<Derived<ForEntity>>> {
    let mut known = STARTS * SECOND;
    let one = |(at, happened): (usize, &Happened)| {
        let (kind, customer, device, after) = *happened;
        let (offset, id) = (at as u64, format!("d{device}"));
        if kind == 3 {
            return question(offset, &id, after);
        }
        let line = line(at, (0, customer, device, after), &mut known);
        touch(offset, &id, Touch::Event(Arc::new(admitted(at, &line, &CLASSES).body.event)))
    };
    happened.iter().enumerate().map(one).collect()
}

/// Numbers of views under which rows are saved.
fn numbers(saved: &Saved) -> Vec<Value> {
    let table = saved.0.get(b"v".as_slice()).map_or(json!([]), |json| serde_json::from_slice(json).unwrap());
    table.as_array().unwrap().clone()
}

fn rows(saved: &Saved) -> usize {
    saved.0.keys().filter(|key| key.starts_with(b"e")).count()
}

#[test]
fn a_view_that_is_there_no_longer_leaves_no_rows_however_often_it_is_edited() {
    let taps: Vec<Happened> = (0..2_000_u32).map(|at| (2, u8::try_from(at % 3).unwrap(), 0, 10)).collect();
    let events = events(&taps);
    let (mut saved, mut stage) = (Saved::default(), begun(FeatureStage::new(shipped())));
    process(&mut stage, &events);
    saved.take(&mut stage);
    let (before, numbered) = (rows(&saved), numbers(&saved).len());
    assert!(before >= 2_000);
    for edit in 0..5 {
        let text = |name: &str, text: String| if name == "taps" { format!("{text}# {edit}\n") } else { text };
        let mut live = FeatureStage::new(views(&[], text));
        live.restore(Box::new(saved.clone())).unwrap();
        refold(&mut live, &mut saved, &events, 700);
        sweep(&mut live, &mut saved);
        assert_eq!((rows(&saved), numbers(&saved).len()), (before, numbered), "after {edit} edits");
    }
    let mut last = FeatureStage::new(views(&["taps"], |_, text| text));
    last.restore(Box::new(saved.clone())).unwrap();
    assert!(last.missing().is_empty());
    sweep(&mut last, &mut saved);
    assert!(rows(&saved) < 10, "{} rows are left", rows(&saved));
    assert_eq!(numbers(&saved).len(), numbered - 1, "{:?}", numbers(&saved));
}

/// As many batches as it takes to look at all rows, each saved.
fn sweep(stage: &mut FeatureStage, saved: &mut Saved) {
    for _ in 0..50 {
        advance(stage, None);
        saved.take(stage);
    }
}

#[test]
fn an_entity_that_never_comes_back_loses_its_old_rows() {
    let mut taps: Vec<Happened> = (0..900).map(|_| (2, 0, 0, 10)).collect();
    // A year later somebody else is there.
    taps.push((2, 1, 0, 366 * DAY));
    let events = events(&taps);
    let (mut saved, mut stage) = (Saved::default(), begun(FeatureStage::new(shipped())));
    process(&mut stage, &events[..900]);
    saved.take(&mut stage);
    assert!(rows(&saved) >= 900);
    let mut later = FeatureStage::new(shipped());
    later.restore(Box::new(saved.clone())).unwrap();
    process(&mut later, &events[900..]);
    sweep(&mut later, &mut saved);
    assert!(rows(&saved) < 10, "{} rows are left", rows(&saved));
}
