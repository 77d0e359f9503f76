//! Registration, consent, and ten days of telemetry, each round sent while the clock stands at its end.

use std::time::{Duration, Instant};

use super::super::cast::Person;
use super::super::client::Intake;
use super::super::telemetry::{CloudEvent, consents, session};
use super::super::{Client, DemoError, calendar};
use super::{AT_ONCE, Streamed, each};
use crate::progress;

/// Events of one request. A person's events of one round never part, so they arrive in order.
const BATCH: usize = 500;

/// Everybody's customer id, in order.
pub(crate) async fn register(client: &Client, people: &[Person]) -> Result<Vec<String>, DemoError> {
    client.move_clock(calendar::start()).await?;
    let bar = progress::bar("registering", people.len());
    let customers = each(&bar, AT_ONCE, people, |person| client.register(person)).await?;
    bar.finish();
    Ok(customers)
}

pub(crate) async fn stream_telemetry(
    client: &Client,
    people: &[Person],
    customers: &[String],
    seed: u64,
) -> Result<Streamed, DemoError> {
    let everybody = || people.iter().zip(customers);
    let mut batches = vec![(
        calendar::round_begins(0).as_known(),
        batched(everybody().map(|(person, customer)| consents(person, customer, seed))),
    )];
    for round in 0..calendar::rounds() {
        let sessions = everybody().map(|(person, customer)| session(person, customer, seed, round));
        batches.push((calendar::round_ends(round), batched(sessions)));
    }
    let total: usize = batches.iter().flat_map(|(_, round)| round).map(|(events, _)| events).sum();
    let bar = progress::bar("streaming telemetry", total);
    let mut streamed = Streamed { sent: u64::try_from(total).unwrap_or(u64::MAX), ..Streamed::default() };
    for (clock, round) in batches {
        client.move_clock(clock).await?;
        let began = Instant::now();
        let sent = each(&indicatif::ProgressBar::hidden(), AT_ONCE, &round, |(events, json)| {
            let bar = &bar;
            async move {
                let intake = client.send_events(json).await?;
                bar.inc(u64::try_from(*events).unwrap_or(u64::MAX));
                Ok(intake)
            }
        })
        .await?;
        streamed.took += began.elapsed();
        streamed.intake += sum(sent);
    }
    bar.finish();
    caught_up(client).await?;
    Ok(streamed)
}

/// The fold is behind what was just streamed in. Whoever applies now waits for it, by order of the log; the speed of a
/// decision is measured without that.
async fn caught_up(client: &Client) -> Result<(), DemoError> {
    while !client.is_caught_up().await? {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Bodies ready to send, with the number of events in each.
pub(crate) fn batched(people: impl Iterator<Item = Vec<CloudEvent>>) -> Vec<(usize, Vec<u8>)> {
    let mut batches: Vec<Vec<CloudEvent>> = vec![Vec::new()];
    for events in people {
        let is_full = batches.last().is_some_and(|batch| batch.len() + events.len() > BATCH);
        if is_full {
            batches.push(Vec::new());
        }
        if let Some(batch) = batches.last_mut() {
            batch.extend(events);
        }
    }
    batches
        .into_iter()
        .filter(|batch| !batch.is_empty())
        .map(|batch| (batch.len(), serde_json::to_vec(&batch).expect("events have string keys and serialise")))
        .collect()
}

fn sum(all: Vec<Intake>) -> Intake {
    all.into_iter().fold(Intake::default(), |mut sum, one| {
        sum += one;
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::cast::everybody;
    use super::*;

    #[test]
    fn batches_hold_everything_and_part_nobody() {
        let people = everybody(200, 7).unwrap();
        let all = || people.iter().map(|person| session(person, &format!("c{}", person.applicant.row), 7, 0));
        let batches = batched(all());
        assert_eq!(batches.iter().map(|(events, _)| events).sum::<usize>(), all().flatten().count());
        let mut seen = std::collections::BTreeSet::new();
        for (events, json) in batches {
            let batch: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
            assert!(events <= BATCH && batch.len() == events);
            let subjects: std::collections::BTreeSet<_> = batch.iter().map(|e| e["subject"].to_string()).collect();
            assert!(subjects.into_iter().all(|subject| seen.insert(subject)), "somebody is in two batches");
        }
    }
}
