//! From events to the rows that views keep of them. What has to be computed is evaluated over the whole batch, view by
//! view; what a column of the events holds as it is needs no batch.

use std::borrow::Cow;
use std::cell::LazyCell;

use arrow::array::{Array, ArrayRef, BooleanArray};
use weir_expr::{ColumnType, Expression, Scalar};

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

/// For each of `events` the rows it gives in the views of its scope, where they are `kept`.
pub(crate) fn evaluate(
    views: &FeatureViews,
    kept: impl Fn(usize) -> bool,
    events: &[(Observed<'_>, Scope<'_>)],
) -> Vec<Vec<Fresh>> {
    let mut fresh: Vec<Vec<Fresh>> = events.iter().map(|_| Vec::new()).collect();
    for (number, view) in views.views().enumerate().filter(|(number, _)| kept(*number)) {
        let taken: Vec<(usize, Cow<'_, str>)> =
            events.iter().enumerate().filter_map(|(at, event)| Some((at, entity(view, event)?))).collect();
        if taken.is_empty() {
            continue;
        }
        let Computed { kept, slots } = computed(view, taken.len(), |row| &events[taken[row].0].0);
        for (row, (at, entity)) in taken.into_iter().enumerate() {
            let event = &events[at].0;
            if kept.as_ref().is_none_or(|kept| holds(kept, row)) {
                let values = slots.iter().map(|slot| slot.at(event, row)).collect();
                let entity = entity.into_owned();
                fresh[at].push(Fresh { view: number, entity, row: Row { place: place(event), values } });
            }
        }
    }
    fresh
}

/// What is evaluated over all of a view's events at once.
struct Computed<'a> {
    kept: Option<ArrayRef>,
    slots: Vec<Slot<'a>>,
}

/// Where a slot's values are.
enum Slot<'a> {
    /// In a column of the events, as they are.
    Column(&'a str, ColumnType),
    Evaluated(ArrayRef),
}

impl Slot<'_> {
    fn at(&self, event: &Observed<'_>, row: usize) -> Scalar {
        match self {
            Self::Column(name, column) => columnar::held(*column, event.value(name)),
            Self::Evaluated(values) => Scalar::at(values, row),
        }
    }
}

/// Only the columns that some expression computes with are filled.
fn computed<'a>(view: &'a FeatureView, rows: usize, event: impl Fn(usize) -> &'a Observed<'a>) -> Computed<'a> {
    let computing = || view.filter.iter().chain(view.slots.iter().filter(|slot| slot.column().is_none()));
    let read = |name: &str| computing().any(|expression| expression.reads().iter().any(|read| read == name));
    let batch = LazyCell::new(|| {
        let filled: Vec<bool> = view.columns.iter().map(|(name, _)| read(name)).collect();
        let value = |at: usize, name: &str, row| if filled[at] { event(row).value(name) } else { Scalar::Null };
        columnar::batch(&view.columns, rows, value)
    });
    let evaluated = |expression: &Expression| {
        expression.evaluate(&batch).expect("the batch has the columns that the plan was made over")
    };
    let slot = |slot: &'a Expression| match slot.column() {
        Some(name) => Slot::Column(name, slot.output_type()),
        None => Slot::Evaluated(evaluated(slot)),
    };
    Computed { kept: view.filter.as_ref().map(evaluated), slots: view.slots.iter().map(slot).collect() }
}

/// Unknown leaves the row out, as false does.
fn holds(kept: &ArrayRef, row: usize) -> bool {
    kept.as_any().downcast_ref::<BooleanArray>().is_some_and(|kept| kept.is_valid(row) && kept.value(row))
}

/// The entity under which `view` takes the event, if it does.
fn entity<'a>(view: &FeatureView, (event, scope): &'a (Observed<'_>, Scope<'_>)) -> Option<Cow<'a, str>> {
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
