//! A graph made ready to score: compiled to a [`Plan`] where it is of the kind that decides, else run by tract. Which of
//! the two it is changes the time that an answer takes, and not a bit of the answer.

use std::cell::RefCell;

use crate::plan::{Explanation, Plan, Row, Scratch, Unfit};
use crate::{Graph, GraphInput, GraphOutput, Kind, ModelError, Tensor, Values, graph};

#[derive(Debug)]
pub struct Scorer {
    inputs: Vec<GraphInput>,
    outputs: Vec<GraphOutput>,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Compiled(Plan),
    Interpreted(Graph),
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Number(f32),
    Text(String),
}

/// One column of the graph's inputs: an input of width one is a column, and a wider one is as many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputColumn {
    pub input: String,
    pub place: usize,
    pub kind: Kind,
}

/// How a score comes about; of the [`Scorer`] that gave it.
#[derive(Debug)]
pub struct Explainer(Explanation);

impl Explainer {
    /// What is explained when nothing is known of a row.
    #[must_use]
    pub const fn base(&self) -> f64 {
        self.0.base()
    }

    /// Whether the log-odds of the score are explained, or the score itself.
    #[must_use]
    pub const fn is_log_odds(&self) -> bool {
        self.0.is_log_odds()
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Scorer {
    /// Refuses what [`Graph::load`] refuses.
    pub fn load(bytes: &[u8]) -> Result<Self, ModelError> {
        let (graph, plan) = Graph::load_with_plan(bytes)?;
        let (inputs, outputs) = (graph.inputs().to_vec(), graph.outputs().to_vec());
        Ok(Self { inputs, outputs, way: plan.map_or(Way::Interpreted(graph), Way::Compiled) })
    }

    #[must_use]
    pub fn inputs(&self) -> &[GraphInput] {
        &self.inputs
    }

    #[must_use]
    pub fn outputs(&self) -> &[GraphOutput] {
        &self.outputs
    }

    #[must_use]
    pub const fn is_compiled(&self) -> bool {
        matches!(self.way, Way::Compiled(_))
    }

    /// `None` unless every input is any number of rows of a known width.
    #[must_use]
    pub fn columns(&self) -> Option<Vec<InputColumn>> {
        let mut columns = Vec::new();
        for input in &self.inputs {
            let [None, Some(width)] = input.shape[..] else { return None };
            let of = |place| InputColumn { input: input.name.clone(), place, kind: input.kind };
            columns.extend((0..width).map(of));
        }
        Some(columns)
    }

    /// Tensors in the order of `inputs`; answers in the order of `outputs`.
    pub fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        match &self.way {
            Way::Interpreted(graph) => graph.run(inputs),
            Way::Compiled(plan) => {
                let rows = graph::rows(&self.inputs, &inputs, true).map_err(|error| failed(error.to_string()))?;
                let rows: Vec<_> =
                    (0..rows.unwrap_or_default()).map(|row| TensorRow { inputs: &inputs, row }).collect();
                let answered = SCRATCH.with_borrow_mut(|scratch| plan.tensors(&rows, scratch));
                answered.map_err(|unfit| self.unfit(unfit))
            }
        }
    }

    /// Appends the scores of one output, row after row, and gives their number a row. `order` has for each of the
    /// [`columns`](Self::columns) the place of its value in a row.
    pub fn scores<R: AsRef<[Cell]>>(
        &self,
        output: usize,
        rows: &[R],
        order: &[usize],
        scores: &mut Vec<f32>,
    ) -> Result<usize, ModelError> {
        let Way::Compiled(plan) = &self.way else { return self.interpreted(output, rows, order, scores) };
        let Some(width) = plan.width(output) else { return Err(failed(self.no_scores(output))) };
        let rows = Cells::of(rows, order);
        scores.reserve(rows.len() * width);
        let answered = SCRATCH.with_borrow_mut(|scratch| plan.scores(output, &rows, scratch, scores));
        answered.map(|()| width).map_err(|unfit| self.unfit(unfit))
    }

    /// How one score of one output comes about; `None` where there is no way to say it. `background` are rows whose average
    /// stands for all where a model is linear.
    pub fn explainer(
        &self,
        output: usize,
        class: usize,
        background: &[Vec<Cell>],
        order: &[usize],
    ) -> Result<Option<Explainer>, ModelError> {
        let Way::Compiled(plan) = &self.way else { return Ok(None) };
        let background = Cells::of(background, order);
        let explained = SCRATCH.with_borrow_mut(|scratch| plan.explanation(output, class, &background, scratch));
        explained.map(|explanation| explanation.map(Explainer)).map_err(|unfit| self.unfit(unfit))
    }

    /// What each value of a row contributed, in the order of the row. With the explainer's base they sum to what it explains.
    pub fn contributions(
        &self,
        Explainer(explanation): &Explainer,
        row: &[Cell],
        order: &[usize],
    ) -> Result<Vec<f64>, ModelError> {
        let mut contributions = vec![0.0; row.len()];
        let Way::Compiled(plan) = &self.way else { return Ok(contributions) };
        let add = |column: usize, contribution: f64| contributions[order[column]] += contribution;
        let explained =
            SCRATCH.with_borrow_mut(|scratch| plan.contributions(explanation, &Cells { row, order }, scratch, add));
        explained.map(|()| contributions).map_err(|unfit| self.unfit(unfit))
    }

    fn interpreted<R: AsRef<[Cell]>>(
        &self,
        output: usize,
        rows: &[R],
        order: &[usize],
        scores: &mut Vec<f32>,
    ) -> Result<usize, ModelError> {
        let Way::Interpreted(graph) = &self.way else { return Err(failed(self.no_scores(output))) };
        let outputs = graph.run(self.tensors(rows, order)?)?;
        match outputs.get(output).map(|output| (output.shape(), output.values())) {
            Some((&[height, width], Values::Float32(values))) if height == rows.len() && width > 0 => {
                scores.extend(values);
                Ok(width)
            }
            _ => Err(failed(self.no_scores(output))),
        }
    }

    fn tensors<R: AsRef<[Cell]>>(&self, rows: &[R], order: &[usize]) -> Result<Vec<Tensor>, ModelError> {
        let cells = Cells::of(rows, order);
        let mut next = 0;
        let tensors = self.inputs.iter().map(|input| {
            let [None, Some(width)] = input.shape[..] else {
                return Err(failed(format!("input `{}`: expected any number of rows of a known width", input.name)));
            };
            let columns = next..next + width;
            next += width;
            let places = cells.iter().flat_map(|row| columns.clone().map(move |column| (row, column)));
            let values = match input.kind {
                Kind::Float32 => {
                    let values = places.map(|(row, column)| row.number(column).ok_or(Unfit(column)));
                    values.collect::<Result<_, _>>().map(Values::Float32)
                }
                Kind::Text => {
                    let values = places.map(|(row, column)| row.text(column).map(str::to_owned).ok_or(Unfit(column)));
                    values.collect::<Result<_, _>>().map(Values::Text)
                }
                Kind::Float64 | Kind::Int64 | Kind::Int32 | Kind::Int16 | Kind::Bool => Err(Unfit(columns.start)),
            };
            let values = values.map_err(|unfit| self.unfit(unfit))?;
            Ok(Tensor::new(vec![rows.len(), width], values).expect("each row has a value for each column"))
        });
        tensors.collect()
    }

    fn unfit(&self, Unfit(column): Unfit) -> ModelError {
        let columns = self.columns().unwrap_or_default();
        let column = columns.get(column).map_or_else(
            || format!("column {column}"),
            |column| format!("`{}`, column {}", column.input, column.place),
        );
        failed(format!("no fitting value for {column}"))
    }

    fn no_scores(&self, output: usize) -> String {
        let name = self.outputs.get(output).map_or("?", |output| output.name.as_str());
        format!("output `{name}`: expected rows of float32, found something else")
    }
}

const fn failed(reason: String) -> ModelError {
    ModelError::Failed { reason }
}

/// A row of cells, and where each column finds its own.
struct Cells<'a> {
    row: &'a [Cell],
    order: &'a [usize],
}

impl<'a> Cells<'a> {
    fn of<R: AsRef<[Cell]>>(rows: &'a [R], order: &'a [usize]) -> Vec<Self> {
        rows.iter().map(|row| Self { row: row.as_ref(), order }).collect()
    }
}

impl Row for Cells<'_> {
    fn number(&self, column: usize) -> Option<f32> {
        match self.row.get(*self.order.get(column)?)? {
            Cell::Number(number) => Some(*number),
            Cell::Text(_) => None,
        }
    }

    fn text(&self, column: usize) -> Option<&str> {
        match self.row.get(*self.order.get(column)?)? {
            Cell::Text(text) => Some(text),
            Cell::Number(_) => None,
        }
    }
}

/// One row of tensors that stand side by side.
struct TensorRow<'a> {
    inputs: &'a [Tensor],
    row: usize,
}

impl TensorRow<'_> {
    /// The tensor that holds the column, and the place in it.
    fn find(&self, mut column: usize) -> Option<(&Values, usize)> {
        for input in self.inputs {
            let width = *input.shape().get(1)?;
            if column < width {
                return Some((input.values(), self.row * width + column));
            }
            column -= width;
        }
        None
    }
}

impl Row for TensorRow<'_> {
    fn number(&self, column: usize) -> Option<f32> {
        match self.find(column)? {
            (Values::Float32(values), place) => values.get(place).copied(),
            _ => None,
        }
    }

    fn text(&self, column: usize) -> Option<&str> {
        match self.find(column)? {
            (Values::Text(values), place) => values.get(place).map(String::as_str),
            _ => None,
        }
    }
}
