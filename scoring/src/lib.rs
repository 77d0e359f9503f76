//! Feature vectors to decisions with reasons: models proven on their golden rows, a policy in SQL, and the pure function
//! that joins them; who decides, and the registry that says so. Computes no feature and moves no money; the caller publishes
//! what is decided.

mod columns;
mod content;
mod engine;
pub mod gate;
pub mod lineup;
mod mlflow;
pub mod model;
mod policy;
pub mod registry;
pub mod watch;

pub use columns::{Column, UnfitColumn};
pub use content::{Content, ContentError};
pub use engine::{Engine, EngineError, engine_name, model_of};
pub use lineup::{CurrentLineup, Decided, Decider, Lineup};
pub use mlflow::{MlflowError, is_mlflow, read_mlflow};
pub use policy::{Policy, PolicyError};

use weir_messages::{Causes, FeatureVector};

/// Failures that the gate tells; the rest are counted.
const MOST_TOLD: usize = 5;

/// Why a vector holds no value for `feature`.
fn absence(vector: &FeatureVector, feature: &str) -> String {
    vector.missing.get(feature).map_or("no_value", |reason| reason).to_owned()
}

/// An error with its causes, on one line.
#[must_use]
pub fn one_line(error: &dyn std::error::Error) -> String {
    Causes(error).to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
