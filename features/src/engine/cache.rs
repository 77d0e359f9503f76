//! What was read of the state and what was added to it since. Bounded: what is saved anyway is dropped when too much is
//! held, least recently used first.

use foldhash::HashMap;

#[derive(Debug)]
struct Held<V> {
    value: V,
    weight: usize,
    /// Turn of the last use.
    used: u64,
    /// Snapshot round in which it last changed; `None` when it is as it was read.
    changed: Option<u64>,
}

impl<V> Held<V> {
    /// The weight from now on.
    fn change(&mut self, round: u64, change: impl FnOnce(&mut V) -> (bool, usize)) -> usize {
        let (changed, weight) = change(&mut self.value);
        if changed {
            self.changed = Some(round);
        }
        self.weight = weight;
        weight
    }
}

#[derive(Debug)]
pub(super) struct Cache<V> {
    entries: HashMap<Box<[u8]>, Held<V>>,
    budget: usize,
    weight: usize,
    turn: u64,
    round: u64,
}

impl<V> Cache<V> {
    /// `budget` is in the unit of the weights that `touch` is told.
    pub(super) fn new(budget: usize) -> Self {
        Self { entries: HashMap::default(), budget, weight: 0, turn: 0, round: 0 }
    }

    pub(super) fn holds(&self, key: &[u8]) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn put(&mut self, key: &[u8], value: V, weight: usize) {
        let held = Held { value, weight, used: self.turn, changed: None };
        let before = self.entries.insert(key.into(), held).map_or(0, |before| before.weight);
        self.weight = self.weight + weight - before;
    }

    /// Nothing of its value may change but how it is held.
    pub(super) fn read(&mut self, key: &[u8]) -> Option<&mut V> {
        let held = self.entries.get_mut(key)?;
        held.used = self.turn;
        Some(&mut held.value)
    }

    /// `change` gives whether anything changed, and the weight from now on. What is not held is not asked.
    pub(super) fn update(&mut self, key: &[u8], change: impl FnOnce(&mut V) -> (bool, usize)) {
        let Some(held) = self.entries.get_mut(key) else { return };
        held.used = self.turn;
        self.weight = self.weight - held.weight + held.change(self.round, change);
    }

    /// As `update`, for all that is held; none of it counts as used.
    pub(super) fn update_all(&mut self, mut change: impl FnMut(&[u8], &mut V) -> (bool, usize)) {
        for (key, held) in &mut self.entries {
            self.weight = self.weight - held.weight + held.change(self.round, |value| change(key, value));
        }
    }

    /// Changes so far are handed over to be saved. They are surely saved when the next are asked for.
    pub(super) fn next_round(&mut self) {
        self.round += 1;
    }

    /// Down to three quarters of the budget, when it is passed.
    pub(super) fn evict(&mut self) {
        self.turn += 1;
        if self.weight <= self.budget {
            return;
        }
        let saved = |held: &Held<V>| held.changed.is_none_or(|round| round + 1 < self.round);
        let mut idle: Vec<(u64, Box<[u8]>)> =
            self.entries.iter().filter(|(_, held)| saved(held)).map(|(key, held)| (held.used, key.clone())).collect();
        idle.sort_unstable();
        for (_, key) in idle {
            if self.weight <= self.budget / 4 * 3 {
                return;
            }
            self.weight -= self.entries.remove(&key).map_or(0, |held| held.weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_yet_saved_is_never_dropped() {
        let mut cache = Cache::new(4);
        for key in 0..8_u8 {
            cache.put(&[key], key, 1);
        }
        for key in 0..6_u8 {
            cache.update(&[key], |_| (true, 1));
        }
        cache.evict();
        assert_eq!((0..8_u8).filter(|key| cache.holds(&[*key])).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        cache.next_round();
        cache.evict();
        assert!(cache.holds(&[0]), "handed over, but perhaps not written");
        cache.next_round();
        cache.read(&[0]).unwrap();
        cache.evict();
        assert_eq!(cache.entries.len(), 3);
        assert!(cache.holds(&[0]), "the least recently used go first");
    }
}
