//! What is known of a tensor before any row is: of which columns it is made, or which model gives it.

use std::collections::HashMap;
use std::sync::Arc;

use tract_onnx::prelude::Tensor;

use super::Formula;
use crate::trees::SLOTS;

/// More of them have no place in a row.
pub(crate) const MOST_COLUMNS: usize = SLOTS;
/// What is done to one column, one after the other.
const MOST_STEPS: usize = 8;

#[derive(Debug, Clone)]
pub(crate) enum Symbol {
    Columns(Columns),
    Constant(Arc<Tensor>),
    /// Of shape [rows].
    Label(Arc<Model>),
    /// Of shape [rows, width of the formula].
    Scores(Scores),
}

/// A tensor of shape [rows, …shape].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Columns {
    pub shape: Vec<usize>,
    pub columns: Vec<Column>,
}

/// One value a row: where it comes from, and what is done to it then.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub source: Source,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// By its place among all columns of the graph's inputs.
    Number(usize),
    Text(usize),
    /// An int64, until it is cast to a number.
    Integer(usize),
    /// One where the text of the column is that of the place, and zero elsewhere. Strict, a text of no place is an error.
    Category {
        text: usize,
        categories: Arc<Vec<String>>,
        place: usize,
        strict: bool,
    },
    /// What a text stands for; an int64 until it is cast.
    Looked {
        text: usize,
        numbers: Arc<Numbers>,
        is_integer: bool,
    },
    Constant(f32),
}

/// Numbers of texts, as float32.
#[derive(Debug, PartialEq)]
pub(crate) struct Numbers {
    pub known: HashMap<String, f32>,
    pub default: f32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Scale {
        offset: f32,
        scale: f32,
    },
    /// Where the value is `replaced`; NaN means every NaN.
    Impute {
        replaced: f32,
        by: f32,
    },
}

/// One operator that makes scores of columns.
#[derive(Debug)]
pub(crate) struct Model {
    pub columns: Vec<Column>,
    pub formula: Formula,
}

#[derive(Debug, Clone)]
pub(crate) struct Scores {
    pub model: Arc<Model>,
    /// By which each score is multiplied, one after the other.
    pub factors: Vec<f32>,
}

impl Scores {
    pub(crate) fn multiply(&self, scores: &mut [f32]) {
        for factor in &self.factors {
            scores.iter_mut().for_each(|score| *score *= factor);
        }
    }
}

impl Source {
    const fn is_number(&self) -> bool {
        match self {
            Self::Number(_) | Self::Category { .. } | Self::Constant(_) => true,
            Self::Looked { is_integer, .. } => !*is_integer,
            Self::Text(_) | Self::Integer(_) => false,
        }
    }

    /// As float32; a text has no number.
    pub(crate) fn cast(&self) -> Option<Self> {
        match self {
            Self::Text(_) => None,
            Self::Integer(place) => Some(Self::Number(*place)),
            Self::Looked { text, numbers, .. } => {
                Some(Self::Looked { text: *text, numbers: Arc::clone(numbers), is_integer: false })
            }
            Self::Number(_) | Self::Category { .. } | Self::Constant(_) => Some(self.clone()),
        }
    }
}

impl Columns {
    /// The columns of a matrix of float32.
    pub(crate) fn numbers(&self) -> Option<&[Column]> {
        let numbers = self.columns.iter().all(|column| column.source.is_number());
        (self.shape.len() == 1 && numbers).then_some(&self.columns)
    }

    /// Every column of a matrix with one more step, that of its place.
    pub(crate) fn with(&self, step: impl Fn(usize) -> Option<Step>) -> Option<Self> {
        let columns = self.numbers()?.iter().enumerate().map(|(at, column)| {
            let mut column = Some(column.clone()).filter(|column| column.steps.len() < MOST_STEPS)?;
            column.steps.push(step(at)?);
            Some(column)
        });
        Some(Self { shape: self.shape.clone(), columns: columns.collect::<Option<_>>()? })
    }
}

/// To the bit: replacing NaN is replacing NaN.
impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        let parts = |step: &Self| match *step {
            Self::Scale { offset, scale } => (0, offset.to_bits(), scale.to_bits()),
            Self::Impute { replaced, by } => (1, replaced.to_bits(), by.to_bits()),
        };
        parts(self) == parts(other)
    }
}

impl Step {
    pub(crate) fn apply(self, value: f32) -> f32 {
        match self {
            Self::Scale { offset, scale } => (value - offset) * scale,
            Self::Impute { replaced, by } if value == replaced || (replaced.is_nan() && value.is_nan()) => by,
            Self::Impute { .. } => value,
        }
    }
}

impl Symbol {
    /// The columns of the only input, a matrix of float32.
    pub(crate) fn only_numbers(inputs: &[Self]) -> Option<&Columns> {
        match inputs {
            [Self::Columns(columns)] => columns.numbers().map(|_| columns),
            _ => None,
        }
    }

    /// Label and scores of a model over the only input.
    pub(crate) fn of_model(inputs: &[Self], formula: impl FnOnce(usize) -> Option<Formula>) -> Option<Vec<Self>> {
        let columns = Self::only_numbers(inputs)?.columns.clone();
        let formula = formula(columns.len())?;
        let labelled = formula.labels().is_some();
        let model = Arc::new(Model { columns, formula });
        let label = labelled.then(|| Self::Label(Arc::clone(&model)));
        let scores = Self::Scores(Scores { model, factors: Vec::new() });
        Some(label.into_iter().chain([scores]).collect())
    }
}
