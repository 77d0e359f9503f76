//! What is looked through for repeats after a crash, and what is not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use weir_ingest::log::{EmbeddedLog, Entry};
use weir_ingest::state::StateStore;
use weir_messages::privacy::Keyring;

use super::*;

const LETTERS: Output = Output { topic: Topic::DeadLetters, repeats: Repeats::FoundBySource { header: "origin" } };
const PARTS: Output = Output { topic: Topic::Features, repeats: Repeats::DroppedByReaders };

/// A log that counts what is read of it.
#[derive(Debug)]
struct Counting(EmbeddedLog, AtomicUsize);

#[async_trait]
impl EventLog for Counting {
    async fn append(&self, topic: Topic, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.0.append(topic, records).await
    }

    async fn read(&self, topic: Topic, from: Position, most: usize, wait: Duration) -> Result<Vec<Entry>, LogError> {
        let entries = self.0.read(topic, from, most, wait).await?;
        self.1.fetch_add(entries.len(), Ordering::Relaxed);
        Ok(entries)
    }

    async fn start(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        self.0.start(topic, partition).await
    }

    async fn end(&self, topic: Topic, partition: u16) -> Result<u64, LogError> {
        self.0.end(topic, partition).await
    }

    fn partitions(&self, topic: Topic) -> u16 {
        self.0.partitions(topic)
    }
}

struct Site {
    folder: tempfile::TempDir,
    log: Arc<Counting>,
    store: StateStore,
}

fn from(source: u64) -> FromSource {
    let mut record = Record { key: "c".to_owned(), headers: Vec::new(), value: b"{}".to_vec() };
    record.push_header("origin", format!("weir.events/0/{source}"));
    (source, record)
}

fn others(count: u64) -> Vec<Record> {
    (0..count).map(|_| Record { key: String::new(), headers: Vec::new(), value: Vec::new() }).collect()
}

fn seals() -> Seals {
    let ring = Keyring::new("k1", [("k1".to_owned(), [7; 32])].into()).unwrap();
    Seals::new(Arc::new(ring))
}

impl Site {
    /// With so many events on the log.
    async fn new(events: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(Counting(EmbeddedLog::open(&folder.path().join("log")).unwrap(), AtomicUsize::new(0)));
        log.append(Topic::Events, others(events)).await.unwrap();
        let store = StateStore::open(&folder.path().join("state"), &[STATE.to_owned()]).unwrap();
        Self { folder, log, store }
    }

    async fn open(&self, published: u64) -> Publisher {
        let log = Arc::clone(&self.log) as Arc<dyn EventLog>;
        let source = Source { topic: Topic::Events, partition: 0, published };
        Publisher::open((log, seals()), &*self.store.reader(STATE).unwrap(), source, &[LETTERS, PARTS]).await.unwrap()
    }

    fn save(&self, publisher: &Publisher, next: u64) {
        self.store.save(vec![(STATE.to_owned(), publisher.snapshot())], next).unwrap();
    }

    fn read(&self) -> usize {
        self.log.1.swap(0, Ordering::Relaxed)
    }

    async fn end(&self, topic: Topic) -> u64 {
        self.log.end(topic, 0).await.unwrap()
    }
}

fn folded(topic: Topic, sources: impl IntoIterator<Item = u64>) -> Folded {
    Folded::of(BTreeMap::from([(topic, sources.into_iter().map(from).collect())]))
}

#[tokio::test]
async fn what_was_published_after_the_last_save_is_found_and_left_out() {
    let site = Site::new(10).await;
    let mut publisher = site.open(0).await;
    publisher.publish(&mut folded(Topic::DeadLetters, [0, 1])).await.unwrap();
    site.save(&publisher, 2);
    publisher.publish(&mut folded(Topic::DeadLetters, [3, 4])).await.unwrap();
    site.read();
    let mut again = site.open(2).await;
    assert_eq!(site.read(), 2, "what came before the save is not read");
    again.publish(&mut folded(Topic::DeadLetters, [3, 4, 6])).await.unwrap();
    assert_eq!(site.end(Topic::DeadLetters).await, 5);
    // It died before it saved, and what was found for it must be found again.
    site.save(&site.open(2).await, 2);
    let mut third = site.open(2).await;
    third.publish(&mut folded(Topic::DeadLetters, [3, 4, 6, 7])).await.unwrap();
    assert_eq!(site.end(Topic::DeadLetters).await, 6);
}

#[tokio::test]
async fn an_idle_source_reads_nothing_of_what_others_wrote() {
    let site = Site::new(10).await;
    let publisher = site.open(0).await;
    site.save(&publisher, 10);
    site.log.append(Topic::DeadLetters, others(5_000)).await.unwrap();
    site.read();
    let mut later = site.open(10).await;
    assert_eq!(site.read(), 0);
    later.publish(&mut folded(Topic::DeadLetters, [10])).await.unwrap();
    assert_eq!(site.end(Topic::DeadLetters).await, 5_001);
}

#[tokio::test]
async fn no_more_than_a_stated_number_is_looked_through() {
    let site = Site::new(10).await;
    let mut publisher = site.open(0).await;
    site.save(&publisher, 0);
    publisher.publish(&mut folded(Topic::DeadLetters, [0])).await.unwrap();
    site.log.append(Topic::DeadLetters, others(MAX_LOOKED_AT + 3_000)).await.unwrap();
    site.read();
    let mut later = site.open(0).await;
    assert!(site.read() as u64 <= MAX_LOOKED_AT);
    let before = site.end(Topic::DeadLetters).await;
    later.publish(&mut folded(Topic::DeadLetters, [0, 1])).await.unwrap();
    assert_eq!(site.end(Topic::DeadLetters).await, before + 1, "its own stand right behind the save");
}

#[tokio::test]
async fn what_is_known_to_be_published_is_published_no_more() {
    let site = Site::new(10).await;
    let mut publisher = site.open(5).await;
    for topic in [Topic::DeadLetters, Topic::Features] {
        publisher.publish(&mut folded(topic, 0..8)).await.unwrap();
        assert_eq!(site.end(topic).await, 3, "{topic}");
    }
    publisher.publish(&mut folded(Topic::Features, [7])).await.unwrap();
    assert_eq!(site.end(Topic::Features).await, 4, "readers drop what comes twice");
}

#[tokio::test]
async fn a_record_of_an_offset_that_has_none_after_it_hides_nothing() {
    let site = Site::new(10).await;
    site.save(&site.open(0).await, 0);
    site.log.append(Topic::DeadLetters, vec![from(u64::MAX).1]).await.unwrap();
    let mut later = site.open(0).await;
    later.publish(&mut folded(Topic::DeadLetters, [1])).await.unwrap();
    assert_eq!(site.end(Topic::DeadLetters).await, 2);
}

#[tokio::test]
async fn a_record_for_a_topic_that_is_not_declared_is_refused() {
    let site = Site::new(1).await;
    let mut publisher = site.open(0).await;
    let error = publisher.publish(&mut folded(Topic::EntityEvents, [0])).await.unwrap_err();
    assert!(error.to_string().contains("a record for weir.entity-events"), "{error}");
}

#[tokio::test]
async fn what_an_earlier_release_saved_is_read() {
    let site = Site::new(10).await;
    let old = Change { key: key(Topic::DeadLetters), value: Some(3_u64.to_be_bytes().to_vec()) };
    site.store.save(vec![(STATE.to_owned(), vec![old])], 2).unwrap();
    site.log.append(Topic::DeadLetters, others(3)).await.unwrap();
    site.log.append(Topic::DeadLetters, vec![from(4).1]).await.unwrap();
    site.read();
    let mut publisher = site.open(2).await;
    assert_eq!(site.read(), 1);
    publisher.publish(&mut folded(Topic::DeadLetters, [4, 5])).await.unwrap();
    assert_eq!(site.end(Topic::DeadLetters).await, 5);
    drop(site.folder);
}
