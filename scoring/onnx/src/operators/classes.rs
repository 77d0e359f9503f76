//! The labels of a classifier's classes.

use tract_onnx::prelude::{DatumType, TractResult};
use tract_onnx::tract_hir::internal::{Datum, Tensor, bail, tensor1};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Labels {
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

/// The answer of a classifier for one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Winner {
    /// The label at this place.
    Class(usize),
    /// Of texts the label at this place, of integers this number itself: ONNX Runtime's answer where it does not look
    /// the label up.
    Number(usize),
}

impl Labels {
    /// `attributes` are the names of the two lists, for the text of the error.
    pub(crate) fn new(integers: Vec<i64>, texts: Vec<String>, attributes: [&str; 2]) -> TractResult<Self> {
        match (integers.is_empty(), texts.is_empty()) {
            (false, true) => Ok(Self::Integers(integers)),
            (true, false) => Ok(Self::Texts(texts)),
            (true, true) | (false, false) => bail!("expected one of `{}` and `{}`", attributes[0], attributes[1]),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Integers(labels) => labels.len(),
            Self::Texts(labels) => labels.len(),
        }
    }

    pub(crate) fn datum_type(&self) -> DatumType {
        match self {
            Self::Integers(_) => i64::datum_type(),
            Self::Texts(_) => String::datum_type(),
        }
    }

    pub(crate) fn pick(&self, winners: &[Winner]) -> Tensor {
        match self.of(winners) {
            Self::Integers(labels) => tensor1(&labels),
            Self::Texts(labels) => tensor1(&labels),
        }
    }

    /// One label for each winner.
    pub(crate) fn of(&self, winners: &[Winner]) -> Self {
        match self {
            Self::Integers(labels) => {
                let labels = winners.iter().map(|winner| match *winner {
                    Winner::Class(at) => labels[at],
                    Winner::Number(number) => i64::try_from(number).expect("a number of a class is small"),
                });
                Self::Integers(labels.collect())
            }
            Self::Texts(labels) => {
                let labels = winners.iter().map(|winner| match *winner {
                    Winner::Class(at) | Winner::Number(at) => labels[at].clone(),
                });
                Self::Texts(labels.collect())
            }
        }
    }

    /// As text, in the order of the classes.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            Self::Integers(labels) => labels.iter().map(ToString::to_string).collect(),
            Self::Texts(labels) => labels.clone(),
        }
    }
}
