//! Events that were durable lately, to answer `duplicate` without asking the log. Bounded: old ones are forgotten.

use std::collections::HashSet;

use crate::event_key::EventKey;

/// Two generations: when the young one is full it becomes the old one, whose keys are forgotten.
#[derive(Debug)]
pub(super) struct Recent {
    most: usize,
    young: HashSet<EventKey>,
    old: HashSet<EventKey>,
}

impl Recent {
    /// Holds the last `most` keys at least, and twice as many at most.
    pub(super) fn holding(most: usize) -> Self {
        Self { most, young: HashSet::new(), old: HashSet::new() }
    }

    pub(super) fn contains(&self, key: &EventKey) -> bool {
        self.young.contains(key) || self.old.contains(key)
    }

    pub(super) fn remember(&mut self, keys: impl IntoIterator<Item = EventKey>) {
        for key in keys {
            if self.young.len() == self.most {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_remembered_and_the_oldest_forgotten() {
        let key = |number: usize| EventKey::of("s", &number.to_string());
        let mut recent = Recent::holding(10);
        recent.remember((0..100).map(key));
        assert!((90..100).all(|number| recent.contains(&key(number))));
        assert!((0..80).all(|number| !recent.contains(&key(number))));
    }
}
