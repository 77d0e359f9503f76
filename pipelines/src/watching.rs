//! The drift of the models that decide or are asked beside them, from what was decided lately: counted as decisions are
//! published, told when somebody asks for the metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_messages::ShadowAnswer;
use weir_scoring::watch::{Recent, Reference, Verdict, drift};
use weir_scoring::{CurrentLineup, Decided, Lineup, model_of};

#[derive(Debug)]
pub(crate) struct Watching {
    lineup: Arc<CurrentLineup>,
    /// By the hash of the package.
    models: Mutex<BTreeMap<String, Watched>>,
}

#[derive(Debug)]
struct Watched {
    name: String,
    version: String,
    reference: Arc<Reference>,
    recent: Recent,
}

impl Watched {
    /// A model of the lineup that knows what it was made on.
    fn of(lineup: &Lineup, hash: &str) -> Option<Self> {
        let model = lineup.engines().map(|engine| engine.asked()).find(|model| model.hash() == hash)?;
        let (manifest, reference) = (model.manifest(), Arc::clone(model.package()?.reference()));
        let (name, version) = (manifest.name.clone(), manifest.version.to_string());
        Some(Self { name, version, recent: Recent::of(&reference), reference })
    }

    fn tell(&self) {
        for one in drift(&self.reference, &self.recent.counts()) {
            self.set(&one.column, [one.psi, one.limit, if one.verdict == Verdict::Steady { 0.0 } else { 1.0 }]);
        }
    }

    /// Of a model that is asked no more no value is true any longer, and a gauge cannot be taken back.
    fn withdraw(&self) {
        self.reference.columns().iter().for_each(|column| self.set(&column.name, [f64::NAN; 3]));
    }

    fn set(&self, column: &str, [psi, limit, drifting]: [f64; 3]) {
        let gauges = [("weir_model_psi", psi), ("weir_model_psi_limit", limit), ("weir_model_drifting", drifting)];
        for (gauge, value) in gauges {
            let labels = [("model", &*self.name), ("version", &*self.version), ("column", column)];
            metrics::gauge!(gauge, &labels.map(|(label, value)| (label.to_owned(), value.to_owned()))).set(value);
        }
    }
}

impl Watching {
    pub(crate) fn new(lineup: Arc<CurrentLineup>) -> Self {
        Self { lineup, models: Mutex::default() }
    }

    /// Counts that somebody who panicked left half done are a little wrong; no decision reads them.
    fn models(&self) -> MutexGuard<'_, BTreeMap<String, Watched>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look-up for each input of each model that was asked.
    pub(crate) fn count<'a>(&self, decided: impl Iterator<Item = &'a Decided>) {
        let mut models = self.models();
        for one in decided {
            let decision = &one.decision;
            let decider = (model_of(&one.engine), decision.model.as_ref().map(|model| model.probability));
            let shadows = decision.shadows.iter().map(|shadow| (shadow.hash.as_str(), answered(&shadow.answer)));
            for (hash, probability) in std::iter::once(decider).chain(shadows) {
                if !models.contains_key(hash)
                    && let Some(watched) = Watched::of(&self.lineup.get(), hash)
                {
                    models.insert(hash.to_owned(), watched);
                }
                if let Some(Watched { reference, recent, .. }) = models.get_mut(hash) {
                    recent.add(reference, &decision.vector, probability);
                }
            }
        }
    }

    /// Takes the gauges, of models in the lineup alone.
    pub(crate) fn gauges(&self) {
        let lineup = self.lineup.get();
        self.models().retain(|hash, watched| {
            let asked = lineup.engines().any(|engine| engine.hashes().0 == hash);
            if asked {
                watched.tell()
            } else {
                watched.withdraw()
            }
            asked
        });
    }
}

/// The probability, if there is one.
pub(crate) const fn answered(answer: &ShadowAnswer) -> Option<f64> {
    match answer {
        ShadowAnswer::Scored { probability, .. } => Some(*probability),
        ShadowAnswer::Failed(_) => None,
    }
}
