//! Which models can be asked, by name and version, and which tensors each of them gives.

use std::sync::Arc;

use axum::http::StatusCode;
use weir_scoring::model::{Kind, Manifest, Model, Package, Scorer};
use weir_scoring::{CurrentLineup, Engine};

use crate::http::elsewhere;
use crate::http::problem::Problem;

/// What each input contributed to the log-odds of default, and what they stand beside: not of the graph, and only on request.
const CONTRIBUTIONS: &str = "contributions";
const BASE: &str = "base";

/// The models of whoever decides at the moment: champion, challenger, shadows. Where no version is named, the first of a
/// name answers.
#[derive(Debug)]
pub struct Served(Option<Arc<CurrentLineup>>);

#[derive(Debug)]
pub(crate) struct ServedModel {
    engine: Arc<Engine>,
    pub outputs: Vec<Offered>,
}

/// A tensor that a model gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offered {
    pub name: String,
    pub kind: Kind,
    /// `None` where a dimension is open.
    pub shape: Vec<Option<usize>>,
    pub columns: Option<Vec<String>>,
    pub source: Source,
}

/// Where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// That output of the graph.
    Graph(usize),
    Contributions,
    Base,
}

impl Served {
    /// None where nothing is decided in this process.
    #[must_use]
    pub const fn by(lineup: Option<Arc<CurrentLineup>>) -> Self {
        Self(lineup)
    }

    pub(crate) fn all(&self) -> Vec<ServedModel> {
        let Some(lineup) = self.0.as_ref().map(|current| current.get()) else { return Vec::new() };
        lineup.engines().filter_map(ServedModel::of).collect()
    }

    pub(crate) fn find(&self, name: &str, version: Option<&str>) -> Result<ServedModel, Problem> {
        if self.0.is_none() {
            return Err(elsewhere("scoring"));
        }
        let all = self.all();
        let names: Vec<String> = all.iter().map(|model| model.manifest().name.clone()).collect();
        let mut named: Vec<ServedModel> = all.into_iter().filter(|model| model.manifest().name == name).collect();
        let found = named.iter().position(|model| version.is_none_or(|version| model.version() == version));
        found.map(|found| named.swap_remove(found)).ok_or_else(|| {
            let detail = match (version, named.is_empty()) {
                (Some(version), false) => {
                    let there: Vec<String> = named.iter().map(ServedModel::version).collect();
                    format!("model `{name}`: expected version {}, found `{}`", there.join(" or "), shortened(version))
                }
                (_, _) => format!("model: expected {}, found `{}`", names.join(" or "), shortened(name)),
            };
            Problem::new(StatusCode::NOT_FOUND, "unknown_model", detail).at("model")
        })
    }
}

impl Offered {
    pub(crate) fn is_on_request(&self) -> bool {
        match self.source {
            Source::Graph(_) => false,
            Source::Contributions | Source::Base => true,
        }
    }
}

impl ServedModel {
    /// `None` of a model that has no graph.
    fn of(engine: &Arc<Engine>) -> Option<Self> {
        let outputs = offered(engine.asked().package()?);
        Some(Self { engine: Arc::clone(engine), outputs })
    }

    pub(crate) fn package(&self) -> &Package {
        self.engine.asked().package().expect("a model without one is not served")
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        self.package().manifest()
    }

    pub(crate) fn version(&self) -> String {
        self.manifest().version.to_string()
    }

    pub(crate) fn graph(&self) -> &Scorer {
        self.package().graph().0
    }
}

/// A name that the graph itself gives stays the graph's.
fn offered(model: &Package) -> Vec<Offered> {
    let (scorer, _) = model.graph();
    let features: Vec<String> = model.manifest().inputs.iter().map(|input| input.feature.clone()).collect();
    let explained = &model.manifest().output.contributions;
    let outputs = scorer.outputs().iter().enumerate().filter_map(|(at, output)| {
        let (kind, shape) = output.form.clone()?;
        let is_explained = explained.as_ref() == Some(&output.name);
        let columns = output.columns.clone().or_else(|| is_explained.then(|| features.clone()));
        Some(Offered { name: output.name.clone(), kind, shape, columns, source: Source::Graph(at) })
    });
    let mut offered: Vec<Offered> = outputs.collect();
    let width = features.len();
    for (name, width, columns, source) in
        [(CONTRIBUTIONS, width, Some(features), Source::Contributions), (BASE, 1, None, Source::Base)]
    {
        if scorer.outputs().iter().all(|output| output.name != name) {
            let shape = vec![None, Some(width)];
            offered.push(Offered { name: name.to_owned(), kind: Kind::Float64, shape, columns, source });
        }
    }
    offered
}

/// So that a path cannot blow up an answer.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
