//! The short way for the graphs that decide: columns, their preparation and one model over them, as one program over a row
//! of float32. What a graph says is first followed symbolically ([`symbol`], [`walk`]); where every output is known that
//! way, it becomes a [`Plan`], and any other graph stays with tract. A plan gives the bits that the graph gives.

mod cut;
mod encoder;
mod explain;
mod formula;
mod standard;
mod symbol;
mod thresholds;
mod walk;

pub(crate) use cut::cut;
pub(crate) use explain::{Explanation, Margin};
pub(crate) use formula::{Formula, Scratch};
pub(crate) use symbol::{Column, Columns, MOST_COLUMNS, Model, Numbers, Source, Step, Symbol};
pub(crate) use walk::{Symbols, symbols};

use std::sync::Arc;

use tract_onnx::pb::ModelProto;

use self::encoder::Encoder;
use self::symbol::Scores;
use crate::operators::classes::Labels;
use crate::{Tensor, Values};

#[derive(Debug)]
pub(crate) struct Plan {
    encoder: Encoder,
    models: Vec<Arc<Model>>,
    outputs: Vec<Output>,
}

/// Which model gives an output of the graph.
#[derive(Debug)]
enum Output {
    Label(usize),
    Scores(usize, Scores),
}

/// Where the classes go that nobody asked for.
struct Unasked;

impl<T> Extend<T> for Unasked {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(drop);
    }
}

/// Rows of values, each by the place of a column among all columns of the graph's inputs.
pub(crate) trait Table {
    fn rows(&self) -> usize;
    fn number(&self, row: usize, column: usize) -> Option<f32>;
    fn text(&self, row: usize, column: usize) -> Option<&str>;

    /// Numbers of one row from columns that follow each other, one for each of the slots.
    fn numbers(&self, row: usize, first: usize, slots: &mut [f32]) -> Result<(), Unfit> {
        for (slot, column) in slots.iter_mut().zip(first..) {
            *slot = self.number(row, column).ok_or(Unfit(column))?;
        }
        Ok(())
    }
}

/// The column that holds no fitting value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfit(pub usize);

impl Plan {
    /// `None` for a graph that is not of this kind.
    pub(crate) fn of(proto: &ModelProto, known: &Symbols) -> Option<Self> {
        let outputs = proto.graph.as_ref()?.output.iter().map(|output| known.get(&output.name).cloned());
        Self::over(outputs.collect::<Option<_>>()?)
    }

    /// All models read the same columns: then one row is prepared once.
    fn over(symbols: Vec<Symbol>) -> Option<Self> {
        let mut models: Vec<Arc<Model>> = Vec::new();
        let mut place = |model: Arc<Model>| match models.iter().position(|known| Arc::ptr_eq(known, &model)) {
            Some(at) => at,
            None => {
                models.push(model);
                models.len() - 1
            }
        };
        let outputs = symbols.into_iter().map(|symbol| match symbol {
            Symbol::Label(model) => Some(Output::Label(place(model))),
            Symbol::Scores(scores) => Some(Output::Scores(place(Arc::clone(&scores.model)), scores)),
            Symbol::Columns(_) | Symbol::Constant(_) => None,
        });
        let outputs = outputs.collect::<Option<Vec<_>>>()?;
        let columns = &models.first()?.columns;
        if models.iter().any(|model| model.columns != *columns) {
            return None;
        }
        Some(Self { encoder: Encoder::of(columns)?, models, outputs })
    }
}

impl Plan {
    /// How many scores a row has in this output of the graph; `None` for an output of labels.
    pub(crate) fn width(&self, output: usize) -> Option<usize> {
        match self.outputs.get(output)? {
            Output::Scores(model, _) => Some(self.models[*model].formula.width()),
            Output::Label(_) => None,
        }
    }

    /// The scores of one output, row after row; of an output of labels none.
    pub(crate) fn scores<'s>(
        &self,
        output: usize,
        table: &impl Table,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [f32], Unfit> {
        let mut scores = std::mem::take(&mut scratch.scores);
        scores.clear();
        if let Some(Output::Scores(model, given)) = self.outputs.get(output) {
            self.models[*model].formula.rows(&self.encoder, table, scratch, &mut scores, &mut Unasked)?;
            given.multiply(&mut scores);
        }
        scratch.scores = scores;
        Ok(&scratch.scores)
    }

    /// All outputs.
    pub(crate) fn tensors(&self, table: &impl Table, scratch: &mut Scratch) -> Result<Vec<Tensor>, Unfit> {
        let mut answers = Vec::new();
        for model in &self.models {
            let (mut scores, mut winners) = (Vec::new(), Vec::new());
            model.formula.rows(&self.encoder, table, scratch, &mut scores, &mut winners)?;
            answers.push((scores, winners));
        }
        let outputs = self.outputs.iter().map(|output| match output {
            Output::Label(model) => {
                let labels = self.models[*model].formula.labels().expect("only a model with labels has this output");
                let values = match labels.of(&answers[*model].1) {
                    Labels::Integers(labels) => Values::Int64(labels),
                    Labels::Texts(labels) => Values::Text(labels),
                };
                (vec![table.rows()], values)
            }
            Output::Scores(model, given) => {
                let mut scores = answers[*model].0.clone();
                given.multiply(&mut scores);
                (vec![table.rows(), self.models[*model].formula.width()], Values::Float32(scores))
            }
        });
        let tensors = outputs.map(|(shape, values)| Tensor::new(shape, values).expect("as many as its shape says"));
        Ok(tensors.collect())
    }
}
