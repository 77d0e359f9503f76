//! From the application on the log to the decision on the log, beside a bare chain of as many hops in the same run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::runtime::Handle;
use weir_ingest::log::Entry;
use weir_ingest::log::kafka::group::{Group, Member, MemberError};
use weir_messages::{Position, Record, Topic};
use weir_scoring::CurrentLineup;

use super::Installation;
use crate::bench::failed;
use crate::bench::made_up::{acquainted, application};
use crate::content::Content;
use crate::demo::DemoError;
use crate::demo::figures::Latencies;

/// Topics on the way: the bare chain takes the same.
const WAY: [Topic; 4] = [Topic::Events, Topic::EntityEvents, Topic::Features, Topic::Decisions];
const PATIENCE: Duration = Duration::from_secs(20);

/// Does something with each batch, from the start of the topic, and keeps nothing.
struct Each<F>(F);

impl<F: FnMut(Vec<Entry>) -> Result<(), MemberError> + Send> Member for Each<F> {
    fn assigned(&mut self, _: u16) -> Result<u64, MemberError> {
        Ok(0)
    }

    fn take(&mut self, _: u16, entries: Vec<Entry>) -> Result<(), MemberError> {
        (self.0)(entries)
    }

    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        Ok(Vec::new())
    }

    fn revoked(&mut self, _: u16) {}

    fn lost(&mut self, _: u16) {}
}

/// The chain without any work, three hops long.
pub(super) async fn bare(at: &Installation, rate: u32, seconds: u32) -> Result<Latencies, DemoError> {
    let mut running = Vec::new();
    for (from, to) in WAY.into_iter().zip(WAY.into_iter().skip(1)) {
        let (log, runtime) = (Arc::clone(&at.around.log), Handle::current());
        let hand_on = Each(move |entries: Vec<Entry>| {
            let records = entries.into_iter().map(|entry| entry.record).collect();
            Ok(runtime.block_on(log.append(to, records)).map(drop)?)
        });
        running.push(Group::new(&at.settings, from, "bare").join(Box::new(hand_on)).map_err(failed)?);
    }
    let key = |entry: &Entry| Some(entry.record.key.clone());
    let arrived = arrivals(at, &mut running, key)?;
    let record = |id: &str, _| Record { key: id.to_owned(), headers: Vec::new(), value: vec![b'x'; 370] };
    let measured = steady(at, &arrived, record, rate, seconds).await;
    tokio::task::spawn_blocking(move || drop(running)).await.map_err(failed)?;
    measured
}

/// Of a decision no more than who it is of: to read all of it would take the measured machine's time.
#[derive(serde::Deserialize)]
struct Decided {
    application: String,
}

/// Customers' stage, entities' stage, vectors and decision.
pub(super) async fn decisions(
    at: &Installation,
    (content, lineup): (&Content, &Arc<CurrentLineup>),
    rate: u32,
    seconds: u32,
) -> Result<Latencies, DemoError> {
    let known = u64::from(rate * (seconds + 1));
    for number in (0..known).step_by(1_000) {
        let some = (number..(number + 1_000).min(known)).flat_map(acquainted).collect();
        at.around.log.append(Topic::Events, some).await.map_err(failed)?;
    }
    let customers = at.folds(&at.state).customers(&content.views);
    let entities = at.folds(&at.state).entities(&content.views);
    let deciding = at.folds(&at.state).decisions(lineup);
    let mut running = Vec::new();
    for (topic, group, member) in [
        (Topic::Events, "customers", Box::new(customers)),
        (Topic::EntityEvents, "entities", Box::new(entities)),
        (Topic::Features, "decisions", Box::new(deciding)),
    ] {
        running.push(Group::new(&at.settings, topic, group).join(member).map_err(failed)?);
    }
    let id = |entry: &Entry| Some(serde_json::from_slice::<Decided>(&entry.record.value).ok()?.application);
    let arrived = arrivals(at, &mut running, id)?;
    let measured = steady(at, &arrived, application, rate, seconds).await;
    tokio::task::spawn_blocking(move || drop(running)).await.map_err(failed)?;
    measured
}

/// When each was first seen, by its id.
type Arrived = Arc<Mutex<HashMap<String, Instant>>>;

fn arrivals(
    at: &Installation,
    running: &mut Vec<weir_ingest::log::kafka::group::Running>,
    id: fn(&Entry) -> Option<String>,
) -> Result<Arrived, DemoError> {
    let arrived = Arrived::default();
    let noting = Arc::clone(&arrived);
    let note = Each(move |entries: Vec<Entry>| {
        let now = Instant::now();
        let mut arrived = noting.lock().expect("no holder panics");
        for id in entries.iter().filter_map(id) {
            arrived.entry(id).or_insert(now);
        }
        Ok(())
    });
    running.push(Group::new(&at.settings, Topic::Decisions, "arrivals").join(Box::new(note)).map_err(failed)?);
    Ok(arrived)
}

/// Sends at a steady rate after one second for warmth, each when it is due whatever became of those before.
async fn steady(
    at: &Installation,
    arrived: &Arrived,
    record: impl Fn(&str, u64) -> Record,
    rate: u32,
    seconds: u32,
) -> Result<Latencies, DemoError> {
    let id = |number: u64| format!("a_{number}");
    let wait_for = async |ids: std::ops::Range<u64>| {
        let began = Instant::now();
        let there = || ids.clone().all(|number| arrived.lock().expect("no holder panics").contains_key(&id(number)));
        while !there() && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        there()
    };
    // The groups are joined, what was there is folded, and everything is warm once the first come through.
    let warm = u64::from(rate);
    at.around.log.append(Topic::Events, (0..warm).map(|n| record(&id(n), n)).collect()).await.map_err(failed)?;
    if !wait_for(0..warm).await {
        return Err(DemoError::Start("the first records never came through".to_owned()));
    }
    // Made up beforehand, and sent from this task: what sends takes little of the measured machine.
    let last = warm + u64::from(rate * seconds);
    let records: Vec<(String, Record)> = (warm..last).map(|number| (id(number), record(&id(number), number))).collect();
    let (mut tick, mut sent) = (tokio::time::interval(Duration::from_secs(1) / rate), HashMap::new());
    let mut under_way = FuturesUnordered::new();
    for (id, record) in records {
        while under_way.next().now_or_never().flatten().is_some() {}
        tick.tick().await;
        sent.insert(id, Instant::now());
        let mut append = at.around.log.append(Topic::Events, vec![record]);
        if (&mut append).now_or_never().is_none() {
            under_way.push(append);
        }
    }
    while under_way.next().await.is_some() {}
    wait_for(warm..last).await;
    let arrived = arrived.lock().expect("no holder panics");
    let mut latencies = Latencies::default();
    for (id, sent) in sent {
        latencies.record(arrived.get(&id).map_or(PATIENCE, |at| at.duration_since(sent)));
    }
    Ok(latencies)
}
