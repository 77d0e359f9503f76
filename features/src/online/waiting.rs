//! What waits to be written: the newest of each customer, in a buffer that is never longer than it may be. No I/O.

use std::collections::{HashMap, VecDeque};

use weir_messages::{CustomerId, FeatureVector};

use super::latest::order;

/// Customers in the order in which they began to wait.
#[derive(Debug)]
pub(super) struct Waiting {
    newest: HashMap<CustomerId, FeatureVector>,
    line: VecDeque<CustomerId>,
    most: usize,
    /// Taken, and not yet known to be written.
    under_way: usize,
    pub(super) replaced: u64,
    pub(super) dropped: u64,
}

impl Waiting {
    pub(super) fn new(most: usize) -> Self {
        let (newest, line) = (HashMap::new(), VecDeque::new());
        Self { newest, line, most, under_way: 0, replaced: 0, dropped: 0 }
    }

    /// Customers that are not known to be written.
    pub(super) fn len(&self) -> usize {
        self.line.len() + self.under_way
    }

    /// Takes the place in the line of what it replaces; where the buffer is full, whoever waits longest is dropped.
    pub(super) fn offer(&mut self, customer: CustomerId, vector: FeatureVector) {
        if let Some(before) = self.newest.get_mut(&customer) {
            self.replaced += 1;
            if order(before) < order(&vector) {
                *before = vector;
            }
            return;
        }
        if self.line.len() == self.most
            && let Some(longest) = self.line.pop_front()
        {
            self.newest.remove(&longest);
            self.dropped += 1;
        }
        self.newest.insert(customer.clone(), vector);
        self.line.push_back(customer);
    }

    /// The next to be written, at most so many. `written` or `put_back` follows.
    pub(super) fn take(&mut self, most: usize) -> Vec<(CustomerId, FeatureVector)> {
        let next = self.line.drain(..most.min(self.line.len()));
        let taken: Vec<_> =
            next.filter_map(|customer| self.newest.remove(&customer).map(|vector| (customer, vector))).collect();
        self.under_way = taken.len();
        taken
    }

    pub(super) fn written(&mut self) {
        self.under_way = 0;
    }

    /// To the front of the line, unless something newer waits by now or others fill it.
    pub(super) fn put_back(&mut self, taken: Vec<(CustomerId, FeatureVector)>) {
        self.under_way = 0;
        for (customer, vector) in taken.into_iter().rev() {
            if self.newest.contains_key(&customer) {
                self.offer(customer, vector);
            } else if self.line.len() < self.most {
                self.newest.insert(customer.clone(), vector);
                self.line.push_front(customer);
            } else {
                self.dropped += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::latest::tests::vector;
    use super::*;

    fn waiting(most: usize, offers: &[(&str, i64)]) -> Waiting {
        let mut waiting = Waiting::new(most);
        for (customer, known) in offers {
            waiting.offer(CustomerId::from(*customer), vector("c1", *known, 0));
        }
        waiting
    }

    /// Customer and order of everything that waits.
    fn told(waiting: &mut Waiting) -> Vec<(String, FeatureVector)> {
        waiting.take(usize::MAX).into_iter().map(|(customer, vector)| (customer.to_string(), vector)).collect()
    }

    fn those(pairs: &[(&str, i64)]) -> Vec<(String, FeatureVector)> {
        pairs.iter().map(|(customer, known)| ((*customer).to_owned(), vector("c1", *known, 0))).collect()
    }

    #[test]
    fn the_newest_of_a_customer_waits_whatever_the_order_of_offers() {
        let mut waiting = waiting(9, &[("a", 1), ("b", 1), ("a", 3), ("a", 2)]);
        assert_eq!((waiting.len(), waiting.replaced, waiting.dropped), (2, 2, 0));
        assert_eq!(told(&mut waiting), those(&[("a", 3), ("b", 1)]));
    }

    #[test]
    fn where_the_buffer_is_full_whoever_waits_longest_is_dropped_and_counted() {
        let mut waiting = waiting(2, &[("a", 1), ("b", 1), ("b", 2), ("c", 1)]);
        assert_eq!((waiting.len(), waiting.dropped), (2, 1));
        assert_eq!(told(&mut waiting), those(&[("b", 2), ("c", 1)]));
    }

    #[test]
    fn what_could_not_be_written_waits_again_in_front_and_hides_nothing_newer() {
        let mut waiting = waiting(3, &[("a", 1), ("b", 1), ("c", 1)]);
        let taken = waiting.take(2);
        assert_eq!((taken.len(), waiting.len()), (2, 3), "what is under way still waits");
        waiting.offer(CustomerId::from("b"), vector("c1", 2, 0));
        waiting.put_back(taken);
        assert_eq!(told(&mut waiting), those(&[("a", 1), ("c", 1), ("b", 2)]));
        waiting.written();
        assert_eq!((waiting.len(), waiting.dropped), (0, 0));
    }

    #[test]
    fn what_could_not_be_written_takes_no_place_from_what_came_meanwhile() {
        let mut waiting = waiting(2, &[("a", 1), ("b", 1)]);
        let taken = waiting.take(2);
        for customer in ["c", "d"] {
            waiting.offer(CustomerId::from(customer), vector("c1", 1, 0));
        }
        waiting.put_back(taken);
        assert_eq!(waiting.dropped, 2);
        assert_eq!(told(&mut waiting), those(&[("c", 1), ("d", 1)]));
    }
}
