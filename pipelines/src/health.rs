//! What a process says of its parts: each is in order, degraded or failing. Kept by whoever knows, read by `/readyz` and
//! `/metrics`. A part that is degraded is shown and leaves the process ready; one that fails does not.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// How a part does, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "detail", rename_all = "snake_case")]
pub(crate) enum Health {
    Ok,
    /// Something waits or is missing; requests are answered as ever.
    Degraded(String),
    /// Requests cannot be answered as they should be: the process is not ready.
    Failing(String),
}

impl Health {
    pub(crate) fn failing_where(failing: bool, detail: &str) -> Self {
        if failing { Self::Failing(detail.to_owned()) } else { Self::Ok }
    }

    /// For a chart: 0 in order, 1 degraded, 2 failing.
    const fn level(&self) -> f64 {
        match self {
            Self::Ok => 0.0,
            Self::Degraded(_) => 1.0,
            Self::Failing(_) => 2.0,
        }
    }
}

/// A part by its name. As JSON `{"name": "redis", "state": "degraded", "detail": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    pub name: &'static str,
    #[serde(flatten)]
    pub health: Health,
}

impl Check {
    pub(crate) const fn new(name: &'static str, health: Health) -> Self {
        Self { name, health }
    }

    /// Tells `weir_health{check}`.
    pub(crate) fn gauge(&self) {
        metrics::gauge!("weir_health", "check" => self.name).set(self.health.level());
    }
}

/// What was last reported of each part. A part reports when it changes; of one that never did nothing is said.
#[derive(Debug, Default)]
pub(crate) struct Reports(Mutex<BTreeMap<&'static str, Health>>);

impl Reports {
    pub(crate) fn report(&self, name: &'static str, health: Health) {
        self.held().insert(name, health);
    }

    pub(crate) fn checks(&self) -> Vec<Check> {
        self.held().iter().map(|(name, health)| Check::new(name, health.clone())).collect()
    }

    /// Every write is whole, so whoever panicked with it in hand left it true.
    fn held(&self) -> MutexGuard<'_, BTreeMap<&'static str, Health>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_check_is_an_object_with_a_detail_where_something_is_wrong() {
        let written = |health| serde_json::to_value(Check::new("redis", health)).unwrap();
        assert_eq!(written(Health::Ok), json!({ "name": "redis", "state": "ok" }));
        let degraded = json!({ "name": "redis", "state": "degraded", "detail": "away" });
        assert_eq!(written(Health::Degraded("away".to_owned())), degraded);
    }

    #[test]
    fn the_last_report_of_a_part_stands() {
        let reports = Reports::default();
        reports.report("shadows", Health::Degraded("one is not loaded".to_owned()));
        reports.report("shadows", Health::Ok);
        assert_eq!(reports.checks(), [Check::new("shadows", Health::Ok)]);
    }
}
