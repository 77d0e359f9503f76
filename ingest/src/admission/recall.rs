//! Keyed state with bounded memory: what changed since the last snapshot is held, what is saved is remembered as long
//! as there is room and read again when it is not.

use std::collections::HashMap;
use std::hash::Hash;

/// Values by key. `V` holds "nothing is saved" too, so that this is not asked for twice.
#[derive(Debug)]
pub(super) struct Recall<K, V> {
    most: usize,
    /// Changed since the last snapshot.
    changed: HashMap<K, V>,
    /// In the last snapshot. The store may not have them yet, so they cannot be forgotten before the next one.
    saving: HashMap<K, V>,
    /// As the store has them, in two generations: when the young one is full it becomes the old one.
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Clone> Recall<K, V> {
    /// Remembers `most` saved values at least, and twice as many at most.
    pub(super) fn holding(most: usize) -> Self {
        let (changed, saving, young, old) = Default::default();
        Self { most, changed, saving, young, old }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        [&self.changed, &self.saving, &self.young, &self.old].into_iter().find_map(|values| values.get(key))
    }

    /// Whether it is known; if so, it is among the last to be forgotten.
    pub(super) fn refresh(&mut self, key: &K) -> bool {
        if [&self.changed, &self.saving, &self.young].into_iter().any(|values| values.contains_key(key)) {
            return true;
        }
        let Some((key, value)) = self.old.remove_entry(key) else { return false };
        self.remember(key, value);
        true
    }

    /// What the store holds under a key that is not known.
    pub(super) fn remember(&mut self, key: K, value: V) {
        if self.young.len() >= self.most {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        self.changed.insert(key, value);
    }

    /// What changed since the last call.
    pub(super) fn snapshot(&mut self) -> &HashMap<K, V> {
        let saved = std::mem::replace(&mut self.saving, std::mem::take(&mut self.changed));
        for (key, value) in saved {
            if !self.saving.contains_key(&key) {
                self.remember(key, value);
            }
        }
        &self.saving
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
        assert!(recall.refresh(&1), "of the old generation");
        (10..13).for_each(|key| recall.remember(key, ()));
        assert!(recall.get(&1).is_some() && recall.get(&2).is_none());
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
                        written = recall.snapshot().iter().map(|(key, value)| (*key, *value)).collect();
                    }
                }
                prop_assert!(recall.young.len() <= 3 && recall.old.len() <= 3);
            }
        }
    }
}
