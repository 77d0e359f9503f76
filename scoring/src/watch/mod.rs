//! Whether what comes to a model, and what it answers, is still what the model was made on: bins frozen with the package,
//! counts of what came, and the population stability index between the two, with a limit that knows how many rows were
//! counted. Pure: reads no log and no clock.

mod bins;
mod counts;
mod form;
mod psi;
mod recent;
mod reference;
mod slices;
#[cfg(test)]
mod tests;

pub use bins::Bins;
pub use counts::Counts;
pub use psi::{DRIFTING, Drift, LARGE, Verdict, drift};
pub use recent::Recent;
pub use reference::{Column, PROBABILITY, Reference};
pub use slices::{Slice, Slices};
