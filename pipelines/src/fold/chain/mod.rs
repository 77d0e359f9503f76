//! The stages between one topic and the next, chained in memory over the same batch. On one partition one chain is all
//! there is; on several there are three, with topics between them.

mod customers;
mod decisions;
mod entities;
mod whole;

use std::sync::Arc;

use weir_ingest::dead_letters;
use weir_ingest::state::StateStore;
use weir_messages::privacy::Keyring;
use weir_messages::{Change, DeadLetter, DecodeError, Derived, KnownTime, Place, Record, Sequenced, Stage, Topic};
use weir_scoring::Decided;

pub(crate) use customers::CustomerChain;
pub(crate) use decisions::{DecisionChain, PartGauges};
pub(crate) use entities::EntityChain;
pub(crate) use whole::WholeChain;

use super::FoldError;

pub(crate) trait Chain: Send {
    /// The topic whose records go in.
    fn source(&self) -> Topic;
    /// Namespaces of the stages' state.
    fn names(&self) -> Vec<String>;
    fn restore(&mut self, store: &StateStore) -> Result<(), FoldError>;
    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError>;
    /// What changed since the last call, by stage.
    fn snapshot(&mut self) -> Vec<(String, Vec<Change>)>;
}

/// What came out of a batch, in the order of its source, and the newest moment at which any of it became known.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    pub decisions: Vec<Sequenced<Decided>>,
    pub dead_letters: Vec<Sequenced<DeadLetter>>,
    /// For the stages behind other topics, which drop what comes twice.
    pub shuffled: Vec<(Topic, Record)>,
    pub newest: Option<KnownTime>,
}

/// Reads derived records; one that does not read becomes a dead letter.
fn readable<T>(
    (keyring, stage, source): (&Arc<Keyring>, &'static str, Topic),
    batch: &[Sequenced<Record>],
    folded: &mut Folded,
) -> Vec<Sequenced<Derived<T>>>
where
    Derived<T>: for<'a> TryFrom<&'a Record, Error = DecodeError>,
{
    let mut read = Vec::with_capacity(batch.len());
    for one in batch {
        match Derived::try_from(&one.body) {
            Ok(derived) => read.push(one.with(derived)),
            Err(error) => {
                let place = Place::new(source, one.position);
                let letter = dead_letters::unreadable(keyring, place, stage, &one.body, error);
                folded.dead_letters.push(one.with(letter));
            }
        }
    }
    read
}

fn restored(stage: &mut impl Stage, store: &StateStore) -> Result<(), FoldError> {
    Ok(stage.restore(store.reader(&stage.name())?)?)
}
