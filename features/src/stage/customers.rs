//! The stage of the customer's partition: folds the views that live with the customer, tells other entities of the events
//! that touch them, and gives of each application its own part and the questions to its entities.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_messages::{
    Admitted, ApplicationId, Change, FeatureVector, ForEntity, KnownTime, Named, Part, Question, Sequenced, Stage,
    StageError, StateReader, Touch,
};

use super::expiry::Expiry;
use super::refold::{Folds, Refolds};
use super::{filled, observed};
use crate::engine::{Consents, Engine, Open, Request, evaluate, finish};
use crate::source::{APPLICATION, Observed, Reader};
use crate::view::{FeatureViews, LATEST, Scope, lives_with_customer};

/// The order of one partition is folded, so its known time settles.
const ITS_OWN: u16 = 1;

#[derive(Debug)]
pub struct CustomerStage {
    pub(super) views: Arc<FeatureViews>,
    engine: Engine,
    scope: Scope<'static>,
    /// By event type, the entities beside the customer that some view follows through it.
    elsewhere: BTreeMap<String, BTreeSet<String>>,
    expiry: Expiry,
    folds: Folds,
}

/// What comes out of the customer's partition. Of one record: events, then questions, then the part.
#[derive(Debug, Clone)]
pub enum FromCustomer {
    Entity(ForEntity),
    Part(Part),
}

#[derive(Debug)]
pub(super) struct Folded {
    pub(super) asked: Vec<Asked>,
    /// The answers to them, without derived columns.
    pub(super) open: Vec<Open>,
    /// For each record of the batch the entities that it touches, by column and id.
    touched: Vec<Vec<(String, String)>>,
}

#[derive(Debug)]
pub(super) struct Asked {
    /// Its place in the batch.
    pub(super) at: usize,
    /// Without its features.
    pub(super) vector: FeatureVector,
    entities: BTreeMap<String, String>,
}

impl CustomerStage {
    #[must_use]
    pub fn new(views: Arc<FeatureViews>) -> Self {
        Self::over(views, Scope::Customer)
    }

    pub(super) fn over(views: Arc<FeatureViews>, scope: Scope<'static>) -> Self {
        let mut elsewhere = BTreeMap::<String, BTreeSet<String>>::new();
        for view in views.views().filter(|view| !scope.covers(view)) {
            for source in &view.sources {
                elsewhere.entry(source.clone()).or_default().insert(view.entity.clone());
            }
        }
        let (engine, expiry) = (Engine::default(), Expiry::default());
        Self { views, engine, scope, elsewhere, expiry, folds: Folds::Everything }
    }

    pub(super) fn named(&self, stage: &str) -> String {
        self.folds.name(stage, &self.engine)
    }

    pub(super) fn fold(&mut self, batch: &[Sequenced<Admitted>]) -> Result<Folded, StageError> {
        let views = Arc::clone(&self.views);
        let nothing = Reader::default();
        let observed: Vec<(Observed<'_>, Scope<'_>)> =
            batch.iter().map(|one| (observed(&views, &nothing, &one.body.event), self.scope)).collect();
        let rows = evaluate(&views, |view| self.engine.keeps(view), &observed);
        let mut folded = Folded { asked: Vec::new(), open: Vec::new(), touched: Vec::with_capacity(batch.len()) };
        for (at, ((one, (event, _)), rows)) in batch.iter().zip(&observed).zip(rows).enumerate() {
            let before = self.engine.known_in(one.position.partition);
            self.engine.fold(&views, rows, self.engine.settled(ITS_OWN))?;
            if self.folds == Folds::RowsAlone {
                self.engine.learn(one.position.partition, event.envelope.known);
                continue;
            }
            self.engine.notice(&views, event)?;
            folded.touched.push(self.touched(event));
            if event.envelope.event_type == APPLICATION {
                let time = before.map_or(event.envelope.time, |known| event.envelope.time.max(known.as_event()));
                let consents = Consents::Live(Arc::clone(&one.body.consents));
                let request = Request { at: time, entities: self.entities(event)?, consents, alone: Vec::new() };
                folded.open.push(self.engine.answer(&views, self.scope, &request)?);
                folded.asked.push(Asked { at, vector: vector(one, event, &request), entities: request.entities });
            }
            self.engine.learn(one.position.partition, event.envelope.known);
        }
        self.engine.tidy();
        Ok(folded)
    }

    fn touched(&self, event: &Observed<'_>) -> Vec<(String, String)> {
        let entities = self.elsewhere.get(event.envelope.event_type).into_iter().flatten();
        entities.filter_map(|entity| Some((entity.clone(), event.id_in(entity)?.into_owned()))).collect()
    }

    /// An application's own columns name its entities; the device, ip and phone may be the customer's latest.
    fn entities(&mut self, event: &Observed<'_>) -> Result<BTreeMap<String, String>, StageError> {
        let mut entities = BTreeMap::new();
        for view in self.views.views() {
            if entities.contains_key(&view.entity) {
                continue;
            }
            let id = match event.id_in(&view.entity) {
                None if LATEST.contains(&view.entity.as_str()) => {
                    self.engine.latest(&self.views, event.envelope.subject, &view.entity)?
                }
                own => own.map(Cow::into_owned),
            };
            entities.extend(id.map(|id| (view.entity.clone(), id)));
        }
        Ok(entities)
    }
}

/// Without its features.
fn vector(one: &Sequenced<Admitted>, event: &Observed<'_>, request: &Request) -> FeatureVector {
    let application = event.id_in("application").unwrap_or(Cow::Borrowed(event.envelope.id));
    FeatureVector {
        application: ApplicationId::new(application),
        customer: one.body.event.subject.clone(),
        at: request.at,
        known_time: one.body.event.known_time,
        read_at: one.position,
        parts: BTreeMap::new(),
        features: Named::default(),
        missing: Named::default(),
        trace: one.body.event.trace,
    }
}

/// The questions that an application's entities elsewhere are asked, and who is awaited.
fn questions(admitted: &Admitted, asked: &Asked) -> (Vec<ForEntity>, BTreeSet<String>) {
    let elsewhere = asked.entities.iter().filter(|(entity, _)| !lives_with_customer(entity));
    let question = Question {
        application: asked.vector.application.clone(),
        customer: asked.vector.customer.clone(),
        at: asked.vector.at,
        known_time: asked.vector.known_time,
        consents: (*admitted.consents).clone(),
        trace: asked.vector.trace,
    };
    let ask = |(entity, id): (&String, &String)| ForEntity {
        entity: entity.clone(),
        id: id.clone(),
        body: Touch::Question(question.clone()),
    };
    let questions: Vec<ForEntity> = elsewhere.map(ask).collect();
    let awaits = questions.iter().map(|question| question.entity.clone()).collect();
    (questions, awaits)
}

impl Stage for CustomerStage {
    type Input = Admitted;
    type Output = FromCustomer;

    fn name(&self) -> String {
        self.named("customers")
    }

    fn process(
        &mut self,
        batch: &[Sequenced<Admitted>],
        out: &mut Vec<Sequenced<FromCustomer>>,
    ) -> Result<(), StageError> {
        let Folded { asked, open, touched } = self.fold(batch)?;
        let mut answers = asked.into_iter().zip(finish(&self.views, open)).peekable();
        for (at, (one, touched)) in batch.iter().zip(touched).enumerate() {
            let mut came = Vec::new();
            if !touched.is_empty() {
                let event = Arc::new(one.body.event.clone());
                let told = |(entity, id)| ForEntity { entity, id, body: Touch::Event(Arc::clone(&event)) };
                came.extend(touched.into_iter().map(told).map(FromCustomer::Entity));
            }
            if let Some((asked, answer)) = answers.next_if(|(asked, _)| asked.at == at) {
                let (questions, awaits) = questions(&one.body, &asked);
                let outputs = awaits.iter().map(|entity| (entity.clone(), self.views.outputs_of(entity))).collect();
                came.extend(questions.into_iter().map(FromCustomer::Entity));
                let vector = filled(asked.vector, answer);
                came.push(FromCustomer::Part(Part::Customer { vector, awaits, outputs }));
            }
            out.extend((0..).zip(came).map(|(ordinal, body)| Sequenced { position: one.position, ordinal, body }));
        }
        Ok(())
    }

    fn advance(&mut self, _: KnownTime, _: &mut Vec<Sequenced<FromCustomer>>) -> Result<(), StageError> {
        let settled = self.engine.settled(ITS_OWN);
        self.expiry.look(&mut self.engine, &self.views, settled);
        self.folds.sweep(&mut self.engine, &self.views, settled)
    }

    fn snapshot(&mut self) -> Vec<Change> {
        self.engine.snapshot()
    }

    fn restore(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError> {
        self.expiry = Expiry::default();
        self.folds.restore(&mut self.engine, &self.views, state)
    }
}

impl Refolds for CustomerStage {
    fn missing(&self) -> Vec<String> {
        self.engine.missing().map(|(view, _)| view.to_owned()).collect()
    }

    fn refold(&self) -> Self {
        let (engine, expiry) = (self.engine.of_missing(), Expiry::default());
        Self {
            views: Arc::clone(&self.views),
            engine,
            scope: self.scope,
            elsewhere: BTreeMap::new(),
            expiry,
            folds: Folds::RowsAlone,
        }
    }

    fn complete(&mut self) {
        self.engine.complete();
    }
}
