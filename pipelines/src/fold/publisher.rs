//! Puts what the stages gave onto the log. After a crash the stages give some of it again: decisions and dead letters
//! that are on the log already are found there by their source, and left out. What is shuffled to other stages is sent
//! again, as its readers drop repeats.

use std::sync::Arc;
use std::time::Duration;

use weir_ingest::log::EventLog;
use weir_ingest::state::StateStore;
use weir_messages::{Change, Place, Position, Record, Sequenced, Topic};
use weir_scoring::Decided;

use super::FoldError;
use super::chain::Folded;

/// Namespace of the publisher's own state: how far each topic reached when the stages were last saved.
pub(crate) const STATE: &str = "publisher.v1";
/// Header of a decision record: which engine made it.
pub(crate) const ENGINE: &str = "engine";
/// Headers of a decision and of a dead letter that name the source, as `weir.events/0/17`.
const SOURCE: &str = "source";
const ORIGIN: &str = "origin";

const PAGE: usize = 1_000;
/// Bytes of most decisions: what is larger grows from here.
const USUAL_SIZE: usize = 8_192;

pub(crate) struct Publisher {
    log: Arc<dyn EventLog>,
    /// The topic of the sources.
    source: Topic,
    decisions: Reached,
    dead_letters: Reached,
}

/// A partition of a topic, as far as records derived from one source partition are on it.
struct Reached {
    topic: Topic,
    partition: u16,
    /// Header that names the source.
    header: &'static str,
    /// Everything from source offsets before this one is on the topic.
    source: u64,
    /// Where the topic ends.
    end: u64,
}

impl Publisher {
    /// For what comes out of one partition of `source`. Its decisions lie in the partition of the same number, as both
    /// are on the customer's key.
    pub(crate) async fn open(
        log: Arc<dyn EventLog>,
        store: &StateStore,
        (source, partition): (Topic, u16),
    ) -> Result<Self, FoldError> {
        let saved = store.reader(STATE)?;
        let open = async |topic, partition_of_it, header| {
            let end = saved.get(&[key(topic)])?.pop().flatten().map_or(Ok(0), |bytes| decode(topic, &bytes))?;
            let mut one = Reached { topic, partition: partition_of_it, header, source: 0, end };
            one.catch_up(&*log, (source, partition)).await?;
            Ok::<_, FoldError>(one)
        };
        let decisions = open(Topic::Decisions, partition, SOURCE).await?;
        let dead_letters = open(Topic::DeadLetters, 0, ORIGIN).await?;
        Ok(Self { log, source, decisions, dead_letters })
    }

    /// Answers when all of it is durable.
    pub(crate) async fn publish(&mut self, folded: &mut Folded) -> Result<(), FoldError> {
        let (source, log) = (self.source, &*self.log);
        let shuffled = shuffled(log, std::mem::take(&mut folded.shuffled));
        let decided = folded.decisions.iter().map(|one| (one.position, decision_record(one, source))).collect();
        let letters = folded.dead_letters.iter().map(|one| (one.position, Record::from(&one.body))).collect();
        let decided = self.decisions.append(log, decided);
        let letters = self.dead_letters.append(log, letters);
        let (shuffled, decided, letters) = tokio::join!(shuffled, decided, letters);
        shuffled.and(decided).and(letters)
    }

    /// How far the topics reach, to be saved with the stages.
    pub(crate) fn snapshot(&self) -> Vec<Change> {
        let change = |one: &Reached| Change { key: key(one.topic), value: Some(one.end.to_be_bytes().to_vec()) };
        vec![change(&self.decisions), change(&self.dead_letters)]
    }
}

/// Each topic in order; the topics side by side.
async fn shuffled(log: &dyn EventLog, records: Vec<(Topic, Record)>) -> Result<(), FoldError> {
    let (entities, rest): (Vec<_>, Vec<_>) = records.into_iter().partition(|(topic, _)| *topic == Topic::EntityEvents);
    let append = |topic, records: Vec<(Topic, Record)>| {
        log.append(topic, records.into_iter().map(|(_, record)| record).collect())
    };
    let (entities, rest) = tokio::join!(append(Topic::EntityEvents, entities), append(Topic::Features, rest));
    Ok(entities.and(rest).map(drop)?)
}

impl Reached {
    /// Reads what was published after the stages were last saved.
    async fn catch_up(&mut self, log: &dyn EventLog, (source, partition): (Topic, u16)) -> Result<(), FoldError> {
        loop {
            let from = Position { partition: self.partition, offset: self.end };
            let entries = log.read(self.topic, from, PAGE, Duration::ZERO).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            self.end = last.position.offset + 1;
            let places = entries.iter().filter_map(|entry| entry.record.header(self.header)?.parse::<Place>().ok());
            let own = places.filter(|place| (place.topic, place.position.partition) == (source, partition));
            self.source = own.map(|place| place.position.offset + 1).fold(self.source, u64::max);
        }
    }

    async fn append(&mut self, log: &dyn EventLog, derived: Vec<(Position, Record)>) -> Result<(), FoldError> {
        let new = derived.into_iter().filter(|(source, _)| source.offset >= self.source);
        let records: Vec<Record> = new.map(|(_, record)| record).collect();
        if records.is_empty() {
            return Ok(());
        }
        if let Some(last) = log.append(self.topic, records).await?.last() {
            self.end = last.offset + 1;
        }
        Ok(())
    }
}

fn decision_record(decided: &Sequenced<Decided>, source: Topic) -> Record {
    let Decided { decision: body, engine } = &decided.body;
    let mut value = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut value, body).expect("decisions have string keys and finite numbers");
    let mut record = Record { key: body.customer.as_str().to_owned(), headers: Vec::with_capacity(4), value };
    record.push_header("content-type", "application/json");
    record.push_header(SOURCE, Place::new(source, decided.position).to_string());
    record.push_header(ENGINE, &**engine);
    if let Some(trace) = body.vector.trace {
        record.push_header("traceparent", trace.traceparent());
    }
    record
}

fn key(topic: Topic) -> Vec<u8> {
    topic.name().as_bytes().to_vec()
}

fn decode(topic: Topic, bytes: &[u8]) -> Result<u64, FoldError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| FoldError::Saved { topic })
}
