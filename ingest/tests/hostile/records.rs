//! What is read from topics and from the state of the first stage: no panic whatever it says, what reads is written as
//! it was read, and the first stage gives the same whatever its batches and restarts.

use std::collections::BTreeMap;

use weir_ingest::admission::{Admission, Passed};
use weir_ingest::log::Entry;
use weir_messages::{
    Change, DeadLetter, Decision, Derived, Event, ForEntity, Part, Position, Record, Sequenced, Stage, StageError,
    StateReader, Topic, TraceId, Unsealed, decode_json,
};

use crate::blocks::records;
use crate::collector::{Site, wait_for};

pub(crate) fn try_out(bytes: &[u8]) {
    let (mut events, mut letters, mut saved) = (Vec::new(), Vec::new(), Saved::default());
    for (place, record) in records(bytes) {
        match place.as_str() {
            "weir.events" => events.push(record),
            "weir.dead-letters" => letters.push(record),
            "weir.intake" => intake(record),
            "weir.decisions" => decision(&record.value),
            "weir.entity-events" => reads_back::<ForEntity>(&record),
            "weir.features" => reads_back::<Part>(&record),
            "state" => drop(saved.0.insert(record.key.into_bytes(), record.value)),
            _ => {}
        }
    }
    admission(&events, saved);
    dead_letters(letters);
}

fn intake(record: Record) {
    let entry = Entry { position: Position { partition: 0, offset: 3 }, record };
    let answers = wait_for(Site::new().collector.collect_records(&[entry])).unwrap();
    assert_eq!(answers.len(), 1);
}

fn decision(json: &[u8]) {
    let Ok(decision) = decode_json::<Decision>(json) else { return };
    let written = serde_json::to_vec(&decision).unwrap();
    let read: Decision = decode_json(&written).unwrap();
    assert_eq!(serde_json::to_vec(&read).unwrap(), written, "a decision is compared to the byte");
}

/// As text: no NaN is equal to another.
fn reads_back<T>(record: &Record)
where
    T: std::fmt::Debug,
    for<'a> Derived<T>: TryFrom<&'a Record, Error: std::fmt::Debug>,
    for<'a> Record: From<&'a Derived<T>>,
{
    let Ok(derived) = Derived::<T>::try_from(record) else { return };
    let written = Record::from(&derived);
    let read = Derived::<T>::try_from(&written).unwrap();
    assert_eq!(format!("{read:?}"), format!("{derived:?}"));
}

/// What is saved of a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Saved(pub(crate) BTreeMap<Vec<u8>, Vec<u8>>);

impl Saved {
    fn apply(&mut self, changes: Vec<Change>) {
        for Change { key, value } in changes {
            match value {
                Some(value) => drop(self.0.insert(key, value)),
                None => drop(self.0.remove(&key)),
            }
        }
    }
}

impl StateReader for Saved {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StageError> {
        Ok(keys.iter().map(|key| self.0.get(key).cloned()).collect())
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StageError> {
        let found = self.0.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// Over what was saved before: all at once, and one by one with a restart before each.
fn admission(events: &[Record], saved: Saved) {
    let place = |(offset, record): (u64, &Record)| Sequenced::first(Position { partition: 0, offset }, record.clone());
    let batch: Vec<_> = (0..).zip(events).map(place).collect();
    let mut stage = Admission::new(1);
    let damaged = !saved.0.is_empty();
    if stage.restore(Box::new(saved.clone())).is_err() {
        assert!(damaged);
        return;
    }
    let mut together = Vec::new();
    let whole = stage.process(&batch, &mut together);
    stage.snapshot();
    for one in &together {
        match &one.body {
            Passed::Event(admitted) => {
                let record = Record::from(&admitted.event);
                let read = Event::try_from(&record).unwrap();
                assert_eq!(format!("{read:?}"), format!("{:?}", admitted.event));
            }
            Passed::DeadLetter(letter) => sealed(letter),
        }
    }
    let (mut alone, mut kept) = (Vec::new(), saved);
    for one in batch {
        let mut stage = Admission::new(1);
        stage.restore(Box::new(kept.clone())).unwrap_or_else(|error| assert!(damaged, "{error}"));
        if let Err(error) = stage.consume(vec![one], &mut alone) {
            assert!(damaged && whole.is_err(), "{error}");
            return;
        }
        kept.apply(stage.snapshot());
    }
    if !damaged {
        assert_eq!(format!("{alone:?}"), format!("{together:?}"), "batches or restarts change what comes out");
    }
}

fn sealed(letter: &DeadLetter<Unsealed>) {
    let site = Site::new();
    let sealed = wait_for(site.seals.seal(vec![letter.clone()])).unwrap().remove(0);
    assert_eq!(DeadLetter::try_from(&Record::from(&sealed)).unwrap(), sealed);
    site.log.put(Topic::DeadLetters, vec![Record::from(&sealed)]);
    wait_for(site.letters.show(0)).unwrap();
}

/// As they are, and with their value sealed, so that what was refused is read too.
fn dead_letters(letters: Vec<Record>) {
    let site = Site::new();
    for mut record in letters {
        site.log.put(Topic::DeadLetters, vec![record.clone()]);
        if let Ok(letter) = DeadLetter::try_from(&record) {
            let body = Unsealed { bytes: std::mem::take(&mut record.value), subject: None };
            let sealed = wait_for(site.seals.seal(vec![letter.with(body)])).unwrap().remove(0);
            site.log.put(Topic::DeadLetters, vec![Record::from(&sealed)]);
        }
    }
    wait_for(async {
        site.letters.list(0, 100).await.ok();
        for offset in 0..site.log.records(Topic::DeadLetters).len() {
            let offset = offset.try_into().unwrap();
            site.letters.show(offset).await.ok();
            site.letters.replay(offset, TraceId::random()).await.ok();
        }
    });
}
