//! From events to the rows that views keep of them: filters and values are evaluated over the whole batch, view by view.

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use weir_expr::{Expression, Scalar};

use super::columnar;
use crate::aggregate::{Place, Row};
use crate::source::Observed;
use crate::view::{FeatureView, FeatureViews, Scope};

/// A row on its way into a history.
#[derive(Debug, Clone)]
pub(crate) struct Fresh {
    /// Number of the view.
    pub(crate) view: usize,
    pub(crate) entity: String,
    pub(crate) row: Row,
}

/// For each of `events` the rows it gives in the views of its scope.
pub(crate) fn evaluate(views: &FeatureViews, events: &[(Observed<'_>, Scope<'_>)]) -> Vec<Vec<Fresh>> {
    let mut fresh: Vec<Vec<Fresh>> = events.iter().map(|_| Vec::new()).collect();
    for (number, view) in views.views().enumerate() {
        let taken: Vec<(usize, String)> =
            events.iter().enumerate().filter_map(|(at, event)| Some((at, entity(view, event)?))).collect();
        if taken.is_empty() {
            continue;
        }
        let batch = columnar::batch(&view.columns, taken.len(), |_, name, row| events[taken[row].0].0.value(name));
        let kept = view.filter.as_ref().map(|filter| evaluated(filter, &batch));
        let slots: Vec<ArrayRef> = view.slots.iter().map(|slot| evaluated(slot, &batch)).collect();
        for (row, (at, entity)) in taken.into_iter().enumerate() {
            if kept.as_ref().is_none_or(|kept| holds(kept, row)) {
                let values = slots.iter().map(|slot| Scalar::at(slot, row)).collect();
                fresh[at].push(Fresh { view: number, entity, row: Row { place: place(&events[at].0), values } });
            }
        }
    }
    fresh
}

fn evaluated(expression: &Expression, batch: &RecordBatch) -> ArrayRef {
    expression.evaluate(batch).expect("the batch has the columns that the plan was made over")
}

/// Unknown leaves the row out, as false does.
fn holds(kept: &ArrayRef, row: usize) -> bool {
    kept.as_any().downcast_ref::<BooleanArray>().is_some_and(|kept| kept.is_valid(row) && kept.value(row))
}

/// The entity under which `view` takes the event, if it does.
fn entity(view: &FeatureView, (event, scope): &(Observed<'_>, Scope<'_>)) -> Option<String> {
    let envelope = &event.envelope;
    if !scope.covers(view) || !view.sources.iter().any(|source| source == envelope.event_type) {
        return None;
    }
    let late = envelope.known.micros().saturating_sub(envelope.time.micros()) > view.lateness.micros();
    if late { None } else { event.id_in(&view.entity) }
}

fn place(event: &Observed<'_>) -> Place {
    let envelope = &event.envelope;
    Place { time: envelope.time, known: envelope.known, id: envelope.id.into(), source: envelope.source.into() }
}
