//! Whatever a node may ask, said as "is this value at most the threshold": of the row's own columns, or of columns that are
//! made of them once a row.

use std::collections::HashMap;

use super::{Node, Test};
use crate::wide::Aligned;

const SLOT_BITS: u32 = 12;
/// Columns of a row and views of them together; more has no flat form.
pub(crate) const SLOTS: usize = 1 << SLOT_BITS;

/// The values of one row, then one that is always NaN, then the views.
pub(crate) type Slots = [f32; SLOTS];

/// Rows that are taken together.
pub(crate) const LANES: usize = 16;
/// The slots of as many rows.
pub(crate) type Lanes = [Aligned<[f32; LANES]>; SLOTS];

#[derive(Debug, Clone)]
pub(super) struct Views {
    columns: usize,
    views: Vec<(usize, View)>,
    /// The slot of a column's view, by all that makes the view.
    known: HashMap<(u32, ViewKey), usize>,
}

/// A column that is made of another.
#[derive(Debug, Clone, PartialEq)]
enum View {
    /// What is missing is below all.
    MissingBelow,
    /// Minus infinity where the test holds, and NaN elsewhere.
    Answer(Test<f32>, bool),
}

/// A float has no hash; its bits do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ViewKey {
    MissingBelow,
    Answer(u8, Vec<u32>, bool),
}

/// What a node asks, said as "at most"; what is NaN is not. With `swapped` that leads to the side of "false".
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub slot: usize,
    pub threshold: f32,
    pub swapped: bool,
}

impl Views {
    /// Of rows of so many columns, if there are slots for as many.
    pub(super) fn of(columns: usize) -> Option<Self> {
        (columns < SLOTS).then(|| Self { columns, views: Vec::new(), known: HashMap::new() })
    }

    /// The slot that is NaN in every row.
    pub(super) const fn nothing(&self) -> usize {
        self.columns
    }

    /// Behind the columns, which stand in the first slots.
    pub(super) fn fill(&self, slots: &mut Slots) {
        slots[self.columns] = f32::NAN;
        for ((column, view), slot) in self.views.iter().zip(self.columns + 1..) {
            slots[slot] = view.of(slots[*column]);
        }
    }

    /// The same for many rows.
    pub(super) fn fill_lanes(&self, slots: &mut Lanes) {
        slots[self.columns] = Aligned([f32::NAN; LANES]);
        for ((column, view), slot) in self.views.iter().zip(self.columns + 1..) {
            slots[slot] = Aligned(slots[*column].0.map(|value| view.of(value)));
        }
    }

    /// `None` where there is no slot left.
    pub(super) fn asked(&mut self, node: &Node<f32>) -> Option<Asked> {
        let below = |threshold: f32| (threshold > f32::NEG_INFINITY).then(|| threshold.next_down());
        let (threshold, swapped) = match node.test {
            Test::AtMost(threshold) if !threshold.is_nan() => (Some(threshold), false),
            Test::Above(threshold) if !threshold.is_nan() => (Some(threshold), true),
            Test::Below(threshold) => (below(threshold), false),
            Test::AtLeast(threshold) => (below(threshold), true),
            Test::AtMost(_)
            | Test::Above(_)
            | Test::Equal(_)
            | Test::NotEqual(_)
            | Test::Member(_)
            | Test::CutMember(_) => (None, false),
        };
        let Some(threshold) = threshold else {
            let view = View::Answer(node.test.clone(), node.missing_is_true);
            return Some(Asked { slot: self.slot(node.feature, view)?, threshold: 0.0, swapped: false });
        };
        let missing_is_at_most = node.missing_is_true != swapped;
        let slot =
            if missing_is_at_most { self.slot(node.feature, View::MissingBelow)? } else { node.feature as usize };
        Some(Asked { slot, threshold, swapped })
    }

    fn slot(&mut self, feature: u32, view: View) -> Option<usize> {
        let next = self.columns + 1 + self.views.len();
        let slot = *self.known.entry((feature, view.key())).or_insert(next);
        if slot == next {
            self.views.push((feature as usize, view));
        }
        (slot < SLOTS).then_some(slot)
    }
}

impl View {
    fn of(&self, value: f32) -> f32 {
        match self {
            Self::MissingBelow if value.is_nan() => f32::NEG_INFINITY,
            Self::MissingBelow => value,
            Self::Answer(test, missing_is_true) if test.holds(value) || (*missing_is_true && value.is_nan()) => {
                f32::NEG_INFINITY
            }
            Self::Answer(..) => f32::NAN,
        }
    }

    fn key(&self) -> ViewKey {
        let Self::Answer(test, missing_is_true) = self else { return ViewKey::MissingBelow };
        let (kind, values) = match test {
            Test::AtMost(value) => (0, vec![*value]),
            Test::Below(value) => (1, vec![*value]),
            Test::AtLeast(value) => (2, vec![*value]),
            Test::Above(value) => (3, vec![*value]),
            Test::Equal(value) => (4, vec![*value]),
            Test::NotEqual(value) => (5, vec![*value]),
            Test::Member(values) => (6, values.to_vec()),
            Test::CutMember(values) => (7, values.to_vec()),
        };
        ViewKey::Answer(kind, values.into_iter().map(f32::to_bits).collect(), *missing_is_true)
    }
}
