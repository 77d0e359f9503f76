//! Under which number each view stands in the keys of the state. A number belongs to one text of one view: an edited view
//! gets another, and folds itself anew while the others keep theirs. The number of a view that is there no longer is free
//! again once no row stands under it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use weir_messages::{Change, StageError, StateReader};

use super::{corrupt, key};
use crate::view::FeatureViews;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rows {
    /// Those of everything that was folded.
    Whole,
    /// Not all of them: the view is yet to be folded from the start.
    Part,
    /// Of a view that is there no longer: they go.
    Leaving,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Numbered {
    number: u16,
    view: String,
    /// Of the view's text.
    hash: String,
    rows: Rows,
}

/// Without any, as in a replay, a view's number is its place among the views.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    entries: Vec<Numbered>,
    /// By place among the views; `None` where this engine does not keep the view's rows.
    of_view: Option<Vec<Option<u16>>>,
    changed: bool,
}

impl Numbers {
    /// Those that are saved, with one for each of `views` that has none.
    pub(super) fn read(state: &dyn StateReader, views: &FeatureViews) -> Result<Self, StageError> {
        let saved = state.get(&[key::NUMBERS.to_vec()])?.pop().flatten();
        let unreadable = |error: serde_json::Error| corrupt(&key::NUMBERS, &error.to_string());
        let entries = saved.map_or(Ok(Vec::new()), |json| serde_json::from_slice(&json).map_err(unreadable))?;
        let mut numbers = Self { entries, of_view: None, changed: false };
        numbers.retire(views);
        let of_view = views.views().map(|view| Some(numbers.number(view.name(), &view.hash))).collect();
        numbers.of_view = Some(of_view);
        Ok(numbers)
    }

    /// Views that are there no longer, also in this text, have no use for their rows.
    fn retire(&mut self, views: &FeatureViews) {
        let wanted: BTreeSet<&str> = views.views().map(|view| view.hash.as_str()).collect();
        for entry in &mut self.entries {
            if entry.rows != Rows::Leaving && !wanted.contains(entry.hash.as_str()) {
                entry.rows = Rows::Leaving;
                self.changed = true;
            }
        }
    }

    fn number(&mut self, view: &str, hash: &str) -> u16 {
        let known = self.entries.iter().find(|entry| entry.hash == hash && entry.rows != Rows::Leaving);
        if let Some(known) = known {
            return known.number;
        }
        let taken: BTreeSet<u16> = self.entries.iter().map(|entry| entry.number).collect();
        let number = (0..key::LATEST).find(|number| !taken.contains(number)).expect("a folder holds fewer views");
        let (view, hash) = (view.to_owned(), hash.to_owned());
        self.entries.push(Numbered { number, view, hash, rows: Rows::Part });
        self.changed = true;
        number
    }

    /// Only of the views that are yet to be folded from the start.
    pub(super) fn of_missing(&self) -> Self {
        let missing = |number: &u16| self.entries.iter().any(|one| one.number == *number && one.rows == Rows::Part);
        let of_view = self.of_view.iter().flatten().map(|number| number.filter(missing)).collect();
        Self { entries: self.entries.clone(), of_view: Some(of_view), changed: false }
    }

    /// Names and hashes of the views that are yet to be folded from the start.
    pub(super) fn missing(&self) -> impl Iterator<Item = (&str, &str)> {
        let missing = self.entries.iter().filter(|entry| entry.rows == Rows::Part);
        missing.map(|entry| (entry.view.as_str(), entry.hash.as_str()))
    }

    /// All views have been folded as far as the state.
    pub(super) fn complete(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| entry.rows == Rows::Part) {
            entry.rows = Rows::Whole;
            self.changed = true;
        }
    }

    pub(super) fn of(&self, view: usize) -> Option<u16> {
        match &self.of_view {
            Some(of_view) => of_view.get(view).copied().flatten(),
            None => u16::try_from(view).ok().filter(|number| *number < key::LATEST),
        }
    }

    /// The place among the views of the one whose rows stand under `number`.
    pub(super) fn view(&self, number: u16) -> Option<usize> {
        match &self.of_view {
            Some(of_view) => of_view.iter().position(|known| *known == Some(number)),
            None => Some(usize::from(number)),
        }
    }

    pub(super) fn leaving(&self) -> BTreeSet<u16> {
        self.entries.iter().filter(|entry| entry.rows == Rows::Leaving).map(|entry| entry.number).collect()
    }

    /// No row stands under `numbers` any more.
    pub(super) fn free(&mut self, numbers: &BTreeSet<u16>) {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.rows != Rows::Leaving || !numbers.contains(&entry.number));
        self.changed |= self.entries.len() != before;
    }

    /// To be saved, where anything changed since the last call.
    pub(super) fn snapshot(&mut self) -> Option<Change> {
        std::mem::take(&mut self.changed).then(|| {
            let value = serde_json::to_vec(&self.entries).expect("numbers serialise");
            Change { key: key::NUMBERS.to_vec(), value: Some(value) }
        })
    }
}
