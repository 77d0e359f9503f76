//! Who decides: the champion, for some customers a challenger, and shadows that are asked and have no say. A decision is
//! whole by one engine, and a customer stays in one arm of an experiment: nothing but who they are decides which.

mod current;
mod decider;
mod share;
#[cfg(test)]
mod tests;

pub use current::CurrentLineup;
pub use decider::{Decided, Decider};
pub use share::{InvalidShare, Share};

use std::sync::Arc;

use weir_messages::{Arm, Experiment, FeatureVector, Shadow, ShadowAnswer};

use crate::engine::{Engine, Scoring, score};
use crate::model::Model;

/// Engines of one moment. Of a shadow only the model is asked.
#[derive(Debug, Clone)]
pub struct Lineup {
    pub champion: Arc<Engine>,
    pub challenger: Option<Challenger>,
    pub shadows: Vec<Arc<Engine>>,
}

#[derive(Debug, Clone)]
pub struct Challenger {
    pub engine: Arc<Engine>,
    /// Of the customers.
    pub share: Share,
}

impl Challenger {
    /// Named after who challenges, so that another share moves no customer back.
    fn experiment(&self) -> String {
        let (name, version) = self.engine.model();
        format!("{name}-v{version}")
    }
}

impl Lineup {
    /// One engine decides alone.
    #[must_use]
    pub const fn of(champion: Arc<Engine>) -> Self {
        Self { champion, challenger: None, shadows: Vec::new() }
    }

    /// All whose models are asked, the champion first.
    pub fn engines(&self) -> impl Iterator<Item = &Arc<Engine>> {
        let challenger = self.challenger.iter().map(|challenger| &challenger.engine);
        std::iter::once(&self.champion).chain(challenger).chain(&self.shadows)
    }

    /// One decision a vector, in order.
    #[must_use]
    pub fn decide(&self, vectors: Vec<FeatureVector>) -> Vec<Decided> {
        let mut decided = match &self.challenger {
            None => decided_by(&self.champion, vectors),
            Some(challenger) => self.divided(challenger, vectors),
        };
        for engine in &self.shadows {
            let scorings = score(engine.asked(), decided.iter().map(|one| &one.decision.vector), false);
            for (one, scoring) in decided.iter_mut().zip(scorings) {
                one.decision.shadows.push(shadow(engine.asked(), scoring));
            }
        }
        decided
    }

    fn divided(&self, challenger: &Challenger, vectors: Vec<FeatureVector>) -> Vec<Decided> {
        let name = challenger.experiment();
        let arm = |vector: &FeatureVector| match challenger.share.takes(&vector.customer, &name) {
            true => Arm::Challenger,
            false => Arm::Champion,
        };
        let arms: Vec<Arm> = vectors.iter().map(arm).collect();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (vector, arm) in vectors.into_iter().zip(&arms) {
            match arm {
                Arm::Champion => ours.push(vector),
                Arm::Challenger => theirs.push(vector),
            }
        }
        let mut ours = decided_by(&self.champion, ours).into_iter();
        let mut theirs = decided_by(&challenger.engine, theirs).into_iter();
        let of_arm = |arm| {
            let next = match arm {
                Arm::Champion => ours.next(),
                Arm::Challenger => theirs.next(),
            };
            let mut one = next.expect("each vector of an arm is decided");
            one.decision.experiment = Some(Experiment { name: name.clone(), arm });
            one
        };
        arms.into_iter().map(of_arm).collect()
    }
}

fn decided_by(engine: &Engine, vectors: Vec<FeatureVector>) -> Vec<Decided> {
    let decisions = engine.decide(vectors).into_iter();
    decisions.map(|decision| Decided { decision, engine: Arc::clone(engine.name()) }).collect()
}

fn shadow(model: &dyn Model, scoring: Scoring) -> Shadow {
    let answer = match scoring {
        Scoring::Done(assessed) => ShadowAnswer::Scored { probability: assessed.probability, score: assessed.score },
        Scoring::Unread(_) => ShadowAnswer::Failed("missing_input".to_owned()),
        Scoring::Failed(reason) => ShadowAnswer::Failed(reason.to_owned()),
    };
    let manifest = model.manifest();
    Shadow { name: manifest.name.clone(), version: manifest.version, hash: model.hash().to_owned(), answer }
}
