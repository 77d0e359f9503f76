//! Members of a group on stores of their own kind, two threads in each of two processes' folders, over a broker that
//! stands still and goes on: however slow openings are, the group settles, each partition has one holder, and every
//! record is in its state once.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use weir_ingest::log::kafka::group::{Group, Member, MemberError, Running};
use weir_ingest::log::kafka::{KafkaLog, KafkaSettings, topics};
use weir_ingest::log::{Entry, EventLog};
use weir_ingest::state::StateStore;
use weir_messages::{Change, Position, Record, Topic, TraceId};

const PARTITIONS: u16 = 4;
const TOPIC: Topic = Topic::Events;
const STAGE: &str = "count.v1";
/// With a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// Silence after which a group gives a member up: two openings take longer, and so does the broker's standstill.
const SESSION: u32 = 6_000;
const ROUNDS: u64 = 100;

/// The partitions that members hold, and by how many of them each is held.
type Holders = Arc<Mutex<BTreeMap<u16, usize>>>;

/// Counts the records of each partition, in a store that its process has once.
struct Counter {
    folder: PathBuf,
    held: BTreeMap<u16, (StateStore, u64)>,
    holders: Holders,
    /// Milliseconds that an opening takes.
    opening: Arc<AtomicU64>,
}

impl Counter {
    fn close(&mut self, partition: u16) {
        self.held.remove(&partition);
        *self.holders.lock().unwrap().get_mut(&partition).unwrap() -= 1;
    }
}

impl Member for Counter {
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError> {
        std::thread::sleep(Duration::from_millis(self.opening.load(Ordering::Relaxed)));
        let store = StateStore::open(&self.folder.join(partition.to_string()), &[STAGE.to_owned()])
            .inspect_err(|error| assert!(!format!("{error:?}").contains("Locked"), "{partition} is open elsewhere"))?;
        let next = store.next_offset()?;
        self.held.insert(partition, (store, next));
        *self.holders.lock().unwrap().entry(partition).or_default() += 1;
        Ok(next)
    }

    fn take(&mut self, partition: u16, entries: Vec<Entry>) -> Result<(), MemberError> {
        let (store, next) = self.held.get_mut(&partition).unwrap();
        for entry in &entries {
            assert_eq!(entry.position.offset, *next, "partition {partition}");
            *next += 1;
        }
        let change = Change { key: b"count".to_vec(), value: Some(next.to_string().into_bytes()) };
        Ok(store.save(vec![(STAGE.to_owned(), vec![change])], *next)?)
    }

    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        let position =
            |(partition, (_, next)): (&u16, &(StateStore, u64))| Position { partition: *partition, offset: *next };
        Ok(self.held.iter().map(position).collect())
    }

    fn revoked(&mut self, partition: u16) {
        self.close(partition);
    }

    fn lost(&mut self, partition: u16) {
        self.close(partition);
    }
}

struct Site {
    log: KafkaLog,
    groups: [Group; 2],
    holders: Holders,
    opening: Arc<AtomicU64>,
    folder: tempfile::TempDir,
    /// Removed in the end, with its broker's topics.
    servers: String,
    appended: u64,
}

impl Site {
    /// None, said aloud, where there is no broker of the test's own.
    async fn new(test: &str) -> Option<Self> {
        let (Ok(brokers), Ok(servers)) = (std::env::var("WEIR_TEST_KAFKA"), std::env::var("WEIR_TEST_SERVERS")) else {
            let why = "WEIR_TEST_KAFKA and WEIR_TEST_SERVERS are not set";
            assert!(std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"), "{test}: {why}");
            std::io::stderr().write_all(format!("SKIPPED: {test} ({why})\n").as_bytes()).unwrap();
            return None;
        };
        let prefix = format!("test-{}.", TraceId::random());
        let limits = KafkaSettings::plain(brokers);
        let settings = KafkaSettings { prefix, session_timeout_ms: SESSION, max_poll_interval_ms: SESSION, ..limits };
        topics::apply(&settings, PARTITIONS).await.unwrap();
        let groups = [(); 2].map(|()| Group::new(&settings, TOPIC, "counters"));
        let log = KafkaLog::open(&settings).await.unwrap();
        let (holders, opening) = (Holders::default(), Arc::new(AtomicU64::new(0)));
        Some(Self { log, groups, holders, opening, folder: tempfile::tempdir().unwrap(), servers, appended: 0 })
    }

    fn member(&self, process: usize) -> Running {
        let counter = Counter {
            folder: self.folder.path().join(process.to_string()),
            held: BTreeMap::new(),
            holders: Arc::clone(&self.holders),
            opening: Arc::clone(&self.opening),
        };
        self.groups[process].join(Box::new(counter)).unwrap()
    }

    fn servers(&self, order: &str) {
        let script = std::path::Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../scripts/servers");
        let done = Command::new(script).args([order, "kafka", &self.servers]).status().unwrap();
        assert!(done.success(), "scripts/servers {order} kafka");
    }

    async fn append(&mut self) {
        let key =
            |key| Record { key: format!("k{key}"), headers: Vec::new(), value: self.appended.to_string().into_bytes() };
        self.log.append(TOPIC, (0..100).map(key).collect()).await.unwrap();
        self.appended += 1;
    }

    /// Stands the broker still for so long.
    fn freeze(&self, standstill: Duration) {
        self.servers("freeze");
        std::thread::sleep(standstill);
        self.servers("thaw");
    }

    /// Waits until every partition has one holder, none waits, and all records are in the state.
    async fn settle(&self) -> Duration {
        let (began, mut since) = (Instant::now(), Instant::now());
        // For longer than a session, after which whoever is out without knowing is told.
        while since.elapsed() < Duration::from_millis(u64::from(SESSION) + 1_000) {
            assert!(began.elapsed() < PATIENCE, "it never settles: {:?}", self.holders.lock().unwrap());
            if !self.is_settled() {
                since = Instant::now();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        since.duration_since(began)
    }

    fn is_settled(&self) -> bool {
        let holders = self.holders.lock().unwrap();
        let held = (0..PARTITIONS).all(|partition| holders.get(&partition) == Some(&1));
        held && self.groups.iter().all(|group| group.waiting().partitions == 0)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // Where the test failed while it stood still.
        self.servers("thaw");
    }
}

/// So many times: openings of a length and a standstill, both drawn from the seed.
async fn rounds(test: &str, seed: u64, rounds: impl Iterator<Item = (u64, u64)>) {
    let Some(mut site) = Site::new(test).await else { return };
    let mut members: Vec<Running> = [0, 0, 1, 1].into_iter().map(|process| site.member(process)).collect();
    site.append().await;
    site.settle().await;
    for (round, (opening, standstill)) in rounds.enumerate() {
        site.opening.store(opening, Ordering::Relaxed);
        site.append().await;
        tokio::task::block_in_place(|| site.freeze(Duration::from_millis(standstill)));
        let took = site.settle().await;
        site.append().await;
        let told = format!(
            "seed {seed} round {round}: openings {opening} ms, standstill {standstill} ms, settled in {took:?}\n"
        );
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        assert!(members.iter().all(Running::alive));
    }
    site.opening.store(0, Ordering::Relaxed);
    site.settle().await;
    members.iter().for_each(Running::stop);
    tokio::task::block_in_place(|| members.drain(..).for_each(|member| member.join().unwrap()));
    for partition in 0..PARTITIONS {
        let end = site.log.end(TOPIC, partition).await.unwrap();
        let folded = [0, 1].map(|process| {
            let folder = site.folder.path().join(process.to_string()).join(partition.to_string());
            StateStore::open(&folder, &[STAGE.to_owned()]).unwrap().next_offset().unwrap()
        });
        assert!(folded.contains(&end), "partition {partition} ends at {end}, and is folded to {folded:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_settles_after_its_broker_stood_still() {
    // Together two openings take longer than the poll interval, and the standstill is longer than a session.
    rounds("a_group_settles_after_its_broker_stood_still", 0, std::iter::once((3_500, 8_000))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: see `make test-long`"]
async fn a_group_settles_after_its_broker_stood_still_a_hundred_times() {
    let seed = std::env::var("WEIR_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let rounds_of = std::env::var("WEIR_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let mut state: u64 = seed;
    let mut draw = move |most: u64| {
        // Knuth's MMIX generator.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    let drawn = (0..rounds_of).map(|_| (draw(4_500), 1_000 + draw(9_000)));
    rounds("a_group_settles_after_its_broker_stood_still_a_hundred_times", seed, drawn).await;
}
