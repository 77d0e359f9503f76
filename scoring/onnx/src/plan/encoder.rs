//! From the values of one row to the columns that a model reads: a list of what goes where, then what is done to runs of
//! neighbours at once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::symbol::{Column, Numbers, Source, Step};
use super::{Table, Unfit};
use crate::trees::SLOTS;

#[derive(Debug)]
pub(crate) struct Encoder {
    width: usize,
    constants: Vec<(usize, f32)>,
    /// Slots, and the first of as many columns.
    numbers: Vec<(Range<usize>, usize)>,
    texts: Vec<Categories>,
    /// Slot and column.
    looked: Vec<(usize, usize, Arc<Numbers>)>,
    runs: Vec<Run>,
}

/// What a text becomes.
#[derive(Debug)]
struct Categories {
    column: usize,
    known: Arc<Vec<String>>,
    /// For each category, the slot that becomes one.
    slots: Vec<Option<usize>>,
    /// A text that is none of them is an error.
    strict: bool,
}

/// One step for each slot of a range, in arrays that a processor goes through at once.
#[derive(Debug)]
enum Run {
    Scale { slots: Range<usize>, offsets: Vec<f32>, scales: Vec<f32> },
    Impute { slots: Range<usize>, replaced: Vec<f32>, by: Vec<f32> },
}

impl Encoder {
    /// `None` for columns that are no numbers, or more than there are slots.
    pub(crate) fn of(columns: &[Column]) -> Option<Self> {
        let width = columns.len();
        let (constants, numbers, texts, looked) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut encoder = Self { width, constants, numbers, texts, looked, runs: runs(columns) };
        let mut texts: HashMap<(usize, *const Vec<String>), usize> = HashMap::new();
        for (slot, column) in columns.iter().enumerate() {
            match &column.source {
                Source::Number(column) => encoder.number(slot, *column),
                Source::Constant(value) => encoder.constants.push((slot, *value)),
                Source::Text(_) | Source::Integer(_) => return None,
                Source::Looked { is_integer: true, .. } => return None,
                Source::Looked { text, numbers, .. } => encoder.looked.push((slot, *text, Arc::clone(numbers))),
                Source::Category { text, categories, place, strict } => {
                    let at = *texts.entry((*text, Arc::as_ptr(categories))).or_insert(encoder.texts.len());
                    if at == encoder.texts.len() {
                        let slots = vec![None; categories.len()];
                        let known = Arc::clone(categories);
                        encoder.texts.push(Categories { column: *text, known, slots, strict: *strict });
                    }
                    // A column that stands twice would need two slots.
                    if encoder.texts[at].slots[*place].replace(slot).is_some() {
                        return None;
                    }
                }
            }
        }
        (width < SLOTS).then_some(encoder)
    }

    /// Neighbours that come from neighbours are read at once.
    fn number(&mut self, slot: usize, column: usize) {
        match self.numbers.last_mut() {
            Some((slots, first)) if slots.end == slot && *first + slots.len() == column => slots.end += 1,
            Some(_) | None => self.numbers.push((slot..slot + 1, column)),
        }
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// Into the first `width` of the slots.
    #[inline(always)]
    pub(crate) fn fill(&self, table: &impl Table, row: usize, slots: &mut [f32]) -> Result<(), Unfit> {
        if !self.texts.is_empty() {
            slots[..self.width].fill(0.0);
        }
        for (slot, value) in &self.constants {
            slots[*slot] = *value;
        }
        for (range, first) in &self.numbers {
            table.numbers(row, *first, &mut slots[range.clone()])?;
        }
        for categories in &self.texts {
            let text = table.text(row, categories.column).ok_or(Unfit(categories.column))?;
            // Of equal categories the last counts.
            let known = categories.known.iter().rposition(|known| known == text);
            if known.is_none() && categories.strict {
                return Err(Unfit(categories.column));
            }
            if let Some(slot) = known.and_then(|place| categories.slots[place]) {
                slots[slot] = 1.0;
            }
        }
        for (slot, column, numbers) in &self.looked {
            let text = table.text(row, *column).ok_or(Unfit(*column))?;
            slots[*slot] = numbers.known.get(text).copied().unwrap_or(numbers.default);
        }
        self.runs.iter().for_each(|run| run.apply(slots));
        Ok(())
    }
}

impl Run {
    fn apply(&self, slots: &mut [f32]) {
        match self {
            Self::Scale { slots: range, offsets, scales } => {
                for ((value, offset), scale) in slots[range.clone()].iter_mut().zip(offsets).zip(scales) {
                    *value = Step::Scale { offset: *offset, scale: *scale }.apply(*value);
                }
            }
            Self::Impute { slots: range, replaced, by } => {
                for ((value, replaced), by) in slots[range.clone()].iter_mut().zip(replaced).zip(by) {
                    *value = Step::Impute { replaced: *replaced, by: *by }.apply(*value);
                }
            }
        }
    }

    const fn of(slot: usize, step: Step) -> Self {
        let slots = slot..slot;
        match step {
            Step::Scale { .. } => Self::Scale { slots, offsets: Vec::new(), scales: Vec::new() },
            Step::Impute { .. } => Self::Impute { slots, replaced: Vec::new(), by: Vec::new() },
        }
    }

    /// Whether the slot is the next and the step of the same kind.
    fn takes(&mut self, slot: usize, step: Step) -> bool {
        match (self, step) {
            (Self::Scale { slots, offsets, scales }, Step::Scale { offset, scale }) if slots.end == slot => {
                offsets.push(offset);
                scales.push(scale);
                slots.end += 1;
                true
            }
            (Self::Impute { slots, replaced, by }, Step::Impute { replaced: value, by: other })
                if slots.end == slot =>
            {
                replaced.push(value);
                by.push(other);
                slots.end += 1;
                true
            }
            (Self::Scale { .. } | Self::Impute { .. }, _) => false,
        }
    }
}

/// First the first step of all columns, then the second: columns do not see each other.
fn runs(columns: &[Column]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for level in 0..columns.iter().map(|column| column.steps.len()).max().unwrap_or_default() {
        for (slot, column) in columns.iter().enumerate() {
            let Some(step) = column.steps.get(level) else { continue };
            if !runs.last_mut().is_some_and(|run| run.takes(slot, *step)) {
                let mut run = Run::of(slot, *step);
                run.takes(slot, *step);
                runs.push(run);
            }
        }
    }
    runs
}
