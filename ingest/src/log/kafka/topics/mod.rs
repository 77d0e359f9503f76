//! The topics there must be: compared with those there are, created, adjusted, and checked by each process at its start.
//! A partition count is never changed: it would move customers away from what came before.

mod retention;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigResource, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use weir_messages::{Shard, Topic};

pub use retention::{Kept, RetentionDays};

use crate::log::kafka::KafkaSettings;
use crate::log::kafka::client::{ANSWER, BrokerError, Logged};

/// The largest record, in bytes: the largest HTTP body, sealed and in Base64, and more than it.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// A topic that is wanted, and what is to be done for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// As the brokers know it.
    pub name: String,
    pub partitions: u16,
    pub step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Create,
    AsWanted,
    /// Nothing is done to this topic. Only a new one can have another count.
    WrongPartitions {
        found: u16,
    },
    Adjust(Vec<Difference>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub setting: &'static str,
    pub found: String,
    pub wanted: String,
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, partitions, step } = self;
        match step {
            Step::Create => write!(f, "{name}: create with {partitions} partitions"),
            Step::AsWanted => write!(f, "{name}: as wanted"),
            Step::WrongPartitions { found } => {
                write!(f, "{name}: has {found} partitions where {partitions} are wanted, which cannot be changed")
            }
            Step::Adjust(differences) => {
                write!(f, "{name}: set")?;
                differences.iter().try_for_each(|Difference { setting, found, wanted }| {
                    write!(f, " {setting} = {wanted} (is {found})")
                })
            }
        }
    }
}

/// The count of partitions of each topic when the events have `partitions`.
const fn wanted_partitions(topic: Topic, partitions: u16) -> u16 {
    match topic {
        Topic::DeadLetters => 1,
        Topic::Events | Topic::Decisions | Topic::Intake | Topic::EntityEvents | Topic::Features => partitions,
    }
}

type WantedSettings = [(&'static str, String); 4];

fn wanted_settings(topic: Topic, retention: &RetentionDays) -> WantedSettings {
    [
        ("cleanup.policy", "delete".to_owned()),
        ("max.message.bytes", MOST_BYTES.to_string()),
        ("retention.bytes", "-1".to_owned()),
        ("retention.ms", retention.of(topic).retention_ms()),
    ]
}

/// What would have to be done so that there are `partitions` of the events, a power of two up to 1,024.
pub async fn plan(settings: &KafkaSettings, partitions: u16) -> Result<Vec<Planned>, BrokerError> {
    check_count("the partition count asked for", partitions)?;
    let (found, admin) = (counts(settings).await?, admin(settings)?);
    let mut planned = Vec::new();
    for topic in Topic::ALL {
        let (name, partitions) = (settings.topic(topic), wanted_partitions(topic, partitions));
        let step = match found.get(&name) {
            None => Step::Create,
            // Whoever writes into it chooses partitions by any rule.
            Some(count) if *count != partitions && topic != Topic::Intake => Step::WrongPartitions { found: *count },
            Some(_) => {
                compare(&wanted_settings(topic, &settings.retention_days), &current_settings(&admin, &name).await?)
            }
        };
        planned.push(Planned { name, partitions, step });
    }
    Ok(planned)
}

/// Creates what is missing and adjusts settings; answers what it did, and what it refused to do.
pub async fn apply(settings: &KafkaSettings, partitions: u16) -> Result<Vec<Planned>, BrokerError> {
    let (planned, admin) = (plan(settings, partitions).await?, admin(settings)?);
    let replication = settings.replication.map_or(-1, i32::from);
    let wanted = |topic| wanted_settings(topic, &settings.retention_days);
    for (topic, Planned { name, partitions, step }) in Topic::ALL.into_iter().zip(&planned) {
        match step {
            Step::Create => create(&admin, &wanted(topic), (name, *partitions, replication)).await?,
            Step::Adjust(_) => adjust(&admin, &wanted(topic), name).await?,
            Step::AsWanted | Step::WrongPartitions { .. } => {}
        }
    }
    until_all_are_known(settings).await?;
    Ok(planned)
}

/// A new topic takes a moment to be known to every broker.
async fn until_all_are_known(settings: &KafkaSettings) -> Result<(), BrokerError> {
    let started = Instant::now();
    loop {
        let found = counts(settings).await?;
        match Topic::ALL.map(|topic| settings.topic(topic)).into_iter().find(|name| !found.contains_key(name)) {
            Some(name) if started.elapsed() > ANSWER => return Err(missing(name)),
            Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            None => return Ok(()),
        }
    }
}

/// The partition count of each topic, when they are such that a customer is in the same partition of all of them.
pub async fn check(settings: &KafkaSettings) -> Result<BTreeMap<Topic, u16>, BrokerError> {
    let found = counts(settings).await?;
    let mut checked = BTreeMap::new();
    for topic in Topic::ALL {
        let name = settings.topic(topic);
        let Some(count) = found.get(&name) else { return Err(missing(name)) };
        check_count(&name, *count)?;
        checked.insert(topic, *count);
    }
    let events = checked[&Topic::Events];
    for (topic, expected) in [(Topic::Features, events), (Topic::Decisions, events), (Topic::DeadLetters, 1)] {
        if checked[&topic] != expected {
            let expected = format!("{expected} partitions");
            return Err(BrokerError::Topic {
                topic: settings.topic(topic),
                expected,
                found: checked[&topic].to_string(),
            });
        }
    }
    Ok(checked)
}

fn missing(topic: String) -> BrokerError {
    BrokerError::Topic { topic, expected: "a topic of this name".to_owned(), found: "none".to_owned() }
}

fn check_count(topic: &str, found: u16) -> Result<(), BrokerError> {
    if found.is_power_of_two() && found <= Shard::COUNT {
        return Ok(());
    }
    let expected = format!("a power of two up to {} as its number of partitions", Shard::COUNT);
    Err(BrokerError::Topic { topic: topic.to_owned(), expected, found: found.to_string() })
}

/// Every topic of the brokers with its number of partitions. Asked for all at once, as asking for one may create it.
async fn counts(settings: &KafkaSettings) -> Result<BTreeMap<String, u16>, BrokerError> {
    let client = settings.client();
    let asked = tokio::task::spawn_blocking(move || {
        let consumer =
            BaseConsumer::from_config_and_context(&client, Logged).map_err(BrokerError::refused("a client"))?;
        let metadata = consumer.fetch_metadata(None, ANSWER).map_err(BrokerError::silent)?;
        let count =
            |topic: &rdkafka::metadata::MetadataTopic| u16::try_from(topic.partitions().len()).unwrap_or(u16::MAX);
        Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), count(topic))).collect())
    });
    asked.await.expect("it does not panic")
}

fn admin(settings: &KafkaSettings) -> Result<AdminClient<Logged>, BrokerError> {
    AdminClient::from_config_and_context(&settings.client(), Logged).map_err(BrokerError::refused("a client"))
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER)).operation_timeout(Some(ANSWER))
}

async fn current_settings(admin: &AdminClient<Logged>, name: &str) -> Result<ConfigResource, BrokerError> {
    let refused = || format!("to tell the settings of {name}");
    let answer = admin.describe_configs(&[ResourceSpecifier::Topic(name)], &options()).await;
    let mut answer = answer.map_err(BrokerError::refused(refused()))?;
    let one = answer.pop().ok_or_else(|| missing(name.to_owned()))?;
    one.map_err(|code| BrokerError::refused(refused())(KafkaError::AdminOp(code)))
}

fn compare(wanted: &WantedSettings, current: &ConfigResource) -> Step {
    let differences = wanted.iter().filter_map(|(setting, wanted)| {
        let found = current.get(setting).and_then(|entry| entry.value.clone()).unwrap_or_default();
        (found != *wanted).then(|| Difference { setting, found, wanted: wanted.clone() })
    });
    let differences: Vec<Difference> = differences.collect();
    if differences.is_empty() { Step::AsWanted } else { Step::Adjust(differences) }
}

async fn create(
    admin: &AdminClient<Logged>,
    settings: &WantedSettings,
    (name, partitions, replication): (&str, u16, i32),
) -> Result<(), BrokerError> {
    let new = NewTopic::new(name, i32::from(partitions), TopicReplication::Fixed(replication));
    let new = settings.iter().fold(new, |new, (setting, value)| new.set(setting, value));
    let refused = || format!("to create {name}");
    let answer = admin.create_topics(&[new], &options()).await.map_err(BrokerError::refused(refused()))?;
    match answer.into_iter().next() {
        // Another process was quicker with the same plan; `check` tells if it was not the same.
        None | Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(()),
        Some(Err((_, code))) => Err(BrokerError::refused(refused())(KafkaError::AdminOp(code))),
    }
}

/// The brokers reset what is not named, so the topic's other settings are named as they are.
async fn adjust(admin: &AdminClient<Logged>, wanted: &WantedSettings, name: &str) -> Result<(), BrokerError> {
    let current = current_settings(admin, name).await?;
    let own = current.entries.iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
    let kept = own.filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)));
    let mut all: BTreeMap<&str, &str> = kept.collect();
    all.extend(wanted.iter().map(|(setting, value)| (*setting, value.as_str())));
    let altered =
        all.into_iter().fold(AlterConfig::new(ResourceSpecifier::Topic(name)), |altered, (setting, value)| {
            altered.set(setting, value)
        });
    let refused = || format!("to change the settings of {name}");
    let answer = admin.alter_configs(&[altered], &options()).await.map_err(BrokerError::refused(refused()))?;
    match answer.into_iter().next() {
        None | Some(Ok(_)) => Ok(()),
        Some(Err((_, code))) => Err(BrokerError::refused(refused())(KafkaError::AdminOp(code))),
    }
}
