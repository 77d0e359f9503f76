//! The stages between one topic and the next, chained in memory over the same batch. On one partition one chain is all
//! there is; on several there are three, with topics between them.
//!
//! A chain declares the topic it reads, the topics it writes and its stages. The names of the state, restoring, saving,
//! publishing and the search for repeats after a crash follow from that.

mod customers;
mod decisions;
mod entities;
mod outputs;
mod parts;
mod stages;
#[cfg(test)]
mod tests;
mod whole;

use weir_messages::{Record, Sequenced, Topic};

pub(crate) use customers::CustomerChain;
pub(crate) use decisions::DecisionChain;
pub(crate) use entities::EntityChain;
pub(crate) use outputs::{ENGINE, Folded, FromSource, Output, Repeats};
pub(crate) use parts::{Admitting, Deciding};
pub(crate) use stages::Stages;
pub(crate) use whole::WholeChain;

use super::{FoldError, History};

pub(crate) trait Chain: Send {
    /// The topic whose records go in.
    fn reads(&self) -> Topic;
    /// The topics that records come out on. What comes out for any other is refused.
    fn writes(&self) -> &'static [Output];
    fn stages(&mut self) -> Stages<'_>;
    fn history(&self) -> History;

    /// Views that the state lacks: they are new, or edited, since it was saved.
    fn missing(&self) -> Vec<String> {
        Vec::new()
    }

    /// What folds these alone, from the start of the source; `None` where no state is kept by view.
    fn refold(&self) -> Option<Refolding> {
        None
    }

    /// These have been folded as far as the others.
    fn complete(&mut self) {}

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError>;

    /// Shows on charts what the state of this partition holds: once it is taken up, and after each batch.
    fn show(&mut self, _partition: u16) {}
}

/// A chain whose rows belong to a live chain's state.
pub(crate) struct Refolding {
    pub chain: Box<dyn Chain>,
    /// The namespace in which the live chain keeps its rows, and the one in which this one keeps everything else.
    pub live: String,
    pub apart: String,
}
