//! A replay under way: events are evaluated in batches, which end where a request has to be answered.

use std::collections::{BTreeMap, HashSet};

use weir_messages::{EventTime, StageError};

use super::recorded::{Asked, Id, Recorded};
use crate::engine::{Answer, Consents, Engine, Fresh, Open, Request, evaluate, finish};
use crate::source::{APPLICATION, Envelope, Observed, Reader};
use crate::view::{FeatureViews, Scope};

/// Events evaluated at once.
const BATCH: usize = 2_048;

pub(super) struct Run<'a> {
    views: &'a FeatureViews,
    engine: Engine,
    /// In the order in which they are answered.
    asked: Vec<&'a Asked>,
    /// The earliest time of each request and all after it.
    earliest: Vec<EventTime>,
    seen: HashSet<(String, String)>,
    /// Lines of events so far.
    lines: usize,
    waiting: Vec<Recorded>,
    /// Answers without their derived columns.
    open: Vec<Open>,
    answers: Vec<Answer>,
}

impl<'a> Run<'a> {
    pub(super) fn new(views: &'a FeatureViews, asked: Vec<&'a Asked>) -> Self {
        let mut earliest: Vec<EventTime> = asked.iter().map(|asked| asked.time).collect();
        for at in (1..earliest.len()).rev() {
            earliest[at - 1] = earliest[at - 1].min(earliest[at]);
        }
        let (engine, seen, waiting) = (Engine::default(), HashSet::new(), Vec::new());
        Self { views, engine, asked, earliest, seen, lines: 0, waiting, open: Vec::new(), answers: Vec::new() }
    }

    pub(super) fn event(&mut self, event: Recorded) -> Result<(), StageError> {
        self.answer_due()?;
        self.lines += 1;
        let envelope = event.envelope();
        if self.seen.insert((envelope.source.to_owned(), envelope.id.to_owned())) {
            self.waiting.push(event);
        }
        if self.waiting.len() >= BATCH { self.fold() } else { Ok(()) }
    }

    /// The answers, in order, and how many lines of events there were. Requests after more lines have none.
    pub(super) fn finish(mut self) -> Result<(Vec<Answer>, usize), StageError> {
        self.answer_due()?;
        self.close();
        Ok((self.answers, self.lines))
    }

    fn answered(&self) -> usize {
        self.answers.len() + self.open.len()
    }

    fn answer_due(&mut self) -> Result<(), StageError> {
        while let Some(asked) = self.asked.get(self.answered()).copied().filter(|asked| asked.after <= self.lines) {
            self.fold()?;
            let request = self.request(asked);
            self.open.push(self.engine.answer(self.views, Scope::Every, &request)?);
            if self.open.len() >= BATCH {
                self.close();
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        self.answers.extend(finish(self.views, std::mem::take(&mut self.open)));
    }

    /// Without a request to come there is nothing to keep.
    fn fold(&mut self) -> Result<(), StageError> {
        let (waiting, nothing) = (std::mem::take(&mut self.waiting), Reader::default());
        let Some(settled) = self.earliest.get(self.answered()) else { return Ok(()) };
        let observed: Vec<(Observed<'_>, Scope<'_>)> = waiting
            .iter()
            .map(|event| (observed(self.views, &nothing, event.envelope(), &event.json), Scope::Every))
            .collect();
        for rows in evaluate(self.views, |_| true, &observed) {
            self.engine.fold(self.views, rows, *settled)?;
        }
        Ok(())
    }

    fn request(&self, asked: &Asked) -> Request {
        let mut entities: BTreeMap<String, String> =
            asked.entities.iter().map(|(entity, id)| (entity.clone(), id.text.clone())).collect();
        let alone = self.application(asked, &mut entities);
        Request { at: asked.time, entities, consents: Consents::All, alone }
    }

    /// The rows of the application that the request brings along, which may also name entities.
    fn application(&self, asked: &Asked, entities: &mut BTreeMap<String, String>) -> Vec<Fresh> {
        let Some(application) = &asked.application else { return Vec::new() };
        let mut data = application.clone();
        for (entity, Id { written, .. }) in &asked.entities {
            data.entry(entity.as_str()).or_insert_with(|| written.clone());
        }
        data.entry(APPLICATION).or_insert_with(|| asked.id.text.as_str().into());
        let subject = asked.entities.get("customer").map_or("", |id| id.text.as_str());
        let (id, known) = (asked.id.text.as_str(), asked.time.as_known());
        let envelope = Envelope { id, source: "", event_type: APPLICATION, subject, time: asked.time, known };
        let (nothing, json) = (Reader::default(), serde_json::to_string(&data).expect("keys are text"));
        let event = observed(self.views, &nothing, envelope, &json);
        for view in self.views.views().filter(|view| !entities.contains_key(&view.entity)).collect::<Vec<_>>() {
            if let Some(id) = event.id_in(&view.entity) {
                entities.insert(view.entity.clone(), id.into_owned());
            }
        }
        evaluate(self.views, |_| true, &[(event, Scope::Every)]).into_iter().flatten().collect()
    }
}

fn observed<'a>(views: &'a FeatureViews, nothing: &'a Reader, envelope: Envelope<'a>, json: &str) -> Observed<'a> {
    let reader = views.reader(envelope.event_type).unwrap_or(nothing);
    Observed { envelope, reader, values: reader.values(json) }
}
