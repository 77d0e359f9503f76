//! Arms that stay, shares that are right, and shadows that change nothing.

use std::collections::BTreeSet;

use proptest::prelude::*;
use weir_messages::CustomerId;

use super::*;
use crate::engine::tests::{applicants, engine, engine_of};
use crate::model::tests::with_version;

fn share(percent: u8) -> Share {
    percent.try_into().unwrap()
}

/// The shipped model against itself under another number.
fn lineup(percent: u8) -> Lineup {
    let challenger = Challenger { engine: Arc::new(engine_of(&with_version(2))), share: share(percent) };
    Lineup { challenger: Some(challenger), ..Lineup::of(Arc::new(engine())) }
}

fn of_customers(count: usize) -> Vec<FeatureVector> {
    let applicants = applicants();
    let vector = |number: usize| FeatureVector {
        customer: CustomerId::new(format!("c_{number}")),
        ..applicants[number % applicants.len()].clone()
    };
    (0..count).map(vector).collect()
}

#[test]
fn each_decision_is_whole_by_the_engine_of_its_arm_and_in_its_place() {
    let (lineup, vectors) = (lineup(40), of_customers(60));
    let challenger = lineup.challenger.as_ref().unwrap();
    let decided = lineup.decide(vectors.clone());
    let mut arms = BTreeSet::new();
    for (one, vector) in decided.iter().zip(&vectors) {
        let experiment = one.decision.experiment.as_ref().unwrap();
        arms.insert(experiment.arm);
        let (engine, version) = match experiment.arm {
            Arm::Champion => (&lineup.champion, 1),
            Arm::Challenger => (&challenger.engine, 2),
        };
        assert_eq!((experiment.name.as_str(), &one.engine), ("german_credit-v2", engine.name()));
        let model = one.decision.model.as_ref().unwrap();
        assert_eq!((model.version, model.hash.as_str()), (version, engine.hashes().0));
        assert_eq!(one.decision.vector, *vector);
        assert_eq!(engine.rerun(&one.decision), one.decision);
    }
    assert_eq!(arms.len(), 2, "sixty customers are in both arms");
}

#[test]
fn without_a_challenger_there_is_no_experiment_on_record() {
    let decided = Lineup::of(Arc::new(engine())).decide(of_customers(3));
    assert!(decided.iter().all(|one| one.decision.experiment.is_none() && one.decision.shadows.is_empty()));
}

#[test]
fn a_share_takes_as_many_customers_as_it_says() {
    for percent in [1, 10, 50, 90, 99] {
        let taken = (0..20_000).filter(|number| share(percent).takes(&CustomerId::new(format!("c_{number}")), "m-v2"));
        let expected = 200 * usize::from(percent);
        // Five standard deviations of a fair draw, at most 354.
        assert!(taken.count().abs_diff(expected) < 354, "{percent} %");
    }
}

#[test]
fn arms_of_two_experiments_have_nothing_to_do_with_each_other() {
    let both = |number: &u32| {
        let customer = CustomerId::new(format!("c_{number}"));
        share(50).takes(&customer, "m-v2") && share(50).takes(&customer, "m-v3")
    };
    let both = (0..20_000).filter(both).count();
    assert!(both.abs_diff(5_000) < 310, "{both} of 20,000");
}

#[test]
fn no_customer_and_every_customer_are_no_experiment() {
    for text in ["0", "100", "-1", "1.5", "all", "300"] {
        let error = text.parse::<Share>().unwrap_err().to_string();
        assert_eq!(error, format!("expected a whole number of percent from 1 to 99, found {text}"));
    }
    assert_eq!("10%".parse::<Share>().unwrap(), share(10));
}

proptest! {
    #[test]
    fn an_arm_is_the_same_each_time_and_a_greater_share_sends_nobody_back(customer in "[a-z0-9_]{1,20}", one in 1..=99_u8, other in 1..=99_u8) {
        let customer = CustomerId::new(customer);
        let takes = |percent| share(percent).takes(&customer, "m-v2");
        prop_assert_eq!(takes(one), takes(one));
        prop_assert!(takes(one.max(other)) || !takes(one.min(other)));
    }
}

#[test]
fn an_arm_is_what_it_was_in_earlier_releases() {
    // Written down once: customers must not change arms when this is built anew.
    let taken: Vec<u32> =
        (0..20).filter(|number| share(30).takes(&CustomerId::new(format!("c_{number}")), "german_credit-v2")).collect();
    assert_eq!(taken, [2, 3, 5, 8, 11, 13, 18]);
}

#[test]
fn shadows_are_on_record_and_change_nothing() {
    let alone = Lineup::of(Arc::new(engine()));
    let mut vectors = of_customers(30);
    vectors[3].features.remove("applicant__housing");
    let shadowed = Lineup { shadows: vec![Arc::new(engine_of(&with_version(3)))], ..alone.clone() };
    for (with, without) in shadowed.decide(vectors.clone()).into_iter().zip(alone.decide(vectors)) {
        let [shadow] = &with.decision.shadows[..] else { panic!("one shadow") };
        assert_eq!((shadow.name.as_str(), shadow.version), ("german_credit", 3));
        let expected = match &without.decision.model {
            Some(used) => ShadowAnswer::Scored { probability: used.probability, score: used.score },
            None => ShadowAnswer::Failed("missing_input".to_owned()),
        };
        assert_eq!(shadow.answer, expected);
        assert_eq!(weir_messages::Decision { shadows: Vec::new(), ..with.decision }, without.decision);
    }
}

#[test]
fn a_shadow_that_fails_or_is_late_is_recorded_and_changes_nothing() {
    use crate::engine::tests::failing::{failure, spoilt};
    use crate::engine::tests::late::{LATE, slow};
    let alone = Lineup::of(Arc::new(engine()));
    for (shadow, reason) in [(spoilt(|_, _| Err(failure())), "model_failed"), (slow(LATE).1, "model_late")] {
        let lineup = Lineup { shadows: vec![Arc::new(shadow)], ..alone.clone() };
        let vectors = of_customers(1);
        let (with, without) = (lineup.decide(vectors.clone()).remove(0), alone.decide(vectors).remove(0));
        assert_eq!(with.decision.shadows[0].answer, ShadowAnswer::Failed(reason.to_owned()));
        assert_eq!(weir_messages::Decision { shadows: Vec::new(), ..with.decision }, without.decision);
    }
}

#[test]
fn a_lineup_that_takes_the_place_of_another_divides_no_batch() {
    let current = Arc::new(CurrentLineup::new(Lineup::of(Arc::new(engine()))));
    let held = current.get();
    current.put(Lineup::of(Arc::new(engine_of(&with_version(2)))));
    let version = |lineup: &Lineup| lineup.decide(of_customers(1))[0].decision.model.as_ref().unwrap().version;
    assert_eq!((version(&held), version(&current.get())), (1, 2));
}
