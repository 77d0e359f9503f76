//! What comes out of a chain: records by the topic they go to, and what the process itself is told of them.

use std::collections::BTreeMap;

use weir_ingest::dead_letters::{KeysUnavailable, Seals};
use weir_messages::{DeadLetter, KnownTime, Place, Position, Record, Sequenced, Topic, Unsealed};
use weir_scoring::Decided;

/// Header of a decision record: which engine made it.
pub(crate) const ENGINE: &str = "engine";
/// Headers of a decision and of a dead letter that name the source, as `weir.events/0/17`.
const SOURCE: &str = "source";
const ORIGIN: &str = "origin";
/// Bytes of most decisions: what is larger grows from here.
const USUAL_SIZE: usize = 8_192;

/// A topic that a chain writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Output {
    pub topic: Topic,
    pub repeats: Repeats,
}

/// After a crash a chain gives some of its records again. Who tells them from new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// The publisher: it finds them on the topic by the source that this header names, and leaves them out. They lie in
    /// the partition of the source's number, or in the topic's only one.
    FoundBySource { header: &'static str },
    /// The readers: they drop what does not lie beyond the highest source that they have seen.
    DroppedByReaders,
}

pub(super) const DECISIONS: Output =
    Output { topic: Topic::Decisions, repeats: Repeats::FoundBySource { header: SOURCE } };
pub(super) const DEAD_LETTERS: Output =
    Output { topic: Topic::DeadLetters, repeats: Repeats::FoundBySource { header: ORIGIN } };
pub(super) const ENTITY_EVENTS: Output = Output { topic: Topic::EntityEvents, repeats: Repeats::DroppedByReaders };
pub(super) const FEATURES: Output = Output { topic: Topic::Features, repeats: Repeats::DroppedByReaders };

/// A record, or what becomes one, and the offset of the source record that it came out of.
pub(crate) type FromSource<T = Record> = (u64, T);

/// What came out of a batch, in the order of its source, and the newest moment at which any of it became known.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    outputs: BTreeMap<Topic, Vec<FromSource>>,
    letters: Vec<FromSource<DeadLetter<Unsealed>>>,
    pub decisions: Vec<Decided>,
    /// Where each came from, and its class.
    pub dead_letters: Vec<(String, String)>,
    pub newest: Option<KnownTime>,
}

impl Folded {
    pub(super) fn push(&mut self, topic: Topic, source: Position, record: Record) {
        self.outputs.entry(topic).or_default().push((source.offset, record));
    }

    /// `source` is the topic whose records were decided on.
    pub(super) fn decided(&mut self, source: Topic, decisions: Vec<Sequenced<Decided>>) {
        for one in decisions {
            self.push(DECISIONS.topic, one.position, decision_record(&one, source));
            self.decisions.push(one.body);
        }
    }

    pub(super) fn refused(&mut self, letter: Sequenced<DeadLetter<Unsealed>>) {
        self.dead_letters.push((letter.body.origin.clone(), letter.body.class.clone()));
        self.letters.push((letter.position.offset, letter.body));
    }

    #[cfg(test)]
    pub(crate) fn of(outputs: BTreeMap<Topic, Vec<FromSource>>) -> Self {
        Self { outputs, ..Self::default() }
    }

    /// The records of one topic.
    #[cfg(test)]
    pub(super) fn take(&mut self, topic: Topic) -> Vec<Record> {
        self.outputs.remove(&topic).unwrap_or_default().into_iter().map(|(_, record)| record).collect()
    }

    /// The records of each topic, dead letters sealed among them, which are then no longer here.
    pub(crate) async fn take_outputs(
        &mut self,
        seals: &Seals,
    ) -> Result<BTreeMap<Topic, Vec<FromSource>>, KeysUnavailable> {
        let (sources, letters): (Vec<u64>, Vec<_>) = std::mem::take(&mut self.letters).into_iter().unzip();
        if !letters.is_empty() {
            let sealed = seals.seal(letters).await?;
            self.outputs.insert(DEAD_LETTERS.topic, sources.into_iter().zip(sealed.iter().map(Record::from)).collect());
        }
        Ok(std::mem::take(&mut self.outputs))
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
