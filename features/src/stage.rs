//! The live stage: every admitted event is folded; an application is folded and then answered with its vector.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_messages::{
    Admitted, ApplicationId, Change, Event, EventTime, FeatureVector, KnownTime, Sequenced, Stage, StageError,
    StateReader,
};

use crate::engine::{Answer, Consents, Engine, Open, Request, evaluate, finish};
use crate::source::{APPLICATION, Envelope, Observed, Reader};
use crate::view::{FeatureViews, LATEST};

/// Changes with the form of the state: an old one is then folded anew from the log.
const STATE_FORM: u32 = 1;
/// How far known time moves between two looks for rows to expire, in microseconds.
const EXPIRE_EVERY: i64 = 3_600_000_000;

#[derive(Debug)]
pub struct FeatureStage {
    views: Arc<FeatureViews>,
    engine: Engine,
    expired: EventTime,
}

impl FeatureStage {
    #[must_use]
    pub fn new(views: Arc<FeatureViews>) -> Self {
        Self { views, engine: Engine::default(), expired: EventTime::MIN }
    }

    fn fold(&mut self, batch: &[Sequenced<Admitted>]) -> Result<Vec<(FeatureVector, Open, Sequenced<()>)>, StageError> {
        let views = Arc::clone(&self.views);
        let nothing = Reader::default();
        let observed: Vec<Observed<'_>> = batch.iter().map(|one| observed(&views, &nothing, &one.body.event)).collect();
        let rows = evaluate(&views, &observed);
        let mut asked = Vec::new();
        for ((one, event), rows) in batch.iter().zip(&observed).zip(rows) {
            let before = self.engine.known_in(one.position.partition);
            self.engine.notice(event)?;
            self.engine.fold(&views, rows, self.engine.settled())?;
            if event.envelope.event_type == APPLICATION {
                let at = before.map_or(event.envelope.time, |known| event.envelope.time.max(known.as_event()));
                let request = self.request(at, event, &one.body)?;
                asked.push((vector(one, event, at), self.engine.answer(&views, &request)?, one.with(())));
            }
            self.engine.learn(one.position.partition, event.envelope.known);
        }
        Ok(asked)
    }

    /// An application's own columns name its entities; the device, ip and phone may be the customer's latest.
    fn request(&mut self, at: EventTime, event: &Observed<'_>, admitted: &Admitted) -> Result<Request, StageError> {
        let mut entities = BTreeMap::new();
        for view in self.views.views() {
            if entities.contains_key(&view.entity) {
                continue;
            }
            let id = match event.id_in(&view.entity) {
                None if LATEST.contains(&view.entity.as_str()) => {
                    self.engine.latest(event.envelope.subject, &view.entity)?
                }
                own => own,
            };
            entities.extend(id.map(|id| (view.entity.clone(), id)));
        }
        Ok(Request { at, entities, consents: Consents::Live(Arc::clone(&admitted.consents)), alone: Vec::new() })
    }
}

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

/// Without its features.
fn vector(one: &Sequenced<Admitted>, event: &Observed<'_>, at: EventTime) -> FeatureVector {
    let application = event.id_in("application").unwrap_or_else(|| event.envelope.id.to_owned());
    FeatureVector {
        application: ApplicationId::new(application),
        customer: one.body.event.subject.clone(),
        at,
        known_time: one.body.event.known_time,
        read_at: one.position,
        features: BTreeMap::new(),
        missing: BTreeMap::new(),
        trace: one.body.event.trace,
    }
}

impl Stage for FeatureStage {
    type Input = Admitted;
    type Output = FeatureVector;

    fn name(&self) -> String {
        format!("features.{STATE_FORM}.{}", self.views.hash())
    }

    fn process(
        &mut self,
        batch: &[Sequenced<Admitted>],
        out: &mut Vec<Sequenced<FeatureVector>>,
    ) -> Result<(), StageError> {
        let (mut places, mut open) = (Vec::new(), Vec::new());
        for (vector, one, place) in self.fold(batch)? {
            places.push((vector, place));
            open.push(one);
        }
        for ((vector, place), answer) in places.into_iter().zip(finish(&self.views, open)) {
            let Answer { features, missing } = answer;
            out.push(place.with(FeatureVector { features, missing, ..vector }));
        }
        self.engine.tidy();
        Ok(())
    }

    fn advance(&mut self, _: KnownTime, _: &mut Vec<Sequenced<FeatureVector>>) -> Result<(), StageError> {
        let settled = self.engine.settled();
        if settled.micros().saturating_sub(self.expired.micros()) >= EXPIRE_EVERY {
            self.expired = settled;
            self.engine.expire(&self.views, settled);
        }
        Ok(())
    }

    fn snapshot(&mut self) -> Vec<Change> {
        self.engine.snapshot()
    }

    fn restore(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError> {
        self.expired = EventTime::MIN;
        self.engine.restore(state)
    }
}
