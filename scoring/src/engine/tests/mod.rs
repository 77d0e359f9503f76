//! The shipped model under the shipped policy: what is decided, on which reasons, and never on what is missing.

use std::collections::BTreeSet;

use proptest::prelude::*;
use weir_expr::ColumnType;
use weir_messages::{FeatureValue, Outcome, RuleAnswer};

use super::*;
use crate::policy::tests::{text, vector};
use crate::{model, policy};

pub(crate) mod failing;
pub(crate) mod late;
mod records;

/// What the shipped views give, as far as model and policy read it; `weir-pipelines` holds them against the views.
fn features() -> Columns {
    let model = Package::load(&model::tests::shipped()).unwrap();
    let telemetry = [
        ("applicant__age", ColumnType::Integer),
        ("applicant__region", ColumnType::Text),
        ("applicant__customer", ColumnType::Text),
        ("applicant__phone", ColumnType::Text),
        ("applicant__device", ColumnType::Text),
        ("applicant__ip", ColumnType::Text),
        ("device_sharing__customers_7d", ColumnType::Integer),
        ("ip_sharing__customers_7d", ColumnType::Integer),
        ("device_trust__any_emulator", ColumnType::Bool),
        ("device_trust__any_hooked", ColumnType::Bool),
        ("device_trust__any_cloned", ColumnType::Bool),
        ("device_trust__devices_7d", ColumnType::Integer),
        ("form_rhythm__last_ms_7d", ColumnType::Integer),
        ("form_rhythm__rhythm_ms_7d", ColumnType::Number),
        ("form_rhythm__pastes_per_field", ColumnType::Number),
        ("taps__dwell_ms_7d", ColumnType::Number),
        ("carrier_identity__answer_90d", ColumnType::Text),
    ];
    let inputs = model.manifest().columns().map(|column| (column.feature, column.kind)).collect::<Vec<_>>();
    let telemetry = telemetry.map(|(name, kind)| (name.to_owned(), kind));
    inputs.into_iter().chain(telemetry).collect()
}

fn content() -> (Content, Content) {
    let model = Content::read_model(&model::tests::shipped()).unwrap();
    (model, Content::read_policy(&policy::tests::shipped()).unwrap())
}

pub(crate) fn engine() -> Engine {
    engine_of(&content().0)
}

/// Of another model under the shipped policy.
pub(crate) fn engine_of(model: &Content) -> Engine {
    Engine::load(model, &content().1, &features()).unwrap()
}

/// Somebody of whose telemetry nothing is to be said, with the attributes of a golden row and an age that is admitted.
pub(crate) fn applicants() -> Vec<FeatureVector> {
    let (model, _) = content();
    let applicant = |line: &str| {
        let golden: model::Golden = serde_json::from_str(line).unwrap();
        let mut applicant = vector(&[
            ("applicant__region", text("DE")),
            ("applicant__customer", text("c1")),
            ("applicant__phone", text("tok_p")),
            ("applicant__device", text("tok_d")),
            ("applicant__ip", text("tok_i")),
            ("device_sharing__customers_7d", FeatureValue::Integer(1)),
            ("ip_sharing__customers_7d", FeatureValue::Integer(2)),
            ("device_trust__any_emulator", FeatureValue::Bool(false)),
            ("device_trust__any_hooked", FeatureValue::Bool(false)),
            ("device_trust__any_cloned", FeatureValue::Bool(false)),
            ("device_trust__devices_7d", FeatureValue::Integer(1)),
            ("form_rhythm__last_ms_7d", FeatureValue::Integer(95_000)),
            ("form_rhythm__rhythm_ms_7d", FeatureValue::Number(110.25)),
            ("form_rhythm__pastes_per_field", FeatureValue::Number(0.0)),
            ("carrier_identity__answer_90d", text("match")),
        ]);
        for (name, value) in golden.input {
            let value = match value.as_str() {
                Some(words) => text(words),
                None => FeatureValue::Number(value.as_f64().unwrap()),
            };
            applicant.features.insert(name, value);
        }
        let years = applicant.features["applicant__age"].clone();
        let FeatureValue::Number(years) = years else { panic!("an age is a number") };
        let years = format!("{:.0}", years.clamp(18.0, 60.0)).parse().unwrap();
        applicant.features.insert("applicant__age", FeatureValue::Integer(years));
        applicant
    };
    model.text("golden.jsonl").unwrap().lines().map(applicant).collect()
}

/// The one with the best score.
fn best() -> FeatureVector {
    let decisions = engine().decide(applicants());
    let score = |decision: &Decision| decision.model.as_ref().unwrap().score;
    decisions.into_iter().max_by_key(score).unwrap().vector
}

/// The one with the worst.
fn worst() -> FeatureVector {
    let decisions = engine().decide(applicants());
    let score = |decision: &Decision| decision.model.as_ref().unwrap().score;
    decisions.into_iter().min_by_key(score).unwrap().vector
}

fn decided(changes: &[(&str, FeatureValue)]) -> Decision {
    let mut vector = best();
    vector.features.extend(changes.iter().map(|(name, value)| (*name, value.clone())));
    engine().decide(vec![vector]).remove(0)
}

fn codes(decision: &Decision) -> Vec<&str> {
    decision.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

/// Whether a reason says what the decision holds.
fn used(decision: &Decision, reason: &weir_messages::Reason) -> bool {
    let manifest = Package::load(&model::tests::shipped()).unwrap().manifest().clone();
    match reason.kind.as_str() {
        "rule" | "list" => {
            decision.policy.rules.iter().any(|rule| rule.rule == reason.code && rule.answer == RuleAnswer::Hit)
        }
        "missing" => decision.missing.iter().any(|(name, why)| reason.text.contains(&format!("{name} ({why})"))),
        "score" if reason.code == "score_in_band" => decision.model.is_some(),
        "score" => {
            let points = &decision.model.as_ref().unwrap().contributions;
            manifest.inputs.iter().any(|input| input.reason == reason.code && points[&input.feature] < 0.0)
        }
        other => panic!("no kind of reason: {other}"),
    }
}

#[test]
fn every_outcome_carries_reasons_that_were_used() {
    let mut seen = BTreeSet::new();
    for decision in engine().decide(applicants()) {
        seen.insert(decision.outcome);
        assert!((1..=4).contains(&decision.reasons.len()), "{decision:?}");
        assert!(decision.reasons.iter().all(|reason| reason.kind == "score" && used(&decision, reason)));
        assert_eq!(decision.offer.is_some(), decision.outcome == Outcome::Approve);
        assert!(decision.missing.is_empty());
        assert!(decision.policy.rules.iter().all(|rule| rule.answer == RuleAnswer::NoHit));
    }
    assert_eq!(seen.len(), 3, "the golden rows lead to every outcome");
}

#[test]
fn score_is_explained_by_what_lowered_it_most() {
    let decisions = engine().decide(applicants());
    let declined = decisions.iter().find(|decision| decision.outcome == Outcome::Decline).unwrap();
    // What ONNX Runtime says of that golden row (number 10): 0.539, 0.383, 0.378 and 0.327 towards default.
    assert_eq!(codes(declined), ["purpose", "housing", "employment_length", "account_status"]);
}

#[test]
fn an_approval_names_its_band_and_offers_what_the_band_does() {
    let decision = decided(&[]);
    assert_eq!((decision.outcome, codes(&decision)), (Outcome::Approve, vec!["score_in_band"]));
    let offer = decision.offer.unwrap();
    assert_eq!(
        (offer.limit.as_str(), offer.currency.as_str(), offer.annual_rate.as_str()),
        ("20000.00", "EUR", "0.08")
    );
    assert_eq!(decision.reasons[0].text, format!("Your score allows our best offer ({})", offer.band));
}

#[test]
fn the_age_of_an_applicant_is_bounded_by_18_and_60() {
    for (years, outcome) in
        [(17, Outcome::Decline), (18, Outcome::Approve), (60, Outcome::Approve), (61, Outcome::Decline)]
    {
        let decision = decided(&[("applicant__age", FeatureValue::Integer(years))]);
        assert_eq!(decision.outcome, outcome, "{years}");
        assert_eq!(codes(&decision).contains(&"age_outside_18_60"), outcome == Outcome::Decline);
    }
}

#[test]
fn telemetry_declines_a_ring_and_sends_a_bot_to_review() {
    let many = FeatureValue::Integer(6);
    let ring = decided(&[("device_sharing__customers_7d", many.clone()), ("ip_sharing__customers_7d", many)]);
    assert_eq!((ring.outcome, codes(&ring)), (Outcome::Decline, vec!["ring_on_one_device_and_address"]));
    let bot = decided(&[
        ("device_trust__any_emulator", FeatureValue::Bool(true)),
        ("form_rhythm__last_ms_7d", FeatureValue::Integer(600)),
        ("form_rhythm__rhythm_ms_7d", FeatureValue::Number(0.0)),
    ]);
    assert_eq!((bot.outcome, codes(&bot)), (Outcome::Review, vec!["device_manipulated", "form_filled_by_machine"]));
    assert_eq!(bot.offer, None);
}

#[test]
fn a_decline_gives_no_reason_that_would_only_have_led_to_review() {
    let decision = decided(&[("applicant__region", text("FR")), ("carrier_identity__answer_90d", text("mismatch"))]);
    assert_eq!((decision.outcome, codes(&decision)), (Outcome::Decline, vec!["region_not_served"]));
    let hits = decision.policy.rules.iter().filter(|rule| rule.answer == RuleAnswer::Hit).count();
    assert_eq!(hits, 2, "the record holds both");
}

#[test]
fn a_text_that_training_never_saw_gets_no_score() {
    let decision = decided(&[("applicant__housing", text("tent"))]);
    assert_eq!((decision.outcome, codes(&decision)), (Outcome::Review, vec!["missing_input"]));
    assert_eq!((decision.missing["applicant__housing"].as_str(), decision.model.is_none()), ("unseen_value", true));
}

/// Names of all that rules or model read.
fn reads(engine: &Engine) -> Vec<String> {
    let inputs = engine.model.manifest().inputs.iter().map(|input| input.feature.clone());
    engine.policy.reads().map(str::to_owned).chain(inputs).collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn each_missing_input_alone_prevents_an_approval_and_is_named() {
    let engine = engine();
    for name in reads(&engine) {
        let mut vector = best();
        vector.features.insert(name.as_str(), FeatureValue::Null);
        vector.missing.insert(name.as_str(), "no_consent".into());
        let decision = engine.decide(vec![vector]).remove(0);
        assert_eq!((decision.outcome, decision.missing[&name].as_str()), (Outcome::Review, "no_consent"), "{name}");
        let reason = &decision.reasons[0];
        assert_eq!(reason.text, format!("We could not check everything that a decision needs: {name} (no_consent)"));
        assert_eq!((reason.kind.as_str(), decision.offer), ("missing", None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_missing_nobody_is_approved_on_it(rows in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(any::<prop::sample::Index>(), 0..4)), 1..6)) {
        let (engine, applicants) = (engine(), applicants());
        let reads = reads(&engine);
        let vectors: Vec<FeatureVector> = rows.iter().map(|(row, absent)| {
            let mut vector = row.get(&applicants).clone();
            absent.iter().for_each(|at| drop(vector.features.remove(at.get::<String>(&reads))));
            vector
        }).collect();
        let decisions = engine.decide(vectors.clone());
        for ((decision, vector), (_, absent)) in decisions.iter().zip(&vectors).zip(&rows) {
            let absent: BTreeSet<&String> = absent.iter().map(|at| at.get(&reads)).collect();
            prop_assert!(absent.is_empty() || decision.outcome != Outcome::Approve);
            prop_assert_eq!(decision.missing.keys().collect::<BTreeSet<_>>(), absent);
            prop_assert!(!decision.reasons.is_empty() && decision.reasons.iter().all(|reason| used(decision, reason)));
            prop_assert_eq!(&engine.decide(vec![vector.clone()])[0], decision, "the batch changes nothing");
        }
    }

    #[test]
    fn a_decision_read_back_from_its_record_is_decided_again_to_the_byte(amount in 1.0..20_000.0_f64, rhythm in any::<f64>()) {
        let engine = engine();
        let mut vector = best();
        vector.features.insert("applicant__amount", FeatureValue::Number(amount));
        if rhythm.is_finite() {
            vector.features.insert("form_rhythm__rhythm_ms_7d", FeatureValue::Number(rhythm));
        }
        let recorded = serde_json::to_string(&engine.decide(vec![vector])[0]).unwrap();
        let read: Decision = serde_json::from_str(&recorded).unwrap();
        prop_assert_eq!(serde_json::to_string(&engine.rerun(&read)).unwrap(), recorded);
    }
}

#[test]
fn a_feature_that_no_view_gives_is_refused_by_who_reads_it() {
    let (model, policy) = content();
    let without = |name: &str| -> Columns {
        let all = features();
        all.iter().filter(|(known, _)| *known != name).map(|(known, kind)| (known.to_owned(), kind)).collect()
    };
    let refusal = |name: &str| crate::one_line(&Engine::load(&model, &policy, &without(name)).unwrap_err());
    let error = refusal("applicant__housing");
    assert_eq!(error, "model `german_credit`: reads feature `applicant__housing`, which no view gives");
    let error = refusal("carrier_identity__answer_90d");
    assert!(error.contains("policy.toml: rule `identity_not_confirmed`: when: unknown column"), "{error}");
}
