//! The demo's plots.

mod bars;
mod curves;
mod times;

pub(super) use bars::{outcomes, reasons};
pub(super) use curves::{roc, scores};
pub(super) use times::{calendar, latency};
