//! From events to what other entities are told and asked, and to the customer's own part of a vector.

use weir_features::{CustomerStage, FromCustomer};
use weir_ingest::admission::Admission;
use weir_ingest::state::StateStore;
use weir_messages::{Change, Derived, Place, Record, Sequenced, Stage, Topic};

use super::whole::admitted;
use super::{Chain, Folded, restored};
use crate::fold::FoldError;

pub(crate) struct CustomerChain {
    pub admission: Admission,
    pub customers: CustomerStage,
}

fn shuffled(one: Sequenced<FromCustomer>) -> (Topic, Record) {
    let (from, ordinal) = (Place::new(Topic::Events, one.position), one.ordinal);
    match one.body {
        FromCustomer::Entity(body) => (Topic::EntityEvents, Record::from(&Derived { from, ordinal, body })),
        FromCustomer::Part(body) => (Topic::Features, Record::from(&Derived { from, ordinal, body })),
    }
}

impl Chain for CustomerChain {
    fn source(&self) -> Topic {
        Topic::Events
    }

    fn names(&self) -> Vec<String> {
        vec![self.admission.name(), self.customers.name()]
    }

    fn restore(&mut self, store: &StateStore) -> Result<(), FoldError> {
        restored(&mut self.admission, store)?;
        restored(&mut self.customers, store)
    }

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let mut folded = Folded::default();
        let admitted = admitted(&mut self.admission, batch, &mut folded)?;
        let mut came = Vec::new();
        self.customers.process(&admitted, &mut came)?;
        if let Some(newest) = folded.newest {
            self.customers.advance(newest, &mut came)?;
        }
        folded.shuffled = came.into_iter().map(shuffled).collect();
        Ok(folded)
    }

    fn snapshot(&mut self) -> Vec<(String, Vec<Change>)> {
        vec![(self.admission.name(), self.admission.snapshot()), (self.customers.name(), self.customers.snapshot())]
    }
}
