//! A score that a monotone step makes of what one model says, such as a calibrator behind it. What is explained is what the model
//! says; the step is asked at a thousand places whether it is monotone.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{ModelProto, NodeProto};

use crate::constants::constants;
use crate::map_inputs::Keys;
use crate::operators::post_transform::logistic;
use crate::plan::{Explanation, Plan, Scratch, Symbols, Table, Unfit, cut};
use crate::{Graph, Tensor, Values};

/// Places between the least and the greatest that the model says, and as far again on both sides.
const PLACES: u16 = 1000;
/// What float32 may turn around.
const NOISE: f32 = 1e-6;

/// What the steps may be made of.
const SMOOTH: &[&str] = &[
    "Add",
    "ArrayFeatureExtractor",
    "Clip",
    "Concat",
    "Constant",
    "Div",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Gather",
    "Gemm",
    "Identity",
    "Log",
    "MatMul",
    "Max",
    "Mean",
    "Min",
    "Mul",
    "Neg",
    "Pow",
    "Reciprocal",
    "ReduceMean",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Shape",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Softplus",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];

#[derive(Debug)]
pub(crate) struct Calibrated {
    /// Of the graph.
    output: usize,
    model: Plan,
    /// How many scores it gives.
    width: usize,
    step: Graph,
    /// Numbers at which the step may bend, ascending.
    bends: Vec<f32>,
}

/// What a monotone step makes of what is explained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibrator {
    /// The score of what is explained when nothing is known of a row.
    pub at_base: f64,
    /// What is explained, and the score of it, where it was least and greatest among the rows of the background.
    pub ends: [(f64, f64); 2],
}

impl Calibrated {
    /// Of every output that is such a score.
    pub(crate) fn of(proto: &ModelProto, known: &Symbols) -> Vec<Self> {
        let outputs = proto.graph.iter().flat_map(|graph| &graph.output).enumerate();
        let calibrated = outputs.filter_map(|(at, output)| {
            let (model, rest) = cut(proto, known, output)?;
            rest.graph.iter().flat_map(|graph| &graph.node).all(bends_in_sight).then_some(())?;
            let (width, bends) = (model.width(0)?, constants(&rest, usize::MAX));
            let step = Graph::build(rest, Keys::default()).ok()?;
            Some(Self { output: at, model, width, step, bends })
        });
        calibrated.collect()
    }

    pub(crate) const fn model(&self) -> &Plan {
        &self.model
    }

    pub(crate) const fn is_of(&self, output: usize) -> bool {
        self.output == output
    }

    /// Of one class, whose scores of the rows of the background are `told`. `None` where the step takes more than one score of
    /// the model, or is not monotone.
    pub(crate) fn explanation(
        &self,
        class: usize,
        told: &[f32],
        background: &impl Table,
        scratch: &mut Scratch,
    ) -> Result<Option<(Explanation, Calibrator)>, Unfit> {
        let scores = self.model.scores(0, background, scratch)?.to_vec();
        for column in 0..self.width {
            let said: Vec<f32> = scores.iter().skip(column).step_by(self.width).copied().collect();
            let alone = self.step(class, column, &said).is_some_and(|alone| alone == told);
            if !alone || !self.is_monotone(class, column, &said) {
                continue;
            }
            let Some(explanation) = self.model.explanation(0, column, background, scratch)? else { return Ok(None) };
            #[allow(clippy::cast_possible_truncation, reason = "models are float32")]
            let base = explanation.base() as f32;
            let said = if explanation.is_log_odds() { logistic(base) } else { base };
            let at_base = self.step(class, column, &[said]).map(|scores| f64::from(scores[0]));
            let ends = self.ends(&explanation, told, background, scratch)?;
            let calibrator = at_base.zip(ends).map(|(at_base, ends)| Calibrator { at_base, ends });
            return Ok(calibrator.map(|calibrator| (explanation, calibrator)));
        }
        Ok(None)
    }

    /// `None` where the same is explained of all rows.
    fn ends(
        &self,
        explanation: &Explanation,
        told: &[f32],
        background: &impl Table,
        scratch: &mut Scratch,
    ) -> Result<Option<[(f64, f64); 2]>, Unfit> {
        let mut ends: Option<[(f64, f64); 2]> = None;
        for (row, told) in told.iter().enumerate() {
            let mut explained = explanation.base();
            self.model.contributions(explanation, background, row, scratch, |_, more| explained += more)?;
            let end = (explained, f64::from(*told));
            let [least, most] = ends.get_or_insert([end, end]);
            if explained < least.0 {
                *least = end;
            }
            if explained > most.0 {
                *most = end;
            }
        }
        Ok(ends.filter(|[least, most]| least.0 < most.0))
    }

    /// The score of one class for each that the model says in one column; what it says in the others is not known.
    fn step(&self, class: usize, column: usize, said: &[f32]) -> Option<Vec<f32>> {
        let mut values = vec![f32::NAN; said.len() * self.width];
        values.iter_mut().skip(column).step_by(self.width).zip(said).for_each(|(value, said)| *value = *said);
        let given = Tensor::new(vec![said.len(), self.width], Values::Float32(values))?;
        let answers = self.step.run(vec![given]).ok()?;
        let (&[rows, classes], Values::Float32(scores)) = (answers[0].shape(), answers[0].values()) else {
            return None;
        };
        let own = scores.iter().skip(class).step_by(classes.max(1)).copied();
        (rows == said.len() && class < classes).then(|| own.collect())
    }

    fn is_monotone(&self, class: usize, column: usize, said: &[f32]) -> bool {
        let (least, most) =
            said.iter().fold((f32::MAX, f32::MIN), |(least, most), one| (least.min(*one), most.max(*one)));
        let span = most - least;
        // A probability is asked about as far as there are any.
        let (lowest, highest) = if least >= 0.0 && most <= 1.0 { (0.0, 1.0) } else { (f32::MIN, f32::MAX) };
        let between = (0..=PLACES).map(|at| least - span + 3.0 * span * f32::from(at) / f32::from(PLACES));
        let beside = self.bends.iter().chain(&[0.0]).flat_map(|at| [at.next_down(), *at, at.next_up()]);
        let mut places: Vec<f32> = between.chain(beside).map(|place| place.clamp(lowest, highest)).collect();
        places.sort_by(f32::total_cmp);
        let scores = self.step(class, column, &places);
        scores.is_some_and(|scores| climbs(scores.iter()) || climbs(scores.iter().rev()))
    }
}

/// Whether the node moves values about, or makes of them what bends only at its constants or slowly. A comparison, a step to whole
/// numbers or a choice may turn what it makes in a gap that no place points at.
fn bends_in_sight(node: &NodeProto) -> bool {
    let float = |to: i64| [DataType::Float as i64, DataType::Double as i64].contains(&to);
    match node.op_type.as_str() {
        "Cast" => node.attribute.iter().any(|attribute| attribute.name == "to" && float(attribute.i)),
        operator => SMOOTH.contains(&operator),
    }
}

fn climbs<'a>(mut scores: impl Iterator<Item = &'a f32>) -> bool {
    let mut highest = f32::MIN;
    scores.all(|score| {
        highest = highest.max(*score);
        *score >= highest - NOISE
    })
}
