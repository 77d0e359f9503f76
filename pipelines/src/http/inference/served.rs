//! Which models can be asked, by name and version, and which tensors each of them gives.

use std::sync::Arc;

use axum::http::StatusCode;
use weir_scoring::Engine;
use weir_scoring::model::{Kind, Manifest, Model, Scorer};

use crate::http::problem::Problem;

/// What each input contributed to the log-odds of default, and what they stand beside: not of the graph, and only on request.
const CONTRIBUTIONS: &str = "contributions";
const BASE: &str = "base";

/// The models of the engines that decide here. Where no version is named, the first of a name answers.
#[derive(Debug, Clone)]
pub struct Served(Vec<Arc<ServedModel>>);

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
    pub fn new(engines: impl IntoIterator<Item = Arc<Engine>>) -> Self {
        let served = engines.into_iter().filter_map(|engine| {
            let outputs = offered(engine.scoring())?;
            Some(Arc::new(ServedModel { engine, outputs }))
        });
        Self(served.collect())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &ServedModel> {
        self.0.iter().map(|model| &**model)
    }

    pub(crate) fn find(&self, name: &str, version: Option<&str>) -> Result<Arc<ServedModel>, Problem> {
        let named: Vec<&Arc<ServedModel>> = self.0.iter().filter(|model| model.manifest().name == name).collect();
        let found = named.iter().find(|model| version.is_none_or(|version| model.version() == version));
        found.map(|model| Arc::clone(model)).ok_or_else(|| {
            let detail = match (version, named.is_empty()) {
                (Some(version), false) => {
                    let there: Vec<String> = named.iter().map(|model| model.version()).collect();
                    format!("model `{name}`: expected version {}, found `{}`", there.join(" or "), shortened(version))
                }
                (_, _) => {
                    let there: Vec<&str> = self.all().map(|model| model.manifest().name.as_str()).collect();
                    format!("model: expected {}, found `{}`", there.join(" or "), shortened(name))
                }
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
    pub(crate) fn model(&self) -> &dyn Model {
        self.engine.scoring()
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        self.model().manifest()
    }

    pub(crate) fn version(&self) -> String {
        self.manifest().version.to_string()
    }

    /// The graph, and for each column of its inputs the place among the manifest's.
    pub(crate) fn graph(&self) -> (&Scorer, &[usize]) {
        self.model().graph().expect("a model without a graph is not served")
    }
}

/// `None` of a model that has no graph. A name that the graph itself gives stays the graph's.
fn offered(model: &dyn Model) -> Option<Vec<Offered>> {
    let (scorer, _) = model.graph()?;
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
    Some(offered)
}

/// So that a path cannot blow up an answer.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
