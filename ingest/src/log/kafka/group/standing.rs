//! How a member's client stands with its group, as its own statistics tell. A client that hears of no broker from one that
//! has just started forgets them all, and never finds back by itself (librdkafka's issue 5301).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Deserialize;

/// How often the client tells, in milliseconds.
pub(super) const TOLD_EVERY_MS: u32 = 2_000;

#[derive(Debug, Default)]
pub(super) struct Standing(Mutex<Option<Astray>>);

/// No steady member of its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Astray {
    pub since: Instant,
    /// In the client's words.
    pub state: String,
}

#[derive(Deserialize)]
struct Statistics {
    cgrp: Option<Group>,
}

#[derive(Deserialize)]
struct Group {
    /// Of the way to the coordinator.
    state: String,
    join_state: String,
}

impl Standing {
    /// From the client's statistics, in JSON. What is no such thing tells nothing.
    pub(super) fn learn(&self, statistics: &[u8], now: Instant) {
        let Ok(Statistics { cgrp: Some(Group { state, join_state }) }) = serde_json::from_slice(statistics) else {
            return;
        };
        let mut astray = self.lock();
        if state == "up" && join_state == "steady" {
            *astray = None;
        } else {
            let since = astray.as_ref().map_or(now, |astray| astray.since);
            *astray = Some(Astray { since, state: format!("{state}, {join_state}") });
        }
    }

    pub(super) fn astray(&self) -> Option<Astray> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Astray>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(state: &str, join_state: &str) -> Vec<u8> {
        let group = serde_json::json!({ "state": state, "join_state": join_state, "stateage": 7 });
        serde_json::json!({ "name": "weir#consumer-1", "topics": {}, "cgrp": group }).to_string().into_bytes()
    }

    #[test]
    fn a_client_is_astray_from_the_first_word_of_it_until_it_is_steady() {
        let (standing, start) = (Standing::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(standing.astray(), None);
        standing.learn(&told("up", "steady"), start);
        assert_eq!(standing.astray(), None);
        standing.learn(&told("query-coord", "steady"), after(2));
        standing.learn(&told("wait-broker-transport", "init"), after(4));
        let expected = Astray { since: after(2), state: "wait-broker-transport, init".to_owned() };
        assert_eq!(standing.astray(), Some(expected));
        for nothing in [&b"{}"[..], b"{\"cgrp\":null}", b"no JSON"] {
            standing.learn(nothing, after(6));
        }
        assert_eq!(standing.astray().unwrap().since, after(2));
        standing.learn(&told("up", "steady"), after(8));
        assert_eq!(standing.astray(), None);
        standing.learn(&told("up", "wait-join"), after(10));
        assert_eq!(standing.astray().unwrap().since, after(10));
    }
}
