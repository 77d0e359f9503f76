//! Events a second through `POST /v1/events`, each batch answered after the log has it durably.

use std::time::{Duration, Instant};

use super::Common;
use crate::demo::cast::{Person, crowd};
use crate::demo::client::Intake;
use crate::demo::folder::Folder;
use crate::demo::platform::Platform;
use crate::demo::story::batched;
use crate::demo::telemetry::{CloudEvent, consents, session};
use crate::demo::{Client, DemoError, calendar};

/// Events a second on two cores, with the client on the same machine.
const STATED: u32 = 20_000;
const BATCH: usize = 500;
const PEOPLE: usize = 1_000;
const LARGE: [&str; 2] = ["device.login.v1", "behaviour.form.v1"];

#[derive(Debug, clap::Args)]
pub(crate) struct Collector {
    #[command(flatten)]
    common: Common,
    /// Connections that send at once, each waiting for its answer
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
}

/// What one connection sent.
#[derive(Debug, Default)]
struct Sent {
    intake: Intake,
    bytes: u64,
}

impl Collector {
    pub(super) async fn measure(&self) -> Result<String, DemoError> {
        let Common { seconds, ref data, seed, ref servers } = self.common;
        let folder = Folder::prepare(data)?;
        let platform = Platform::start(&folder, seed, servers).await?;
        let people = crowd(PEOPLE, seed)?;
        let client = &platform.client;
        client.move_clock(calendar::round_ends(0)).await?;
        for (_, json) in batched(people.iter().map(|person| consents(person, &subject(person), seed))) {
            client.send_events(&json).await?;
        }
        let events = events(&people, seed);
        let (began, until) = (Instant::now(), Duration::from_secs(seconds.into()));
        let mut sending = tokio::task::JoinSet::new();
        for connection in 0..self.connections {
            let sender = Sender { client: client.clone(), connection, events: events.clone() };
            sending.spawn(async move { sender.send_until(began, until).await });
        }
        let mut all = Sent::default();
        while let Some(sent) = sending.join_next().await {
            let sent = sent.expect("no sender panics")?;
            all.intake += sent.intake;
            all.bytes += sent.bytes;
        }
        let took = began.elapsed();
        let memory = platform.peak_memory();
        platform.stop().await?;
        Ok(self.shown(&all, took, memory))
    }

    fn shown(&self, all: &Sent, took: Duration, memory: Option<u64>) -> String {
        let Intake { accepted, duplicate, rejected } = all.intake;
        let rate = exact(accepted) / took.as_secs_f64();
        let size = exact(all.bytes) / exact(accepted + duplicate + rejected).max(1.0);
        let memory = memory.map_or_else(|| "unknown".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        format!(
            "collector, embedded log: {rate:.0} events/s durable when answered (stated: {STATED})\n\
             {accepted} accepted, {duplicate} duplicate, {rejected} rejected in {:.1} s; batches of up to {BATCH}, \
             {size:.0} bytes an event, {} connections; most memory resident {memory}",
            took.as_secs_f64(),
            self.connections,
        )
    }
}

/// A count as a number to divide.
fn exact(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// Like a customer's id, without having registered: what telemetry before log-in looks like.
fn subject(person: &Person) -> String {
    format!("install-{}", person.applicant.row)
}

/// Log-ins and forms of one round: the larger events, and those that most views read.
fn events(people: &[Person], seed: u64) -> Vec<CloudEvent> {
    let all = people.iter().flat_map(|person| session(person, &subject(person), seed, 0));
    all.filter(|event| LARGE.contains(&event.event_type)).collect()
}

/// One connection.
struct Sender {
    client: Client,
    connection: u32,
    events: Vec<CloudEvent>,
}

impl Sender {
    async fn send_until(mut self, began: Instant, until: Duration) -> Result<Sent, DemoError> {
        let (mut sent, mut number) = (Sent::default(), 0_u64);
        // Each begins elsewhere in the same events, so that they do not all write to the same people.
        let mut place = usize::try_from(self.connection).unwrap_or(0) * BATCH;
        while began.elapsed() < until {
            let length = self.events.len();
            let mut batch = Vec::with_capacity(BATCH);
            for _ in 0..BATCH {
                let event = &mut self.events[place % length];
                event.id = format!("bench-{}-{number}", self.connection);
                batch.push(event.clone());
                number += 1;
                place += 1;
            }
            let json = serde_json::to_vec(&batch).expect("events have string keys and serialise");
            sent.bytes += u64::try_from(json.len()).unwrap_or(0);
            sent.intake += self.client.send_events(&json).await?;
        }
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_of_the_size_that_the_limit_is_stated_for() {
        let events = events(&crowd(PEOPLE, 7).unwrap(), 7);
        let size = serde_json::to_vec(&events).unwrap().len() / events.len();
        assert!((330..410).contains(&size), "{size} bytes");
    }
}
