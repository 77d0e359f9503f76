//! Which views a stage folds and answers from: on one partition all of them, on several each where its entity lives.

use std::collections::BTreeMap;

use super::FeatureView;

/// Entities that live on the customer's own partition: their ids belong to one customer.
const WITH_CUSTOMER: [&str; 4] = ["customer", "subject", "application", "id"];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    Every,
    Customer,
    Entity(&'a str),
}

impl Scope<'_> {
    pub(crate) fn covers(self, view: &FeatureView) -> bool {
        match self {
            Self::Every => true,
            Self::Customer => lives_with_customer(&view.entity),
            Self::Entity(entity) => view.entity == entity,
        }
    }

    /// An entity that a request does not name is nobody's to answer for but the customer's.
    pub(crate) fn answers(self, view: &FeatureView, entities: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Customer => lives_with_customer(&view.entity) || !entities.contains_key(&view.entity),
            Self::Every | Self::Entity(_) => self.covers(view),
        }
    }
}

pub(crate) fn lives_with_customer(entity: &str) -> bool {
    WITH_CUSTOMER.contains(&entity)
}
