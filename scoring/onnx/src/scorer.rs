//! A graph made ready to score: compiled to a [`Plan`] where it is of the kind that decides, else run by tract. Which of
//! the two it is changes the time that an answer takes, and not a bit of the answer.

use std::cell::RefCell;

use crate::calibrated::{Calibrated, Calibrator};
use crate::plan::{Explanation, Plan, Scratch, Table, Unfit};
use crate::rows::{Cells, Tensors};
use crate::{Graph, GraphInput, GraphOutput, Kind, ModelError, Tensor, Values, graph};

#[derive(Debug)]
pub struct Scorer {
    inputs: Vec<GraphInput>,
    outputs: Vec<GraphOutput>,
    known_faults: Vec<String>,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Compiled(Plan),
    Interpreted(Graph, Vec<Calibrated>),
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
pub struct Explainer {
    explanation: Explanation,
    /// Of an output of a graph that is interpreted.
    calibrator: Option<(usize, Calibrator)>,
}

impl Explainer {
    /// What is explained when nothing is known of a row.
    #[must_use]
    pub const fn base(&self) -> f64 {
        self.explanation.base()
    }

    /// Whether the log-odds of the score are explained, or the score itself.
    #[must_use]
    pub const fn is_log_odds(&self) -> bool {
        self.explanation.is_log_odds()
    }

    /// What makes the score of what is explained, where that is not the score itself or its log-odds.
    #[must_use]
    pub fn calibrator(&self) -> Option<Calibrator> {
        self.calibrator.map(|(_, calibrator)| calibrator)
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Scorer {
    /// Refuses what [`Graph::load`] refuses.
    pub fn load(bytes: &[u8]) -> Result<Self, ModelError> {
        let (graph, plan, calibrated) = Graph::load_with_plan(bytes)?;
        let (inputs, outputs) = (graph.inputs().to_vec(), graph.outputs().to_vec());
        let known_faults = graph.known_faults().to_vec();
        Ok(Self { inputs, outputs, known_faults, way: plan.map_or(Way::Interpreted(graph, calibrated), Way::Compiled) })
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

    /// What ONNX Runtime is known to get wrong in this graph. Its answer is kept here, as data scientists proved their model on it.
    #[must_use]
    pub fn known_faults(&self) -> &[String] {
        &self.known_faults
    }

    /// Where an answer may change at once, by column and value: what trees compare columns with, or, of a graph that is not
    /// compiled, each single number that it holds and one unit beside it, for every column of numbers.
    #[must_use]
    pub fn thresholds(&self) -> Vec<(usize, f32)> {
        let graph = match &self.way {
            Way::Compiled(plan) => return plan.thresholds(),
            Way::Interpreted(graph, _) => graph,
        };
        let columns = self.columns().unwrap_or_default();
        let numbers = (0..).zip(&columns).filter(|(_, column)| column.kind == Kind::Float32).map(|(at, _)| at);
        let beside = |constant: &f32| [constant - 1.0, *constant, constant + 1.0];
        numbers.flat_map(|at| graph.constants().iter().flat_map(beside).map(move |value| (at, value))).collect()
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
            Way::Interpreted(graph, _) => graph.run(inputs),
            Way::Compiled(plan) => {
                let rows = graph::rows(&self.inputs, &inputs, true).map_err(|error| failed(error.to_string()))?;
                let tensors = Tensors { inputs: &inputs, rows: rows.unwrap_or_default() };
                let answered = SCRATCH.with_borrow_mut(|scratch| plan.tensors(&tensors, scratch));
                answered.map_err(|unfit| self.unfit(unfit))
            }
        }
    }

    /// All outputs for rows as [`scores`](Self::scores) takes them.
    pub fn run_rows<R: AsRef<[Cell]>>(&self, rows: &[R], order: &[usize]) -> Result<Vec<Tensor>, ModelError> {
        self.run(self.tensors(&Cells { rows, order })?)
    }

    /// Gives `each` the scores of one output, row by row. `order` has for each of the [`columns`](Self::columns) the place of
    /// its value in a row.
    pub fn scores<R: AsRef<[Cell]>>(
        &self,
        output: usize,
        rows: &[R],
        order: &[usize],
        mut each: impl FnMut(&[f32]),
    ) -> Result<(), ModelError> {
        let cells = Cells { rows, order };
        match &self.way {
            Way::Compiled(plan) => SCRATCH.with_borrow_mut(|scratch| {
                let width = plan.width(output).ok_or_else(|| failed(self.no_scores(output)))?;
                let scores = plan.scores(output, &cells, scratch).map_err(|unfit| self.unfit(unfit))?;
                scores.chunks_exact(width).for_each(each);
                Ok(())
            }),
            Way::Interpreted(graph, _) => {
                let outputs = graph.run(self.tensors(&cells)?)?;
                match outputs.get(output).map(|output| (output.shape(), output.values())) {
                    Some((&[height, width], Values::Float32(values))) if height == rows.len() && width > 0 => {
                        values.chunks_exact(width).for_each(&mut each);
                        Ok(())
                    }
                    _ => Err(failed(self.no_scores(output))),
                }
            }
        }
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
        let cells = Cells { rows: background, order };
        let explained = match &self.way {
            Way::Compiled(plan) => SCRATCH.with_borrow_mut(|scratch| {
                let explanation = plan.explanation(output, class, &cells, scratch)?;
                Ok(explanation.map(|explanation| Explainer { explanation, calibrator: None }))
            }),
            Way::Interpreted(_, calibrated) => {
                let Some(calibrated) = calibrated.iter().find(|one| one.is_of(output)) else { return Ok(None) };
                let mut told = Vec::with_capacity(background.len());
                self.scores(output, background, order, |scores| told.extend(scores.get(class)))?;
                SCRATCH.with_borrow_mut(|scratch| {
                    let explained = calibrated.explanation(class, &told, &cells, scratch)?;
                    Ok(explained.map(|(explanation, calibrator)| Explainer {
                        explanation,
                        calibrator: Some((output, calibrator)),
                    }))
                })
            }
        };
        explained.map_err(|unfit| self.unfit(unfit))
    }

    /// What each value of a row contributed, in the order of the row. With the explainer's base they sum to what it explains.
    pub fn contributions(
        &self,
        Explainer { explanation, calibrator }: &Explainer,
        row: &[Cell],
        order: &[usize],
    ) -> Result<Vec<f64>, ModelError> {
        let mut contributions = vec![0.0; row.len()];
        let plan = match (&self.way, calibrator) {
            (Way::Compiled(plan), _) => Some(plan),
            (Way::Interpreted(_, calibrated), Some((output, _))) => {
                calibrated.iter().find(|one| one.is_of(*output)).map(Calibrated::model)
            }
            (Way::Interpreted(..), None) => None,
        };
        let plan = plan.ok_or_else(|| failed("an explainer of another graph".to_owned()))?;
        let add = |column: usize, contribution: f64| contributions[order[column]] += contribution;
        let explained = SCRATCH.with_borrow_mut(|scratch| {
            plan.contributions(explanation, &Cells { rows: &[row], order }, 0, scratch, add)
        });
        explained.map(|()| contributions).map_err(|unfit| self.unfit(unfit))
    }

    fn tensors(&self, cells: &impl Table) -> Result<Vec<Tensor>, ModelError> {
        let mut next = 0;
        let tensors = self.inputs.iter().map(|input| {
            let [None, Some(width)] = input.shape[..] else {
                return Err(failed(format!("input `{}`: expected any number of rows of a known width", input.name)));
            };
            let columns = next..next + width;
            next += width;
            let places = (0..cells.rows()).flat_map(|row| columns.clone().map(move |column| (row, column)));
            let values = match input.kind {
                Kind::Float32 => {
                    let values = places.map(|(row, column)| cells.number(row, column).ok_or(Unfit(column)));
                    values.collect::<Result<_, _>>().map(Values::Float32)
                }
                Kind::Text => {
                    let values =
                        places.map(|(row, column)| cells.text(row, column).map(str::to_owned).ok_or(Unfit(column)));
                    values.collect::<Result<_, _>>().map(Values::Text)
                }
                Kind::Float64 | Kind::Int64 | Kind::Int32 | Kind::Int16 | Kind::Bool => Err(Unfit(columns.start)),
            };
            let values = values.map_err(|unfit| self.unfit(unfit))?;
            Ok(Tensor::new(vec![cells.rows(), width], values).expect("each row has a value for each column"))
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
