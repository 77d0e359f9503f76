//! What a record says that no function of its vector does, and what is left out of it.

use weir_messages::{Arm, Experiment, Shadow, ShadowAnswer};

use super::*;
use crate::engine::score;

#[test]
fn contributions_are_on_record_where_the_outcome_is_no_approval_and_there_alone() {
    for decision in engine().decide(applicants()) {
        let points = decision.model.unwrap().contributions.len();
        assert_eq!(points == 0, decision.outcome == Outcome::Approve);
    }
    let declined = decided(&[("applicant__region", text("FR"))]);
    assert!(!declined.model.unwrap().contributions.is_empty(), "a rule declined, and the record is whole");
}

#[test]
fn a_record_from_before_contributions_were_left_out_of_approvals_runs_again_to_the_byte() {
    let (engine, vectors) = (engine(), vec![best()]);
    let scorings = score(engine.asked(), vectors.iter(), true);
    let old = engine.verdicts(vectors.clone(), engine.policy.answer(&vectors), scorings).remove(0);
    assert!(old.outcome == Outcome::Approve && !old.model.as_ref().unwrap().contributions.is_empty());
    assert_eq!(engine.rerun(&old), old);
}

#[test]
fn arm_and_shadows_are_those_of_the_record() {
    let shadow = ShadowAnswer::Scored { probability: 0.25, score: 501 };
    let shadow = Shadow { name: "s".to_owned(), version: 3, hash: "h".to_owned(), answer: shadow };
    let experiment = Some(Experiment { name: "e".to_owned(), arm: Arm::Challenger });
    let recorded = Decision { experiment, shadows: vec![shadow], ..decided(&[]) };
    assert_eq!(engine().rerun(&recorded), recorded);
    let json = serde_json::to_string(&recorded).unwrap();
    assert_eq!(serde_json::from_str::<Decision>(&json).unwrap(), recorded);
}
