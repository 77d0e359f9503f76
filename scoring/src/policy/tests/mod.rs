//! What rules answer, and what holds of a policy that is loaded.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use weir_expr::ColumnType;
use weir_messages::{FeatureValue, RuleAnswer};

use super::*;

mod refused;

const TOP: &str = "name = \"test\"\nversion = 1\nmissing_text = \"Not known\"\nbehaviour_views = [\"taps\"]\n";
const BANDS: &str = r#"
[[band]]
name = "good"
min_score = 500
outcome = "approve"
limit = "1000.00"
currency = "EUR"
annual_rate = "0.12"
text = "An offer"
[[band]]
name = "bad"
outcome = "decline"
text = "No offer"
"#;
const LIST: &str = "value,reason,source,added,expires,appeal\ntok_1,fraud,desk,2026-03-01,2026-04-01,by letter.\n";

pub(crate) fn shipped() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../models/policies/consumer")
}

/// A vector of a customer who applied at noon of 2026-03-12.
pub(crate) fn vector(features: &[(&str, FeatureValue)]) -> FeatureVector {
    let mut vector: FeatureVector = serde_json::from_value(serde_json::json!({
        "application": "a1", "customer": "c1", "at": "2026-03-12T12:00:00Z", "known_time": "2026-03-12T12:00:00Z",
        "read_at": { "partition": 0, "offset": 7 }, "features": {}, "missing": {},
    }))
    .unwrap();
    vector.features = features.iter().map(|(name, value)| (*name, value.clone())).collect();
    vector
}

pub(crate) fn text(text: &str) -> FeatureValue {
    FeatureValue::Text(text.to_owned())
}

fn available() -> Columns {
    [
        ("applicant__age", ColumnType::Integer),
        ("applicant__phone", ColumnType::Text),
        ("device__seen", ColumnType::Integer),
        ("device__share", ColumnType::Number),
        ("device__rooted", ColumnType::Bool),
        ("device__last", ColumnType::Time),
        ("taps__pace", ColumnType::Number),
    ]
    .into_iter()
    .collect()
}

fn rule(section: &str, code: &str, when: &str, outcome: &str) -> String {
    format!("\n[[{section}]]\ncode = \"{code}\"\nwhen = \"{when}\"\noutcome = \"{outcome}\"\ntext = \"Because.\"\n")
}

fn listed(feature: &str, list: &str) -> String {
    format!(
        "\n[[list]]\ncode = \"listed\"\nlist = \"{list}\"\nfeature = \"{feature}\"\noutcome = \"decline\"\ntext = \"Listed.\"\n"
    )
}

fn content(rules: &str, bands: &str) -> Content {
    let content = Content::read_policy(&shipped()).unwrap().without("lists/");
    content.with("policy.toml", format!("{TOP}{rules}{bands}").into_bytes())
}

fn load(rules: &str, bands: &str) -> Result<Policy, PolicyError> {
    Policy::load(&content(rules, bands), &available())
}

fn refusal(rules: &str, bands: &str) -> String {
    crate::one_line(&load(rules, bands).unwrap_err())
}

fn answer(when: &str, features: &[(&str, FeatureValue)]) -> Answers {
    let policy = load(&rule("fraud", "it", when, "review"), BANDS).unwrap();
    policy.answer(&[vector(features)]).remove(0)
}

fn age(policy: &Policy, age: i64) -> RuleAnswer {
    let vector = vector(&[("applicant__age", FeatureValue::Integer(age))]);
    policy.answer(std::slice::from_ref(&vector))[0].rules[0].answer
}

#[test]
fn an_age_is_admitted_from_18_to_60_and_not_a_year_beyond() {
    let policy =
        load(&rule("admission", "age", "applicant__age < 18 or applicant__age > 60", "decline"), BANDS).unwrap();
    let boundaries = [17, 18, 60, 61].map(|years| age(&policy, years));
    assert_eq!(boundaries, [RuleAnswer::Hit, RuleAnswer::NoHit, RuleAnswer::NoHit, RuleAnswer::Hit]);
}

proptest! {
    #[test]
    fn any_age_is_answered_as_its_bounds_say(years in -200..400_i64) {
        let policy = load(&rule("admission", "age", "applicant__age < 18 or applicant__age > 60", "decline"), BANDS).unwrap();
        prop_assert_eq!(age(&policy, years) == RuleAnswer::NoHit, (18..=60).contains(&years));
    }
}

#[test]
fn a_rule_answers_with_what_it_read() {
    let answers = answer(
        "device__seen > 3",
        &[("device__seen", FeatureValue::Integer(4)), ("applicant__age", FeatureValue::Integer(30))],
    );
    assert_eq!(answers.rules[0].answer, RuleAnswer::Hit);
    assert_eq!(answers.rules[0].read, [("device__seen", FeatureValue::Integer(4))].into_iter().collect());
    let (outcome, reason) = &answers.hits[0];
    assert_eq!(
        (*outcome, reason.code.as_str(), reason.text.as_str(), reason.kind.as_str()),
        (Outcome::Review, "it", "Because.", "rule")
    );
    assert!(answers.missing.is_empty());
}

#[test]
fn unknown_is_never_no_hit_however_the_condition_hides_it() {
    for when in [
        "device__seen > 3",
        "not (device__seen > 3)",
        "coalesce(device__seen, 0) > 3",
        "device__seen > 3 and applicant__age > 90",
        "device__seen is null and applicant__age > 90",
        "case when device__seen > 3 then true else false end",
    ] {
        let answers = answer(when, &[("applicant__age", FeatureValue::Integer(30))]);
        assert_eq!(answers.rules[0].answer, RuleAnswer::CouldNotEvaluate, "{when}");
        assert_eq!(answers.missing["device__seen"], "no_value", "{when}");
        assert!(answers.hits.is_empty());
    }
}

#[test]
fn a_hit_stands_although_something_else_is_missing() {
    let answers = answer("device__seen > 3 or applicant__age > 20", &[("applicant__age", FeatureValue::Integer(30))]);
    assert_eq!((answers.rules[0].answer, answers.missing.len()), (RuleAnswer::Hit, 1));
}

#[test]
fn an_absent_feature_is_named_with_the_reason_that_the_vector_gives() {
    let mut vector = vector(&[("device__seen", FeatureValue::Null)]);
    vector.missing.insert("device__seen", "no_consent".into());
    let policy = load(&rule("fraud", "it", "device__seen > 3", "review"), BANDS).unwrap();
    assert_eq!(policy.answer(std::slice::from_ref(&vector))[0].missing["device__seen"], "no_consent");
}

#[test]
fn a_value_of_another_type_or_without_a_number_is_absent() {
    for value in [text("4"), FeatureValue::Bool(true), FeatureValue::List(Vec::new()), FeatureValue::Number(4.0)] {
        let answers = answer("device__seen > 3", &[("device__seen", value)]);
        assert_eq!(answers.rules[0].answer, RuleAnswer::CouldNotEvaluate);
        assert_eq!(answers.missing["device__seen"], "unexpected_type");
    }
    let answers = answer("device__share > 3", &[("device__share", FeatureValue::Number(f64::NAN))]);
    assert_eq!(answers.rules[0].answer, RuleAnswer::CouldNotEvaluate);
    let answers = answer("device__share > 3", &[("device__share", FeatureValue::Integer(4))]);
    assert_eq!(answers.rules[0].answer, RuleAnswer::Hit, "an integer may stand where a number is read");
}

#[test]
fn a_condition_without_an_answer_names_what_it_read() {
    let answers = answer(
        "device__share / device__seen > 3",
        &[("device__share", FeatureValue::Number(1.0)), ("device__seen", FeatureValue::Integer(0))],
    );
    assert_eq!(answers.rules[0].answer, RuleAnswer::CouldNotEvaluate);
    assert_eq!(answers.missing.keys().collect::<Vec<_>>(), ["device__seen", "device__share"]);
    assert!(answers.missing.values().all(|reason| reason == "no_answer"));
}

#[test]
fn a_listed_value_hits_until_the_day_it_expires_and_says_how_to_appeal() {
    let content = content(&listed("applicant__phone", "phones"), BANDS).with("lists/phones.csv", LIST.into());
    let policy = Policy::load(&content, &available()).unwrap();
    let mut vector = vector(&[("applicant__phone", text("tok_1"))]);
    let answers = policy.answer(std::slice::from_ref(&vector)).remove(0);
    let (outcome, reason) = &answers.hits[0];
    assert_eq!((*outcome, reason.kind.as_str()), (Outcome::Decline, "list"));
    assert_eq!(reason.text, "Listed. To appeal: by letter.");
    for (at, expected) in [
        ("2026-03-31T23:59:59.999999Z", RuleAnswer::Hit),
        ("2026-04-01T00:00:00Z", RuleAnswer::NoHit),
        ("2026-02-28T23:59:59Z", RuleAnswer::NoHit),
    ] {
        vector.at = weir_messages::EventTime::parse(at).unwrap();
        assert_eq!(policy.answer(std::slice::from_ref(&vector))[0].rules[0].answer, expected, "{at}");
    }
    vector.features.clear();
    let answers = policy.answer(std::slice::from_ref(&vector)).remove(0);
    assert_eq!(
        (answers.rules[0].answer, answers.missing["applicant__phone"].as_str()),
        (RuleAnswer::CouldNotEvaluate, "no_value")
    );
}

#[test]
fn every_score_lies_in_one_band() {
    let policy = load("", BANDS).unwrap();
    for (score, name) in [(i64::MIN, "bad"), (499, "bad"), (500, "good"), (i64::MAX, "good")] {
        assert_eq!(policy.band(score).name, name, "{score}");
    }
}

#[test]
fn the_hash_changes_with_a_list_alone() {
    let rules = listed("applicant__phone", "phones");
    let hash = |list: &str| {
        let content = content(&rules, BANDS).with("lists/phones.csv", list.into());
        Policy::load(&content, &available()).unwrap().hash().to_owned()
    };
    assert_ne!(hash(LIST), hash(&LIST.replace("tok_1", "tok_2")));
}
