//! A place on a topic, and what came out of it: the pair by which readers drop repeats.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Position, Topic};

/// Written `weir.events/0/17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Place {
    pub topic: Topic,
    pub position: Position,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected a place as `weir.events/0/17`, found `{0}`")]
pub struct InvalidPlace(String);

impl Place {
    #[must_use]
    pub const fn new(topic: Topic, position: Position) -> Self {
        Self { topic, position }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.position.partition, self.position.offset)
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let mut parts = text.split('/');
        let mut read = || {
            let topic = parts.next()?;
            let topic = Topic::ALL.into_iter().find(|known| known.name() == topic)?;
            let position = Position { partition: parts.next()?.parse().ok()?, offset: parts.next()?.parse().ok()? };
            parts.next().is_none().then_some(Self { topic, position })
        };
        read().ok_or_else(|| InvalidPlace(text.to_owned()))
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl TryFrom<String> for Place {
    type Error = InvalidPlace;

    fn try_from(text: String) -> Result<Self, InvalidPlace> {
        text.parse()
    }
}

/// Something that came out of the record at `from`, the `ordinal`-th of it. The same record gives the same again.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived<T> {
    pub from: Place,
    pub ordinal: u32,
    pub body: T,
}

/// The highest seen of each source partition. What does not lie beyond it came before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached(BTreeMap<(Topic, u16), (u64, u32)>);

impl Reached {
    /// False for a repeat.
    pub fn moves_on<T>(&mut self, derived: &Derived<T>) -> bool {
        let Place { topic, position } = derived.from;
        let (source, now) = ((topic, position.partition), (position.offset, derived.ordinal));
        match self.0.get(&source) {
            Some(before) if *before >= now => false,
            Some(_) | None => {
                self.0.insert(source, now);
                true
            }
        }
    }

    /// As pairs of a place and an ordinal, to be saved.
    pub fn places(&self) -> impl Iterator<Item = (Place, u32)> {
        self.0.iter().map(|((topic, partition), (offset, ordinal))| {
            (Place::new(*topic, Position { partition: *partition, offset: *offset }), *ordinal)
        })
    }

    /// From what `places` gave.
    pub fn of(places: impl IntoIterator<Item = (Place, u32)>) -> Self {
        let one = |(place, ordinal): (Place, u32)| {
            ((place.topic, place.position.partition), (place.position.offset, ordinal))
        };
        Self(places.into_iter().map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(partition: u16, offset: u64, ordinal: u32) -> Derived<()> {
        Derived { from: Place::new(Topic::Events, Position { partition, offset }), ordinal, body: () }
    }

    #[test]
    fn a_place_reads_back_and_anything_else_is_said() {
        let place = derived(3, 17, 0).from;
        assert_eq!(place.to_string(), "weir.events/3/17");
        assert_eq!(place.to_string().parse(), Ok(place));
        for wrong in ["", "weir.events/3", "weir.other/3/17", "weir.events/3/17/1", "weir.events/x/17", "http"] {
            assert!(wrong.parse::<Place>().unwrap_err().to_string().contains(wrong));
        }
    }

    #[test]
    fn what_does_not_lie_beyond_the_highest_of_its_partition_is_a_repeat() {
        let mut reached = Reached::default();
        for (partition, offset, ordinal, new) in
            [(0, 5, 0, true), (0, 5, 0, false), (0, 5, 1, true), (0, 4, 9, false), (1, 1, 0, true), (0, 6, 0, true)]
        {
            assert_eq!(reached.moves_on(&derived(partition, offset, ordinal)), new, "{partition}/{offset}/{ordinal}");
        }
        let mut again = Reached::of(reached.places());
        assert_eq!(again, reached);
        assert!(!again.moves_on(&derived(0, 6, 0)));
    }
}
