//! ONNX graphs of any origin: loaded from bytes, checked operator by operator, and run on tensors. A graph answers as ONNX
//! Runtime does, or it is refused with the reason. Knows nothing of packages, features or scores.

mod bounds;
mod calibrated;
mod check;
mod constants;
mod graph;
mod json;
mod known_faults;
mod map_inputs;
mod memory;
mod operators;
mod plan;
mod rows;
mod scorer;
mod tensor;
mod trees;
mod wide;
mod wire;

pub use calibrated::Calibrator;
pub use graph::{Graph, GraphInput, GraphOutput};
pub use json::{ScoreError, score_json};
pub use scorer::{Cell, Explainer, InputColumn, Scorer};
pub use tensor::{Kind, Tensor, Values};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("model refused: {reason}")]
    Refused { reason: String },
    #[error("model failed: {reason}")]
    Failed { reason: String },
}
