//! From events to what other entities are told and asked, and to the customer's own part of a vector.

use weir_features::{CustomerStage, FromCustomer, Refolds};
use weir_messages::{Derived, Place, Record, Sequenced, Stage, Topic};

use super::outputs::{DEAD_LETTERS, ENTITY_EVENTS, FEATURES};
use super::{Admitting, Chain, Folded, Output, Refolding, Stages};
use crate::fold::{FoldError, History};

pub(crate) struct CustomerChain {
    pub admitting: Admitting,
    pub customers: CustomerStage,
}

fn shuffled(one: Sequenced<FromCustomer>) -> (Topic, Record) {
    let (from, ordinal) = (Place::new(Topic::Events, one.position), one.ordinal);
    match one.body {
        FromCustomer::Entity(body) => (ENTITY_EVENTS.topic, Record::from(&Derived { from, ordinal, body })),
        FromCustomer::Part(body) => (FEATURES.topic, Record::from(&Derived { from, ordinal, body })),
    }
}

impl Chain for CustomerChain {
    fn reads(&self) -> Topic {
        Topic::Events
    }

    fn writes(&self) -> &'static [Output] {
        &[ENTITY_EVENTS, FEATURES, DEAD_LETTERS]
    }

    fn stages(&mut self) -> Stages<'_> {
        Stages(vec![&mut self.admitting.admission, &mut self.customers])
    }

    fn history(&self) -> History {
        History::Whole
    }

    fn missing(&self) -> Vec<String> {
        self.customers.missing()
    }

    fn refold(&self) -> Option<Refolding> {
        let customers = self.customers.refold();
        let (live, apart) = (self.customers.name(), customers.name());
        let chain = Self { admitting: self.admitting.fresh(), customers };
        Some(Refolding { chain: Box::new(chain), live, apart })
    }

    fn complete(&mut self) {
        self.customers.complete();
    }

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let mut folded = Folded::default();
        let admitted = self.admitting.admit(batch, &mut folded)?;
        let mut came = Vec::new();
        self.customers.process(&admitted, &mut came)?;
        if let Some(newest) = folded.newest {
            self.admitting.advance(newest)?;
            self.customers.advance(newest, &mut came)?;
        }
        for one in came {
            let source = one.position;
            let (topic, record) = shuffled(one);
            folded.push(topic, source, record);
        }
        Ok(folded)
    }
}
