//! Models that fail, and the stage around the engine.

use std::sync::Arc;

use weir_messages::{Position, Sequenced, Stage};

use super::*;
use crate::lineup::{CurrentLineup, Decided, Decider, Lineup};
use crate::model::{Answer, InputValue, Manifest, ModelError, Unanswered};

pub(crate) type Spoil = fn(&[Vec<InputValue>], Vec<Answer>) -> Result<Vec<Answer>, Unanswered>;

/// Answers as the shipped model does, but for what `spoil` makes of it.
#[derive(Debug)]
struct Spoilt {
    package: Package,
    spoil: Spoil,
}

impl Model for Spoilt {
    fn manifest(&self) -> &Manifest {
        self.package.manifest()
    }

    fn hash(&self) -> &str {
        self.package.hash()
    }

    fn answer(&self, rows: &[Vec<InputValue>], contributions: bool) -> Result<Vec<Answer>, Unanswered> {
        (self.spoil)(rows, self.package.answer(rows, contributions)?)
    }
}

pub(crate) fn spoilt(spoil: Spoil) -> Engine {
    let package = Package::load(&model::tests::shipped()).unwrap();
    let policy = Policy::load(&content().1, &features()).unwrap();
    Engine::of(Arc::new(Spoilt { package, spoil }), Arc::new(policy), &features()).unwrap()
}

pub(crate) fn failure() -> Unanswered {
    ModelError::Failed { reason: "on purpose".to_owned() }.into()
}

#[test]
fn a_model_that_fails_or_gives_no_probability_leads_to_review() {
    let ways: [Spoil; 4] = [
        |_, _| Err(failure()),
        |_, answers| Ok(answers.into_iter().map(|answer| Answer { probability: f64::NAN, ..answer }).collect()),
        |_, answers| {
            Ok(answers.into_iter().map(|answer| Answer { contributions: Some(vec![f64::NAN; 18]), ..answer }).collect())
        },
        |_, _| Ok(Vec::new()),
    ];
    for (spoil, vector) in ways.into_iter().flat_map(|spoil| [(spoil, best()), (spoil, worst())]) {
        let decision = spoilt(spoil).decide(vec![vector]).remove(0);
        assert_eq!((decision.outcome, codes(&decision)), (Outcome::Review, vec!["missing_input"]));
        assert_eq!((decision.missing["score"].as_str(), decision.model, decision.offer), ("model_failed", None, None));
    }
}

#[test]
fn a_row_that_the_model_fails_on_takes_no_other_with_it() {
    let engine = spoilt(|rows, answers| {
        let poison = rows.iter().any(|row| row.contains(&InputValue::Number(13.0)));
        if poison { Err(failure()) } else { Ok(answers) }
    });
    let mut poison = best();
    poison.features.insert("applicant__amount", FeatureValue::Integer(13));
    let outcomes: Vec<Outcome> = engine.decide(vec![best(), poison, best()]).iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Outcome::Approve, Outcome::Review, Outcome::Approve]);
}

#[test]
fn a_failed_model_saves_nobody_from_a_rule_that_declines() {
    let mut vector = best();
    vector.features.insert("applicant__region", text("FR"));
    let decision = spoilt(|_, _| Err(failure())).decide(vec![vector]).remove(0);
    assert_eq!((decision.outcome, codes(&decision)), (Outcome::Decline, vec!["region_not_served"]));
    assert!(decision.missing.contains_key("score"));
}

#[test]
fn a_score_that_no_input_lowered_is_explained_by_its_band() {
    let engine = spoilt(|_, answers| {
        Ok(answers.into_iter().map(|_| Answer { probability: 0.9, contributions: Some(vec![0.0; 18]) }).collect())
    });
    let decision = engine.decide(vec![best()]).remove(0);
    assert_eq!((decision.outcome, codes(&decision)), (Outcome::Decline, vec!["score_in_band"]));
    assert_eq!(decision.reasons[0].text, "Your score is too low for an offer (F)");
}

#[test]
fn the_stage_decides_in_place_and_keeps_nothing() {
    let decided = |vector| {
        let engine = engine();
        Decided { decision: engine.decide(vec![vector]).remove(0), engine: Arc::clone(engine.name()) }
    };
    let lineup = Arc::new(CurrentLineup::new(Lineup::of(Arc::new(engine()))));
    let mut stage = Decider::new(lineup);
    let at = |offset, body| Sequenced { position: Position { partition: 3, offset }, ordinal: 2, body };
    let mut out = Vec::new();
    stage.process(&[at(5, best()), at(9, best())], &mut out).unwrap();
    assert_eq!(out, [at(5, best()), at(9, best())].map(|one| one.map(decided)));
    assert_eq!((stage.name().as_str(), stage.snapshot()), ("decider.v1", Vec::new()));
    stage.process(&[], &mut out).unwrap();
    assert_eq!(out.len(), 2);
}
