//! The live stages. On a log of one partition `FeatureStage` is the whole of it. On several, `CustomerStage` folds what
//! lives with the customer and sends the rest to its entities, `EntityStage` folds and answers there, and `VectorStage`
//! puts the parts together at the customer's partition. The engine is the same.

mod customers;
mod entities;
mod expiry;
mod refold;
mod vectors;
mod whole;

use weir_messages::{Event, FeatureVector, Reached, StageError, StateReader};

pub use customers::{CustomerStage, FromCustomer};
pub use entities::EntityStage;
pub use refold::{Refolds, RowsOfLive, rows_apart};
pub use vectors::{DEFAULT_PART_WAIT_SECONDS, VectorStage};
pub use whole::FeatureStage;

use crate::engine::Answer;
use crate::source::{Envelope, Observed, Reader};
use crate::view::FeatureViews;

/// Changes with the form of the state of vectors that wait: an old one is then folded anew.
const STATE_FORM: u32 = 3;
/// Where a stage keeps how far its sources reached.
const REACHED: &[u8] = b"r";

fn observed<'a>(views: &'a FeatureViews, nothing: &'a Reader, event: &'a Event) -> Observed<'a> {
    let event_type = event.event_type.name();
    let reader = views.reader(event_type).unwrap_or(nothing);
    let envelope = Envelope {
        id: event.id.as_str(),
        source: &event.source,
        event_type,
        subject: event.subject.as_str(),
        time: event.time,
        known: event.known_time,
    };
    Observed { envelope, reader, values: reader.values(event.data.get()) }
}

fn filled(vector: FeatureVector, Answer { features, missing }: Answer) -> FeatureVector {
    FeatureVector { features, missing, ..vector }
}

fn saved_reached(state: &dyn StateReader) -> Result<Reached, StageError> {
    let Some(bytes) = state.get(&[REACHED.to_vec()])?.pop().flatten() else { return Ok(Reached::default()) };
    let corrupt = |error: serde_json::Error| StageError::Corrupt { key: "r".to_owned(), reason: error.to_string() };
    Ok(Reached::of(serde_json::from_slice::<Vec<_>>(&bytes).map_err(corrupt)?))
}

fn reached_to_save(reached: &Reached) -> weir_messages::Change {
    let value = serde_json::to_vec(&reached.places().collect::<Vec<_>>()).expect("places serialise");
    weir_messages::Change { key: REACHED.to_vec(), value: Some(value) }
}
