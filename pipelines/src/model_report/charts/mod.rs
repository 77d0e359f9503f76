//! The plots of the report on models.

mod bins;
mod lines;
mod squares;

pub(super) use bins::bins;
pub(super) use lines::{calibration, over_time, roc};
pub(super) use squares::squares;
