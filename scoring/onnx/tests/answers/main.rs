//! Graphs with the answers that ONNX Runtime gave: those of other people, and the corpus.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test ends where it cannot go on")]

mod calibrated;
mod comparison;
mod corpus;
mod edges;
mod graphs;
mod plans;
mod shap;
