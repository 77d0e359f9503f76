//! The stage of an entity's partition: folds the events that touch a device, address or phone, and answers what it says
//! of an application. Several partitions of customers write here; what comes twice of one is dropped.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_messages::{
    Change, Derived, EntityPart, ForEntity, KnownTime, Part, Place, Question, Reached, Sequenced, Stage, StageError,
    StateReader, Topic, Touch,
};

use super::expiry::Expiry;
use super::refold::{Folds, Refolds};
use super::{observed, reached_to_save, saved_reached};
use crate::engine::{Answer, Consents, Engine, Fresh, Open, Request, evaluate, finish};
use crate::source::{Observed, Reader};
use crate::view::{FeatureViews, Scope};

#[derive(Debug)]
pub struct EntityStage {
    views: Arc<FeatureViews>,
    engine: Engine,
    /// Partitions of customers that write here.
    sources: u16,
    reached: Reached,
    changed: bool,
    expiry: Expiry,
    folds: Folds,
}

impl EntityStage {
    /// `sources` is how many partitions of customers there are.
    #[must_use]
    pub fn new(views: Arc<FeatureViews>, sources: u16) -> Self {
        let (engine, reached) = (Engine::default(), Reached::default());
        Self { views, engine, sources, reached, changed: false, expiry: Expiry::default(), folds: Folds::Everything }
    }

    /// How far back a row may lie that an answer is made of, in microseconds.
    #[must_use]
    pub fn reach(&self) -> i64 {
        self.views.reach()
    }

    /// Rows of the events among `batch`, in order; a question has none.
    fn rows(&self, batch: &[&Sequenced<Derived<ForEntity>>]) -> Vec<Vec<Fresh>> {
        let nothing = Reader::default();
        let events: Vec<(Observed<'_>, Scope<'_>)> = batch
            .iter()
            .filter_map(|one| match &one.body.body.body {
                Touch::Event(event) => {
                    Some((observed(&self.views, &nothing, event), Scope::Entity(&one.body.body.entity)))
                }
                Touch::Question(_) => None,
            })
            .collect();
        evaluate(&self.views, |view| self.engine.keeps(view), &events)
    }

    fn answer(&mut self, entity: &str, id: &str, question: &Question) -> Result<Open, StageError> {
        let request = Request {
            at: question.at,
            entities: BTreeMap::from([(entity.to_owned(), id.to_owned())]),
            consents: Consents::Live(Arc::new(question.consents.clone())),
            alone: Vec::new(),
        };
        self.engine.answer(&self.views, Scope::Entity(entity), &request)
    }
}

fn part(one: &Sequenced<Derived<ForEntity>>, question: &Question, Answer { features, missing }: Answer) -> Part {
    Part::Entity(EntityPart {
        application: question.application.clone(),
        customer: question.customer.clone(),
        entity: one.body.body.entity.clone(),
        known_time: Some(question.known_time),
        read_at: Place::new(Topic::EntityEvents, one.position),
        features,
        missing,
    })
}

impl Stage for EntityStage {
    type Input = Derived<ForEntity>;
    type Output = Part;

    fn name(&self) -> String {
        self.folds.name("entities", &self.engine)
    }

    fn process(
        &mut self,
        batch: &[Sequenced<Derived<ForEntity>>],
        out: &mut Vec<Sequenced<Part>>,
    ) -> Result<(), StageError> {
        let new: Vec<&Sequenced<Derived<ForEntity>>> =
            batch.iter().filter(|one| self.reached.moves_on(&one.body)).collect();
        self.changed |= !new.is_empty();
        let mut rows = self.rows(&new).into_iter();
        let (mut asked, mut open) = (Vec::new(), Vec::new());
        for one in new {
            match &one.body.body.body {
                Touch::Event(_) => {
                    let settled = self.engine.settled(self.sources);
                    self.engine.fold(&self.views, rows.next().unwrap_or_default(), settled)?;
                }
                // A question was answered when it came.
                Touch::Question(_) if self.folds == Folds::RowsAlone => {}
                Touch::Question(question) => {
                    open.push(self.answer(&one.body.body.entity, &one.body.body.id, question)?);
                    asked.push((one, question));
                }
            }
            self.engine.learn(one.body.from.position.partition, one.body.body.body.known_time());
        }
        let answers = finish(&self.views, open);
        out.extend(
            asked.into_iter().zip(answers).map(|((one, question), answer)| one.with(part(one, question, answer))),
        );
        self.engine.tidy();
        Ok(())
    }

    fn advance(&mut self, _: KnownTime, _: &mut Vec<Sequenced<Part>>) -> Result<(), StageError> {
        let settled = self.engine.settled(self.sources);
        self.expiry.look(&mut self.engine, &self.views, settled);
        self.folds.sweep(&mut self.engine, &self.views, settled)
    }

    fn snapshot(&mut self) -> Vec<Change> {
        let mut changes = self.engine.snapshot();
        if std::mem::take(&mut self.changed) {
            changes.push(reached_to_save(&self.reached));
        }
        changes
    }

    fn restore(&mut self, state: Box<dyn StateReader>) -> Result<(), StageError> {
        (self.reached, self.changed) = (saved_reached(&*state)?, false);
        self.expiry = Expiry::default();
        self.folds.restore(&mut self.engine, &self.views, state)
    }
}

impl Refolds for EntityStage {
    fn missing(&self) -> Vec<String> {
        self.engine.missing().map(|(view, _)| view.to_owned()).collect()
    }

    fn refold(&self) -> Self {
        Self {
            views: Arc::clone(&self.views),
            engine: self.engine.of_missing(),
            sources: self.sources,
            reached: Reached::default(),
            changed: false,
            expiry: Expiry::default(),
            folds: Folds::RowsAlone,
        }
    }

    fn complete(&mut self) {
        self.engine.complete();
    }
}
