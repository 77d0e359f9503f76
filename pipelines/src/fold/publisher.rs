//! Puts what the stages gave onto the log. After a crash the stages give some of it again: what is on the log already
//! is found there by its source offset, and left out.

use std::sync::Arc;
use std::time::Duration;

use weir_ingest::log::EventLog;
use weir_ingest::state::StateStore;
use weir_messages::{Change, DeadLetter, Decision, Position, Record, Sequenced, Topic};

use super::FoldError;
use super::chain::Folded;

/// Namespace of the publisher's own state: how far each topic reached when the stages were last saved.
pub(crate) const STATE: &str = "publisher.v1";
/// Header of a derived record: where its source stands, as `weir.events/0/17`.
pub(crate) const SOURCE: &str = "source";
/// Header of a decision record: which engine made it.
pub(crate) const ENGINE: &str = "engine";

const PAGE: usize = 1_000;

pub(crate) struct Publisher {
    log: Arc<dyn EventLog>,
    engine: String,
    decisions: Reached,
    dead_letters: Reached,
}

/// A topic, as far as derived records are on it.
struct Reached {
    topic: Topic,
    /// Header that names the source.
    header: &'static str,
    /// Everything from source offsets before this one is on the topic.
    source: u64,
    /// Where the topic ends.
    end: u64,
}

impl Publisher {
    pub(crate) async fn open(log: Arc<dyn EventLog>, store: &StateStore, engine: String) -> Result<Self, FoldError> {
        let saved = store.reader(STATE)?;
        let mut reached = Vec::with_capacity(2);
        for (topic, header) in [(Topic::Decisions, SOURCE), (Topic::DeadLetters, "origin")] {
            let end = saved.get(&[key(topic)])?.pop().flatten().map_or(Ok(0), |bytes| decode(topic, &bytes))?;
            let mut one = Reached { topic, header, source: 0, end };
            one.catch_up(&*log).await?;
            reached.push(one);
        }
        let (Some(dead_letters), Some(decisions)) = (reached.pop(), reached.pop()) else {
            unreachable!("two topics were opened")
        };
        Ok(Self { log, engine, decisions, dead_letters })
    }

    /// Answers when all of it is durable.
    pub(crate) async fn publish(&mut self, folded: &Folded) -> Result<(), FoldError> {
        let engine = &self.engine;
        let decisions = folded.decisions.iter().map(|one| (one.position, decision_record(one, engine)));
        self.decisions.append(&*self.log, decisions.collect()).await?;
        let letters = folded.dead_letters.iter().map(|one: &Sequenced<DeadLetter>| (one.position, (&one.body).into()));
        self.dead_letters.append(&*self.log, letters.collect()).await
    }

    /// How far the topics reach, to be saved with the stages.
    pub(crate) fn snapshot(&self) -> Vec<Change> {
        let change = |one: &Reached| Change { key: key(one.topic), value: Some(one.end.to_be_bytes().to_vec()) };
        vec![change(&self.decisions), change(&self.dead_letters)]
    }
}

impl Reached {
    /// Reads what was published after the stages were last saved.
    async fn catch_up(&mut self, log: &dyn EventLog) -> Result<(), FoldError> {
        loop {
            let from = Position { partition: 0, offset: self.end };
            let entries = log.read(self.topic, from, PAGE, Duration::ZERO).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            self.end = last.position.offset + 1;
            let sources = entries.iter().filter_map(|entry| source_offset(entry.record.header(self.header)?));
            self.source = sources.map(|offset| offset + 1).fold(self.source, u64::max);
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

fn decision_record(decision: &Sequenced<Decision>, engine: &str) -> Record {
    let (body, at) = (&decision.body, decision.position);
    let value = serde_json::to_vec(body).expect("decisions have string keys and finite numbers");
    let mut record = Record { key: body.customer.as_str().to_owned(), headers: Vec::with_capacity(4), value };
    record.push_header("content-type", "application/json");
    record.push_header(SOURCE, format!("{}/{}/{}", Topic::Events, at.partition, at.offset));
    record.push_header(ENGINE, engine);
    if let Some(trace) = body.vector.trace {
        record.push_header("traceparent", trace.traceparent());
    }
    record
}

/// The offset in `weir.events/<partition>/<offset>`; `None` for what came from elsewhere.
fn source_offset(source: &str) -> Option<u64> {
    source.strip_prefix(Topic::Events.name())?.rsplit('/').next()?.parse().ok()
}

fn key(topic: Topic) -> Vec<u8> {
    topic.name().as_bytes().to_vec()
}

fn decode(topic: Topic, bytes: &[u8]) -> Result<u64, FoldError> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| FoldError::Saved { topic })
}
