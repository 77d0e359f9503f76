//! Which events came: their keys, for the days of a window, in the order in which they came. The oldest leave first, a
//! few with each event, so what is known depends on the records alone and not on batches, snapshots or restarts.
//!
//! A key is an entry of its own, so that looking one up is one read. The order is kept in chunks, one a snapshot: the
//! keys that came since the one before. Where the oldest chunk is, and up to which of its keys it has left, is saved too.

use serde::{Deserialize, Serialize};
use weir_messages::{Change, Event, KnownTime, StageError, StateReader};

use super::recall::Recall;
use crate::event_key::EventKey;
use crate::refusal::Refusal;
use crate::repeat_window::{RepeatWindow, counts_once_by_itself, day_of_event, day_of_known};

/// First byte of a saved key.
const CAME: u8 = b'd';
const CHUNK: u8 = b'q';
const ENDS: u8 = b'h';
/// Saved keys in memory.
const MAX_CACHED_EVENTS: usize = 200_000;
/// Keys that leave with one event, at most: more than come, so that a backlog shrinks.
const MAX_FORGOTTEN_AT_ONCE: usize = 8;
/// Days beyond the window, as the time of a repeat may be corrected by less than that.
const MARGIN_DAYS: u32 = 1;
/// Bytes of a key and the day on which it came.
const ENTRY: usize = 20;

/// A key, and the day since 1970 on which it came.
type Arrival = (EventKey, u32);

/// Keys that came after each other, numbered from `first` on.
#[derive(Debug)]
struct Chunk {
    first: u64,
    arrivals: Vec<Arrival>,
}

impl Chunk {
    const fn from(first: u64) -> Self {
        Self { first, arrivals: Vec::new() }
    }

    fn end(&self) -> u64 {
        self.first + self.arrivals.len() as u64
    }

    fn at(&self, number: u64) -> Option<Arrival> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.arrivals.get(at).copied()
    }

    fn encode(&self) -> Vec<u8> {
        let entry = |(key, day): &Arrival| key.bytes().iter().copied().chain(day.to_be_bytes()).collect::<Vec<u8>>();
        self.arrivals.iter().flat_map(entry).collect()
    }

    fn decode(first: u64, bytes: &[u8]) -> Option<Self> {
        let (entries, []) = bytes.as_chunks::<ENTRY>() else { return None };
        let entry = |entry: &[u8; ENTRY]| {
            let (key, day) = entry.split_first_chunk::<16>()?;
            Some((EventKey::from_bytes(*key), u32::from_be_bytes(day.try_into().ok()?)))
        };
        Some(Self { first, arrivals: entries.iter().map(entry).collect::<Option<_>>()? })
    }
}

/// Where the order of arrivals begins and ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Ends {
    /// First number of the oldest chunk.
    chunk: u64,
    /// Number of the oldest key that is remembered.
    oldest: u64,
    /// Number of the next key to come.
    next: u64,
    /// Greatest known time of any event.
    known: KnownTime,
    /// Day of the newest key that was forgotten.
    forgotten: Option<u32>,
}

impl Ends {
    /// Keys are counted one by one and leave in order, and days are those of microseconds.
    fn are_in_order(&self) -> bool {
        let counted = self.chunk <= self.oldest && self.oldest <= self.next && i64::try_from(self.next).is_ok();
        counted && self.forgotten.is_none_or(|day| day <= day_of_known(KnownTime::from_micros(i64::MAX)))
    }
}

#[derive(Debug)]
pub(super) struct Repeats {
    window: RepeatWindow,
    /// Whether an event came and is not forgotten.
    came: Recall<EventKey, bool>,
    ends: Ends,
    saved_ends: Ends,
    /// The oldest chunk, where it had to be read.
    front: Option<Chunk>,
    /// Handed over with the last snapshot, and perhaps not yet in the store.
    closed: Option<Chunk>,
    /// Since the last snapshot.
    open: Chunk,
    /// Chunks all of whose keys left since the last snapshot.
    emptied: Vec<u64>,
}

impl Repeats {
    pub(super) fn new(window: RepeatWindow) -> Self {
        Self {
            window,
            came: Recall::holding(MAX_CACHED_EVENTS),
            ends: Ends::default(),
            saved_ends: Ends::default(),
            front: None,
            closed: None,
            open: Chunk::from(0),
            emptied: Vec::new(),
        }
    }

    pub(super) fn restore(&mut self, saved: &dyn StateReader) -> Result<(), StageError> {
        *self = Self::new(self.window);
        if let Some(json) = saved.get(&[vec![ENDS]])?.pop().flatten() {
            let corrupt = |reason: String| StageError::Corrupt { key: "h".to_owned(), reason };
            self.ends = serde_json::from_slice(&json).map_err(|error| corrupt(error.to_string()))?;
            if !self.ends.are_in_order() {
                return Err(corrupt(format!("expected numbers that keys can have had, found {:?}", self.ends)));
            }
        }
        (self.saved_ends, self.open) = (self.ends, Chunk::from(self.ends.next));
        Ok(())
    }

    pub(super) const fn set_window(&mut self, window: RepeatWindow) {
        self.window = window;
    }

    /// Refuses an event whose first copy may be forgotten: one from before the window, and where the window was made
    /// longer, one of the days that were forgotten under the shorter one.
    pub(super) fn check_age(&self, event: &Event) -> Result<(), Refusal> {
        self.window.check(event, event.known_time)?;
        let forgotten = self.ends.forgotten.is_some_and(|day| day_of_event(event.time) <= day + MARGIN_DAYS);
        if forgotten && !counts_once_by_itself(event.event_type) { Err(self.window.too_old()) } else { Ok(()) }
    }

    /// Whether it is in memory that the event came or did not.
    pub(super) fn refresh(&mut self, key: &EventKey) -> bool {
        self.came.refresh(key)
    }

    /// The store has it.
    pub(super) fn remember(&mut self, key: EventKey) {
        self.came.remember(key, true);
    }

    pub(super) fn has_come(&self, key: &EventKey) -> bool {
        self.came.get(key) == Some(&true)
    }

    pub(super) fn came(&mut self, key: EventKey) {
        self.came.set(key, true);
        self.open.arrivals.push((key, day_of_known(self.ends.known)));
        self.ends.next += 1;
    }

    /// An event became known at `known`: time goes on, and some keys leave.
    pub(super) fn learn(&mut self, known: KnownTime, saved: Option<&dyn StateReader>) -> Result<(), StageError> {
        self.ends.known = self.ends.known.max(known);
        let horizon = day_of_known(self.ends.known).saturating_sub(self.window.days() + MARGIN_DAYS);
        for _ in 0..MAX_FORGOTTEN_AT_ONCE {
            match self.oldest(saved)? {
                Some((key, day)) if day < horizon => self.forget(key, day),
                Some(_) | None => break,
            }
        }
        Ok(())
    }

    fn forget(&mut self, key: EventKey, day: u32) {
        self.came.set(key, false);
        self.ends.oldest += 1;
        self.ends.forgotten = self.ends.forgotten.max(Some(day));
        for chunk in [&mut self.front, &mut self.closed] {
            if chunk.take_if(|chunk| chunk.end() == self.ends.oldest).is_some() {
                self.emptied.push(self.ends.chunk);
                self.ends.chunk = self.ends.oldest;
            }
        }
    }

    fn oldest(&mut self, saved: Option<&dyn StateReader>) -> Result<Option<Arrival>, StageError> {
        let number = self.ends.oldest;
        if number == self.ends.next {
            return Ok(None);
        }
        let held = [self.front.as_ref(), self.closed.as_ref(), Some(&self.open)];
        if let Some(arrival) = held.into_iter().flatten().find_map(|chunk| chunk.at(number)) {
            return Ok(Some(arrival));
        }
        let chunk = read_chunk(self.ends.chunk, saved)?;
        let arrival = chunk.at(number).ok_or_else(|| corrupt(chunk.first, "it ends before the oldest key"))?;
        self.front = Some(chunk);
        Ok(Some(arrival))
    }

    pub(super) fn snapshot(&mut self) -> Vec<Change> {
        let came = |(key, came): (EventKey, &bool)| Change { key: key_of(&key), value: came.then(Vec::new) };
        let mut changes: Vec<Change> = self.came.snapshot().map(came).collect();
        let next = Chunk::from(self.ends.next);
        let closed = std::mem::replace(&mut self.open, next);
        if self.ends.oldest == self.ends.next {
            // Whatever was in the open chunk left before it was saved.
            self.ends.chunk = self.ends.next;
            self.closed = None;
        } else if !closed.arrivals.is_empty() {
            changes.push(Change { key: chunk_key(closed.first), value: Some(closed.encode()) });
            self.closed = Some(closed);
        }
        changes.extend(self.emptied.drain(..).map(|first| Change { key: chunk_key(first), value: None }));
        if self.saved_ends != self.ends {
            self.saved_ends = self.ends;
            let ends = serde_json::to_vec(&self.ends).expect("numbers serialise");
            changes.push(Change { key: vec![ENDS], value: Some(ends) });
        }
        changes
    }
}

pub(super) fn key_of(key: &EventKey) -> Vec<u8> {
    [[CAME].as_slice(), key.bytes()].concat()
}

fn chunk_key(first: u64) -> Vec<u8> {
    [[CHUNK].as_slice(), &first.to_be_bytes()].concat()
}

fn read_chunk(first: u64, saved: Option<&dyn StateReader>) -> Result<Chunk, StageError> {
    let found = match saved {
        Some(saved) => saved.get(&[chunk_key(first)])?.pop().flatten(),
        None => None,
    };
    let bytes = found.ok_or_else(|| corrupt(first, "expected the oldest chunk of keys, found none"))?;
    Chunk::decode(first, &bytes).ok_or_else(|| corrupt(first, "expected keys of 16 bytes with their days"))
}

fn corrupt(first: u64, reason: &str) -> StageError {
    StageError::Corrupt { key: format!("q{first}"), reason: reason.to_owned() }
}
