//! The answer to a request: aggregates at the request's place in the order, derived columns over many answers at once.

use weir_expr::Scalar;
use weir_messages::{EventTime, FeatureValue, Name, Named, StageError};

use super::history::History;
use super::reason::{Reason, ReasonNames};
use super::state::State;
use super::{Consents, Request, columnar};
use crate::view::{Derived, FeatureView, FeatureViews, Scope};

/// A value, and why it is null if it is.
#[derive(Debug, Clone)]
struct Cell {
    value: Scalar,
    reason: Option<Reason>,
}

impl Cell {
    fn new(value: Scalar, otherwise: Reason) -> Self {
        let reason = (value == Scalar::Null).then_some(otherwise);
        Self { value, reason }
    }
}

/// An answer without its derived columns: for each view of the scope its aggregates, or why there is none.
#[derive(Debug)]
pub(crate) struct Open {
    views: Vec<Option<Result<Vec<Cell>, Reason>>>,
}

/// What a vector says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) features: Named<FeatureValue>,
    pub(crate) missing: Named<Name>,
}

pub(super) fn open(
    views: &FeatureViews,
    state: &mut State,
    scope: Scope<'_>,
    request: &Request,
) -> Result<Open, StageError> {
    let one = |(number, view): (usize, &FeatureView)| {
        if !scope.answers(view, &request.entities) {
            return Ok(None);
        }
        match admits(view, request) {
            Ok(entity) => aggregates(views, number, entity, state, request).map(|cells| Some(Ok(cells))),
            Err(reason) => Ok(Some(Err(reason))),
        }
    };
    Ok(Open { views: views.views().enumerate().map(one).collect::<Result<_, StageError>>()? })
}

/// The entity whose history answers.
fn admits<'a>(view: &FeatureView, request: &'a Request) -> Result<&'a str, Reason> {
    if let (Some(class), Consents::Live(live)) = (&view.consent, &request.consents)
        && !live.contains(class)
    {
        return Err(Reason::NoConsent);
    }
    request.entities.get(&view.entity).map(String::as_str).ok_or(Reason::UnknownEntity)
}

fn aggregates(
    views: &FeatureViews,
    number: usize,
    entity: &str,
    state: &mut State,
    request: &Request,
) -> Result<Vec<Cell>, StageError> {
    let (view, history) = (views.view(number), state.history(views, number, entity)?);
    let alone = request.alone.iter().filter(|fresh| fresh.view == number && fresh.entity == entity);
    let mut alone = alone.map(|fresh| fresh.row.clone()).peekable();
    if alone.peek().is_none() {
        return Ok(over(view, history, request.at));
    }
    Ok(over(view, &history.with(alone), request.at))
}

fn over(view: &FeatureView, history: &History, at: EventTime) -> Vec<Cell> {
    let one = |windowed: &crate::view::WindowedAggregate| {
        let rows = history.window(windowed.window.start(at), at);
        let otherwise = if rows.is_empty() { Reason::NoRows } else { Reason::NotComputable };
        Cell::new(windowed.aggregate.value(rows, at), otherwise)
    };
    view.aggregates.iter().map(one).collect()
}

/// An answer as it is put together, view by view.
#[derive(Debug, Default)]
struct Gathered {
    features: Vec<(Name, FeatureValue)>,
    missing: Vec<(Name, Name)>,
}

/// Adds the derived columns to all of `open`, view by view.
pub(crate) fn finish(views: &FeatureViews, mut open: Vec<Open>) -> Vec<Answer> {
    let reasons = ReasonNames::default();
    let mut gathered: Vec<Gathered> = open.iter().map(|_| Gathered::default()).collect();
    for (number, view) in views.views().enumerate() {
        let (mut places, mut rows) = (Vec::new(), Vec::new());
        for (at, open) in open.iter_mut().enumerate() {
            match open.views[number].take() {
                None => {}
                Some(Ok(cells)) => {
                    places.push(at);
                    rows.push(cells);
                }
                Some(Err(reason)) => gathered[at].lack(view, reasons.of(reason)),
            }
        }
        derive(view, &mut rows);
        for (at, cells) in places.into_iter().zip(rows) {
            gathered[at].take(view, cells, &reasons);
        }
    }
    gathered.into_iter().map(Answer::from).collect()
}

fn derive(view: &FeatureView, rows: &mut [Vec<Cell>]) {
    if rows.is_empty() {
        return;
    }
    for derived in &view.derived {
        let values = values(derived, rows);
        for (cells, value) in rows.iter_mut().zip(values) {
            let inherited = derived.inputs.iter().find_map(|input| cells[*input].reason);
            cells.push(Cell::new(value, inherited.unwrap_or(Reason::NotComputable)));
        }
    }
}

/// One value a row. What is only another name for a column needs no plan to be run.
fn values(derived: &Derived, rows: &[Vec<Cell>]) -> Vec<Scalar> {
    let value = |at: usize, row: &[Cell]| row[derived.inputs[at]].value.clone();
    if derived.expression.column().is_some() {
        let kind = derived.expression.output_type();
        return rows.iter().map(|row| columnar::held(kind, value(0, row))).collect();
    }
    let batch = columnar::batch(&derived.columns, rows.len(), |at, _, row| value(at, &rows[row]));
    let values = derived.expression.evaluate(&batch).expect("the batch has the columns it was planned over");
    (0..rows.len()).map(|row| Scalar::at(&values, row)).collect()
}

impl Gathered {
    fn lack(&mut self, view: &FeatureView, reason: &Name) {
        for at in &view.by_name {
            self.features.push((view.features[*at].clone(), FeatureValue::Null));
            self.missing.push((view.features[*at].clone(), reason.clone()));
        }
    }

    fn take(&mut self, view: &FeatureView, mut cells: Vec<Cell>, reasons: &ReasonNames) {
        for at in &view.by_name {
            let (feature, cell) = (&view.features[*at], &mut cells[*at]);
            if let Some(reason) = cell.reason {
                self.missing.push((feature.clone(), reasons.of(reason).clone()));
            }
            self.features.push((feature.clone(), in_vector(std::mem::replace(&mut cell.value, Scalar::Null))));
        }
    }
}

impl From<Gathered> for Answer {
    fn from(Gathered { features, missing }: Gathered) -> Self {
        Self { features: features.into_iter().collect(), missing: missing.into_iter().collect() }
    }
}

/// A time is RFC 3339 text in a vector.
fn in_vector(value: Scalar) -> FeatureValue {
    match value {
        Scalar::Null => FeatureValue::Null,
        Scalar::Bool(value) => FeatureValue::Bool(value),
        Scalar::Integer(value) => FeatureValue::Integer(value),
        Scalar::Number(value) => FeatureValue::Number(value),
        Scalar::Text(value) => FeatureValue::Text(value),
        Scalar::Time(micros) => FeatureValue::Text(EventTime::from_micros(micros).to_string()),
    }
}
