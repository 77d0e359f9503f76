//! Topics on a broker: planned, created, adjusted, refused.

use super::*;
use crate::log::kafka::test_broker::{PARTITIONS, fresh, with_topics};

fn steps(planned: &[Planned]) -> Vec<&Step> {
    planned.iter().map(|planned| &planned.step).collect()
}

async fn create_with(settings: &KafkaSettings, topic: Topic, partitions: u16) {
    let wanted = wanted_settings(topic, &settings.retention_days);
    create(&admin(settings).unwrap(), &wanted, (&settings.topic(topic), partitions, 1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_topics_are_planned_created_and_then_as_wanted() {
    let Some(settings) = fresh("missing_topics_are_planned_created_and_then_as_wanted") else { return };
    let error = check(&settings).await.unwrap_err().to_string();
    assert_eq!(error, format!("topic {}weir.events: expected a topic of this name, found none", settings.prefix));
    let planned = plan(&settings, 8).await.unwrap();
    assert_eq!(steps(&planned), vec![&Step::Create; 6]);
    assert_eq!(planned[0].to_string(), format!("{}weir.events: create with 8 partitions", settings.prefix));
    assert_eq!(apply(&settings, 8).await.unwrap(), planned);
    assert_eq!(steps(&plan(&settings, 8).await.unwrap()), vec![&Step::AsWanted; 6]);
    let counts: Vec<(Topic, u16)> = check(&settings).await.unwrap().into_iter().collect();
    let expected = Topic::ALL.map(|topic| (topic, if topic == Topic::DeadLetters { 1 } else { 8 }));
    assert_eq!(counts, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_differs_is_adjusted_and_the_operators_own_stay() {
    let Some(settings) = with_topics("a_setting_that_differs_is_adjusted_and_the_operators_own_stay").await else {
        return;
    };
    let name = settings.topic(Topic::Features);
    let (admin, operator) = (admin(&settings).unwrap(), [("retention.ms", "1000"), ("segment.bytes", "1048576")]);
    let altered =
        operator.iter().fold(AlterConfig::new(ResourceSpecifier::Topic(&name)), |altered, (setting, value)| {
            altered.set(setting, value)
        });
    admin.alter_configs(&[altered], &options()).await.unwrap().remove(0).unwrap();
    let planned = apply(&settings, PARTITIONS).await.unwrap().pop().unwrap();
    let text = planned.to_string();
    assert!(text.contains("weir.features: set") && text.contains("retention.ms = 604800000 (is 1000)"), "{text}");
    assert_eq!(plan(&settings, PARTITIONS).await.unwrap()[5].step, Step::AsWanted);
    let current = current_settings(&admin, &name).await.unwrap();
    assert_eq!(current.get("segment.bytes").unwrap().value.as_deref(), Some("1048576"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_count_is_never_changed() {
    let Some(settings) = with_topics("a_partition_count_is_never_changed").await else { return };
    let refused = Step::WrongPartitions { found: PARTITIONS };
    let planned = apply(&settings, 8).await.unwrap();
    let expected = [&refused, &refused, &Step::AsWanted, &Step::AsWanted, &refused, &refused];
    assert_eq!(steps(&planned), expected, "dead letters have one, and intake takes any");
    assert!(planned[0].to_string().contains("has 4 partitions where 8 are wanted"), "{}", planned[0]);
    assert_eq!(check(&settings).await.unwrap()[&Topic::Events], PARTITIONS);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_part_a_customer_from_its_decisions_are_refused_by_name() {
    let test = "counts_that_part_a_customer_from_its_decisions_are_refused_by_name";
    for (topic, count, expected) in [
        (Topic::Decisions, 2, "weir.decisions: expected 4 partitions, found 2"),
        (Topic::Features, 8, "weir.features: expected 4 partitions, found 8"),
        (Topic::DeadLetters, 2, "weir.dead-letters: expected 1 partitions, found 2"),
        (Topic::Events, 3, "weir.events: expected a power of two up to 1024 as its number of partitions, found 3"),
    ] {
        let Some(settings) = fresh(test) else { return };
        create_with(&settings, topic, count).await;
        apply(&settings, PARTITIONS).await.unwrap();
        let error = check(&settings).await.unwrap_err().to_string();
        assert_eq!(error, format!("topic {}{expected}", settings.prefix));
    }
}

#[tokio::test]
async fn a_count_that_no_shard_fits_is_refused_before_any_broker_is_asked() {
    let error = plan(&KafkaSettings::plain("127.0.0.1:1"), 6).await.unwrap_err().to_string();
    assert!(error.contains("expected a power of two up to 1024") && error.ends_with("found 6"), "{error}");
}
