//! Feature views: the TOML form, the plan that is made of it once, and the set that a process runs with.

mod definition;
mod error;
mod explain;
mod feature_views;
mod plan;
mod scope;
mod slots;
mod span;
#[cfg(test)]
mod tests;
mod window;

use weir_expr::{ColumnType, Columns, Expression};
use weir_messages::Name;

use crate::aggregate::Aggregate;
pub(crate) use error::Fault;
pub use error::ViewError;
pub use feature_views::FeatureViews;
pub(crate) use feature_views::LATEST;
pub(crate) use scope::{Scope, lives_with_customer};
pub(crate) use slots::Slots;
pub(crate) use span::Span;
pub(crate) use window::Window;

/// One view, planned.
#[derive(Debug)]
pub struct FeatureView {
    name: String,
    /// SHA-256, in hex, over its text and the types of the columns it reads: whose state it is.
    pub(crate) hash: String,
    version: u32,
    purpose: String,
    /// `None` where the view needs no consent.
    pub(crate) consent: Option<String>,
    consent_reason: Option<String>,
    pub(crate) entity: String,
    pub(crate) sources: Vec<String>,
    pub(crate) lateness: Span,
    pub(crate) tile: Span,
    /// Columns of the events that any expression reads.
    pub(crate) columns: Columns,
    pub(crate) filter: Option<Expression>,
    /// What is kept of each row: the values that the aggregates take.
    pub(crate) slots: Vec<Expression>,
    pub(crate) aggregates: Vec<WindowedAggregate>,
    pub(crate) derived: Vec<Derived>,
    /// Full feature names: those of `aggregates`, then those of `derived`.
    pub(crate) features: Vec<Name>,
    /// Places among `features`, in the order of the names: as a vector has them.
    pub(crate) by_name: Vec<usize>,
}

/// One aggregate over one window.
#[derive(Debug)]
pub(crate) struct WindowedAggregate {
    /// `spent_1h`
    pub(crate) name: String,
    sql: String,
    pub(crate) aggregate: Box<dyn Aggregate>,
    pub(crate) window: Window,
}

/// SQL over what stands before it in the view: aggregates, then earlier derived columns.
#[derive(Debug)]
pub(crate) struct Derived {
    name: String,
    pub(crate) expression: Expression,
    /// The columns it reads, and where in the view each of them stands.
    pub(crate) columns: Columns,
    pub(crate) inputs: Vec<usize>,
}

impl FeatureView {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// In the order of `features`, as they stand inside the view.
    pub(crate) fn output_types(&self) -> impl Iterator<Item = ColumnType> {
        let aggregates = self.aggregates.iter().map(|aggregate| aggregate.aggregate.output());
        aggregates.chain(self.derived.iter().map(|derived| derived.expression.output_type()))
    }

    /// How far back a row may lie that an answer is made of, in microseconds.
    pub(crate) fn reach(&self) -> i64 {
        self.longest_window() + self.tile.micros() + self.lateness.micros()
    }

    /// In microseconds.
    pub(crate) fn longest_window(&self) -> i64 {
        self.aggregates.iter().map(|aggregate| aggregate.window.span.micros()).max().unwrap_or_default()
    }
}
