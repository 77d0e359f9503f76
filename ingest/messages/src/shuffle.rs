//! What travels between the stages of a log with several partitions: events and questions to the entities they touch,
//! and the parts of a vector back to the customer's partition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ApplicationId, CustomerId, DecodeError, Derived, Event, EventTime, FeatureValue, FeatureVector, KnownTime, Name,
    Named, Place, Record, TraceId, decode_json,
};

/// Headers of a derived record: where its source stands, and the how manieth it is of that.
const SOURCE: &str = "source";
const ORDINAL: &str = "ordinal";
/// Header that tells a question from an event.
const KIND: &str = "kind";
const QUESTION: &str = "question";

/// Bytes of most questions and of an entity's part: what is larger grows from here.
const USUAL_SIZE: usize = 2_048;

/// A record of `weir.entity-events`: for one device, address, phone, ….
#[derive(Debug, Clone)]
pub struct ForEntity {
    /// The column that holds the id, such as `device`.
    pub entity: String,
    pub id: String,
    pub body: Touch,
}

#[derive(Debug, Clone)]
pub enum Touch {
    Event(Arc<Event>),
    Question(Question),
}

impl Touch {
    #[must_use]
    pub fn known_time(&self) -> KnownTime {
        match self {
            Self::Event(event) => event.known_time,
            Self::Question(question) => question.known_time,
        }
    }
}

/// What does the entity say of an application at `at`?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub application: ApplicationId,
    pub customer: CustomerId,
    pub at: EventTime,
    pub known_time: KnownTime,
    /// Live consents of the customer.
    pub consents: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
}

/// A record of `weir.features`: what one of the stages knows of an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// From the customer's own partition, with the entities whose parts are still to come.
    Customer {
        vector: FeatureVector,
        awaits: BTreeSet<String>,
        /// Features that each of them gives: what is missing when its part does not come.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, Vec<Name>>,
    },
    Entity(EntityPart),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntityPart {
    pub application: ApplicationId,
    pub customer: CustomerId,
    pub entity: String,
    /// Of the application; earlier releases did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_time: Option<KnownTime>,
    /// Where the question was read: everything before it on that partition is in the answer.
    pub read_at: Place,
    pub features: Named<FeatureValue>,
    pub missing: Named<Name>,
}

impl Part {
    #[must_use]
    pub const fn application(&self) -> &ApplicationId {
        match self {
            Self::Customer { vector, .. } => &vector.application,
            Self::Entity(part) => &part.application,
        }
    }

    #[must_use]
    pub const fn customer(&self) -> &CustomerId {
        match self {
            Self::Customer { vector, .. } => &vector.customer,
            Self::Entity(part) => &part.customer,
        }
    }
}

impl From<&Derived<ForEntity>> for Record {
    fn from(derived: &Derived<ForEntity>) -> Self {
        let ForEntity { entity, id, body } = &derived.body;
        let mut record = match body {
            Touch::Event(event) => Self::from(&**event),
            Touch::Question(question) => {
                let mut record = json_record(question);
                record.push_header(KIND, QUESTION);
                record
            }
        };
        record.key = format!("{entity}:{id}");
        stamp(&mut record, derived);
        record
    }
}

impl TryFrom<&Record> for Derived<ForEntity> {
    type Error = DecodeError;

    fn try_from(record: &Record) -> Result<Self, DecodeError> {
        let (entity, id) = record.key.split_once(':').ok_or_else(|| DecodeError::Field {
            field: "key".to_owned(),
            reason: "expected an entity and its id, as `device:…`".to_owned(),
        })?;
        let body = match record.header(KIND) {
            Some(QUESTION) => Touch::Question(decode_json(&record.value)?),
            Some(_) => return Err(DecodeError::Header { name: KIND, reason: format!("expected `{QUESTION}`") }),
            None => Touch::Event(Arc::new(Event::try_from(record)?)),
        };
        stamped(record, ForEntity { entity: entity.to_owned(), id: id.to_owned(), body })
    }
}

impl From<&Derived<Part>> for Record {
    fn from(derived: &Derived<Part>) -> Self {
        let mut record = json_record(&derived.body);
        record.key = derived.body.customer().as_str().to_owned();
        stamp(&mut record, derived);
        record
    }
}

impl TryFrom<&Record> for Derived<Part> {
    type Error = DecodeError;

    fn try_from(record: &Record) -> Result<Self, DecodeError> {
        stamped(record, decode_json(&record.value)?)
    }
}

fn json_record<T: Serialize>(body: &T) -> Record {
    let mut value = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut value, body).expect("string keys and finite numbers serialise");
    let mut record = Record { key: String::new(), headers: Vec::with_capacity(4), value };
    record.push_header("content-type", "application/json");
    record
}

fn stamp<T>(record: &mut Record, derived: &Derived<T>) {
    record.push_header(SOURCE, derived.from.to_string());
    record.push_header(ORDINAL, derived.ordinal.to_string());
}

fn stamped<T>(record: &Record, body: T) -> Result<Derived<T>, DecodeError> {
    let from = record.required(SOURCE)?.parse();
    let from = from.map_err(|error| DecodeError::Header { name: SOURCE, reason: format!("{error}") })?;
    let ordinal = record.required(ORDINAL)?.parse();
    let ordinal =
        ordinal.map_err(|_| DecodeError::Header { name: ORDINAL, reason: "expected a whole number".to_owned() })?;
    Ok(Derived { from, ordinal, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Position, Topic};

    fn derived<T>(body: T) -> Derived<T> {
        Derived { from: Place::new(Topic::Events, Position { partition: 2, offset: 40 }), ordinal: 3, body }
    }

    fn question() -> Question {
        Question {
            application: "a1".into(),
            customer: "c1".into(),
            at: EventTime::from_micros(5),
            known_time: KnownTime::from_micros(4),
            consents: BTreeSet::from(["device".to_owned()]),
            trace: None,
        }
    }

    #[test]
    fn a_question_goes_to_its_entity_and_reads_back() {
        let body =
            ForEntity { entity: "device".to_owned(), id: "tok_a:b".to_owned(), body: Touch::Question(question()) };
        let record = Record::from(&derived(body));
        assert_eq!(record.key, "device:tok_a:b");
        let read = Derived::<ForEntity>::try_from(&record).unwrap();
        assert_eq!((read.from, read.ordinal, read.body.id.as_str()), (derived(()).from, 3, "tok_a:b"));
        assert!(matches!(read.body.body, Touch::Question(read) if read == question()));
    }

    #[test]
    fn a_part_goes_to_its_customer_and_reads_back() {
        let part = EntityPart {
            application: "a1".into(),
            customer: "c1".into(),
            entity: "ip".to_owned(),
            known_time: Some(question().known_time),
            read_at: Place::new(Topic::EntityEvents, Position { partition: 1, offset: 9 }),
            features: [("v__n_1d", FeatureValue::Number(0.1))].into_iter().collect(),
            missing: Named::default(),
        };
        let part = derived(Part::Entity(part));
        let record = Record::from(&part);
        assert_eq!(record.key, "c1");
        assert_eq!(Derived::<Part>::try_from(&record).unwrap(), part);
    }

    #[test]
    fn what_is_wrong_with_a_record_is_named() {
        let body = ForEntity { entity: "ip".to_owned(), id: "i".to_owned(), body: Touch::Question(question()) };
        let good = Record::from(&derived(body));
        let mut keyless = good.clone();
        keyless.key = "ip".to_owned();
        let mut unstamped = good.clone();
        unstamped.headers.retain(|header| header.name != SOURCE);
        let mut broken = good;
        broken.value = b"7".to_vec();
        for (record, named) in [(keyless, "key"), (unstamped, SOURCE), (broken, ".")] {
            let error = Derived::<ForEntity>::try_from(&record).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
