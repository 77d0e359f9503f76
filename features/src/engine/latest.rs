//! The device, ip and phone that a customer was last seen with, for applications that name none. Last by time, known
//! time and id, so that an event that comes late does not bring back an old device.

use serde::{Deserialize, Serialize};
use weir_messages::{EventTime, KnownTime, StageError};

use super::key;
use super::state::{State, corrupt};
use crate::source::Observed;
use crate::view::LATEST;

/// In the order of `LATEST`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Latest([Option<Seen>; LATEST.len()]);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Seen {
    time: EventTime,
    known: KnownTime,
    event: String,
    id: String,
}

pub(super) fn notice(state: &mut State, event: &Observed<'_>) -> Result<(), StageError> {
    let seen = LATEST.map(|entity| event.id_in(entity).map(|id| seen(event, id)));
    if seen.iter().all(Option::is_none) {
        return Ok(());
    }
    let key = load(state, event.envelope.subject)?;
    let changed = state.latest.update(&key, |latest| {
        let before = latest.clone();
        for (last, seen) in latest.0.iter_mut().zip(seen) {
            *last = last.take().max(seen);
        }
        let changed = before != *latest;
        (changed, 1, changed.then(|| latest.clone()))
    });
    if let Some(latest) = changed.flatten() {
        state.change(key, serde_json::to_vec(&latest).expect("plain fields serialise"));
    }
    Ok(())
}

fn seen(event: &Observed<'_>, id: String) -> Seen {
    Seen { time: event.envelope.time, known: event.envelope.known, event: event.envelope.id.to_owned(), id }
}

pub(super) fn latest(state: &mut State, customer: &str, entity: &str) -> Result<Option<String>, StageError> {
    let key = load(state, customer)?;
    let Some(at) = LATEST.iter().position(|known| *known == entity) else { return Ok(None) };
    Ok(state.latest.read(&key).and_then(|latest| latest.0[at].as_ref()).map(|seen| seen.id.clone()))
}

fn load(state: &mut State, customer: &str) -> Result<Vec<u8>, StageError> {
    let key = key::latest(customer);
    if !state.latest.holds(&key) {
        let latest = match state.saved(&key)? {
            Some(saved) => serde_json::from_slice(&saved).map_err(|error| corrupt(&key, &error.to_string()))?,
            None => Latest::default(),
        };
        state.latest.put(key.clone(), latest, 1);
    }
    Ok(key)
}
