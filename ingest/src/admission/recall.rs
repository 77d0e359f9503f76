//! Keyed state with bounded memory: what changed since the last snapshot is held, what is saved is remembered as long
//! as there is room and read again when it is not.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

#[derive(Debug)]
struct Held<V> {
    value: V,
    /// The round of snapshots in which it last changed: before the one after it is over, the store may not have it.
    changed: u64,
    /// The generation in which it was last asked for.
    used: u64,
}

/// Values by key, each either held or as the store has it.
#[derive(Debug)]
pub(super) struct Recall<K, V> {
    most: usize,
    values: HashMap<K, Held<V>, RandomState>,
    /// Changed since the last snapshot.
    changed: Vec<K>,
    round: u64,
    /// Ends when `most` values have been used in it. What was used neither in it nor in the one before is forgotten.
    generation: u64,
    used: usize,
}

/// Before the first round that counts.
const NEVER: u64 = 0;

impl<K: Hash + Eq + Clone, V> Recall<K, V> {
    /// Remembers `most` saved values at least, and twice as many at most beside those that were lately unsaved.
    pub(super) fn holding(most: usize) -> Self {
        let values = HashMap::with_hasher(RandomState::default());
        Self { most, values, changed: Vec::new(), round: NEVER + 2, generation: 0, used: 0 }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key).map(|held| &held.value)
    }

    /// Whether it is known; if so, it is among the last to be forgotten.
    pub(super) fn refresh(&mut self, key: &K) -> bool {
        let (generation, next) = (self.generation, self.next_used());
        let Some(held) = self.values.get_mut(key) else { return false };
        if held.used != generation {
            held.used = next;
            self.one_more_used();
        }
        true
    }

    /// What the store holds under a key that is not known.
    pub(super) fn remember(&mut self, key: K, value: V) {
        let held = Held { value, changed: NEVER, used: self.next_used() };
        self.values.insert(key, held);
        self.one_more_used();
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        if !self.refresh(&key) {
            self.remember(key.clone(), value);
        } else if let Some(held) = self.values.get_mut(&key) {
            held.value = value;
        }
        let held = self.values.get_mut(&key).expect("it was just put there");
        if std::mem::replace(&mut held.changed, self.round) != self.round {
            self.changed.push(key);
        }
    }

    /// The generation of what is used next.
    fn next_used(&self) -> u64 {
        self.generation + u64::from(self.used >= self.most)
    }

    /// Begins a generation when this one is full.
    fn one_more_used(&mut self) {
        self.used += 1;
        if self.used > self.most {
            let (generation, round) = (self.generation, self.round);
            self.values.retain(|_, held| held.used >= generation || held.changed + 1 >= round);
            (self.generation, self.used) = (generation + 1, 1);
        }
    }

    /// What changed since the last call, which is surely saved by now.
    pub(super) fn snapshot(&mut self) -> impl Iterator<Item = (K, &V)> {
        self.round += 1;
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| {
            let value = &self.values.get(&key).expect("what changed is not forgotten before it is saved").value;
            (key, value)
        })
    }

    pub(super) fn forget(&mut self) {
        *self = Self::holding(self.most);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Set(u8, u32),
        Look(u8),
        Snapshot,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..12_u8, any::<u32>()).prop_map(|(key, value)| Step::Set(key, value)),
            6 => (0..12_u8).prop_map(Step::Look),
            1 => Just(Step::Snapshot),
        ];
        proptest::collection::vec(step, 0..200)
    }

    #[test]
    fn the_last_that_were_asked_for_are_the_last_to_be_forgotten() {
        let mut recall = Recall::holding(4);
        (0..8).for_each(|key| recall.remember(key, ()));
        assert!(recall.refresh(&1), "of the generation before");
        (10..13).for_each(|key| recall.remember(key, ()));
        assert!(recall.get(&1).is_some() && recall.get(&2).is_none());
    }

    #[test]
    fn what_is_not_saved_is_held_and_what_is_saved_is_forgotten_in_its_turn() {
        let mut recall = Recall::holding(2);
        (0..9).for_each(|key| recall.set(key, ()));
        assert_eq!(recall.snapshot().count(), 9);
        (10..13).for_each(|key| recall.remember(key, ()));
        assert_eq!(recall.values.len(), 9 + 3, "handed over, but perhaps not written");
        assert_eq!(recall.snapshot().count(), 0, "nothing changed since");
        (13..15).for_each(|key| recall.remember(key, ()));
        assert_eq!(recall.values.len(), 2 + 2);
    }

    proptest! {
        /// The store gets each snapshot only just before the next: the worst that the loop may do.
        #[test]
        fn with_the_store_behind_it_it_is_a_map(steps in steps()) {
            let mut recall = Recall::holding(3);
            let (mut store, mut written): (HashMap<u8, u32>, Vec<_>) = (HashMap::new(), Vec::new());
            let mut expected = HashMap::new();
            for step in steps {
                match step {
                    Step::Set(key, value) => {
                        recall.set(key, value);
                        expected.insert(key, value);
                    }
                    Step::Look(key) => {
                        if !recall.refresh(&key) && let Some(saved) = store.get(&key) {
                            recall.remember(key, *saved);
                        }
                        prop_assert_eq!(recall.get(&key), expected.get(&key));
                    }
                    Step::Snapshot => {
                        store.extend(std::mem::take(&mut written));
                        written = recall.snapshot().map(|(key, value)| (key, *value)).collect();
                    }
                }
                let used = |held: &&Held<u32>| held.used + 1 >= recall.generation;
                let used = recall.values.values().filter(used).count();
                prop_assert!(used <= 6, "{recall:?}");
            }
        }
    }
}
