//! A model package: a folder of `model.toml`, `model.onnx` and `golden.jsonl`. It is loaded only whole and proven: hashes
//! agree, the graph takes exactly the declared inputs, and every golden row comes out as ONNX Runtime gave it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use weir_expr::ColumnType;
use weir_onnx::{Graph, GraphInput, Kind, Tensor, Values};

use super::manifest::InputKind;
use super::{Answer, GoldenReport, InputValue, Manifest, Model, ModelError, golden};
use crate::columns::Column;
use crate::content::{Content, ContentError, sha256};

#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("model.toml: {reason}")]
    Manifest { reason: String },
    #[error("{file}: expected SHA-256 {expected} as model.toml says, found {found}")]
    Hash { file: &'static str, expected: String, found: String },
    #[error("model.onnx")]
    Model(#[from] ModelError),
    #[error("model.onnx: {reason}")]
    Columns { reason: String },
    #[error("golden.jsonl: {reason}")]
    Golden { reason: String },
}

/// A proven model.
#[derive(Debug)]
pub struct Package {
    manifest: Manifest,
    hash: String,
    graph: Graph,
    /// For each input of the graph, its place among the manifest's.
    order: Vec<usize>,
    probability: usize,
    contributions: usize,
    report: GoldenReport,
}

impl Package {
    pub fn load(folder: &Path) -> Result<Self, PackageError> {
        Self::of(&Content::read_model(folder)?)
    }

    /// From the files of a package, wherever they lay.
    pub fn of(content: &Content) -> Result<Self, PackageError> {
        let manifest =
            Manifest::parse(content.text("model.toml")?).map_err(|reason| PackageError::Manifest { reason })?;
        for (file, expected) in [("model.onnx", &manifest.onnx_sha256), ("golden.jsonl", &manifest.golden_sha256)] {
            let found = sha256(content.bytes(file)?);
            if !found.eq_ignore_ascii_case(expected) {
                return Err(PackageError::Hash { file, expected: expected.clone(), found });
            }
        }
        let graph = Graph::load(content.bytes("model.onnx")?)?;
        let order = order(&manifest, &graph)?;
        let names: Vec<&str> = graph.outputs().iter().map(|output| output.name.as_str()).collect();
        let output = |name: &str| {
            graph.outputs().iter().position(|output| output.name == name).ok_or_else(|| PackageError::Columns {
                reason: format!("expected an output `{name}`, found {}", names.join(", ")),
            })
        };
        let (probability, contributions) =
            (output(&manifest.output.probability)?, output(&manifest.output.contributions)?);
        let hash = content.hash();
        let report = GoldenReport { rows: 0, furthest: 0.0 };
        let unproven = Self { manifest, hash, graph, order, probability, contributions, report };
        let report = unproven.prove(content.text("golden.jsonl")?).map_err(|reason| PackageError::Golden { reason })?;
        Ok(Self { report, ..unproven })
    }

    fn prove(&self, rows: &str) -> Result<GoldenReport, String> {
        let rows = golden::parse(rows)?;
        let inputs = rows.iter().map(|row| row.values(&self.manifest)).collect::<Result<Vec<_>, _>>()?;
        let answers = self.answer(&inputs).map_err(|error| error.to_string())?;
        let mut report = GoldenReport { rows: rows.len(), furthest: 0.0 };
        for (row, answer) in rows.iter().zip(&answers) {
            report.furthest = row.compare(&self.manifest, answer)?.max(report.furthest);
        }
        Ok(report)
    }

    #[must_use]
    pub const fn report(&self) -> GoldenReport {
        self.report
    }

    fn column(&self, at: usize, rows: &[Vec<InputValue>]) -> Result<Tensor, ModelError> {
        let feature = &self.manifest.inputs[at].feature;
        let unfit = || ModelError::Failed { reason: format!("no fitting value for `{feature}`") };
        let values = match self.manifest.inputs[at].kind {
            InputKind::Number => {
                let values = rows.iter().map(|row| match row.get(at) {
                    Some(InputValue::Number(number)) => Ok(*number),
                    Some(InputValue::Text(_)) | None => Err(unfit()),
                });
                Values::Float32(values.collect::<Result<_, _>>()?)
            }
            InputKind::Text { .. } => {
                let values = rows.iter().map(|row| match row.get(at) {
                    Some(InputValue::Text(text)) => Ok(text.clone()),
                    Some(InputValue::Number(_)) | None => Err(unfit()),
                });
                Values::Text(values.collect::<Result<_, _>>()?)
            }
        };
        Tensor::new(vec![rows.len(), 1], values).ok_or_else(unfit)
    }
}

impl Model for Package {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn hash(&self) -> &str {
        &self.hash
    }

    fn answer(&self, rows: &[Vec<InputValue>]) -> Result<Vec<Answer>, ModelError> {
        let inputs = self.order.iter().map(|&at| self.column(at, rows)).collect::<Result<_, _>>()?;
        let outputs = self.graph.run(inputs)?;
        let probabilities = matrix(&outputs[self.probability], rows.len())?;
        let contributions = matrix(&outputs[self.contributions], rows.len())?;
        let answers = probabilities.iter().zip(contributions).map(|(probabilities, contributions)| {
            let class = self.manifest.output.class;
            let probability = *probabilities.get(class).ok_or_else(|| ModelError::Failed {
                reason: format!("expected a class {class}, found {} classes", probabilities.len()),
            })?;
            Ok(Answer { probability, contributions })
        });
        answers.collect()
    }
}

/// The rows of a [rows, columns] output.
fn matrix(tensor: &Tensor, rows: usize) -> Result<Vec<Vec<f64>>, ModelError> {
    match (tensor.shape(), tensor.values()) {
        (&[height, width], Values::Float32(values)) if height == rows && width > 0 => {
            Ok(values.chunks_exact(width).map(|row| row.iter().copied().map(f64::from).collect()).collect())
        }
        (shape, values) => Err(ModelError::Failed {
            reason: format!("expected {rows} rows of float32, found {shape:?} of {}", values.kind()),
        }),
    }
}

/// The graph's inputs are exactly the manifest's, each a column of its kind.
fn order(manifest: &Manifest, graph: &Graph) -> Result<Vec<usize>, PackageError> {
    let unfit = |reason: String| PackageError::Columns { reason };
    let places: BTreeMap<&str, usize> =
        manifest.inputs.iter().enumerate().map(|(at, input)| (input.feature.as_str(), at)).collect();
    if graph.inputs().len() != places.len() {
        let (expected, found) = (places.len(), graph.inputs().len());
        return Err(unfit(format!("expected the {expected} inputs of model.toml, found {found}")));
    }
    let place = |input: &GraphInput| {
        let at = *places
            .get(input.name.as_str())
            .ok_or_else(|| unfit(format!("input `{}` is not in model.toml", input.name)))?;
        let expected = match manifest.inputs[at].kind {
            InputKind::Number => Kind::Float32,
            InputKind::Text { .. } => Kind::Text,
        };
        if input.kind == expected && input.shape == [None, Some(1)] {
            return Ok(at);
        }
        Err(unfit(format!(
            "expected input `{}` to be any number of rows of one {expected}, found {:?} of {}",
            input.name, input.shape, input.kind
        )))
    };
    graph.inputs().iter().map(place).collect()
}

impl Manifest {
    /// The features that the model reads.
    pub fn columns(&self) -> impl Iterator<Item = Column> {
        self.inputs.iter().map(|input| Column {
            feature: input.feature.clone(),
            kind: match input.kind {
                InputKind::Number => ColumnType::Number,
                InputKind::Text { .. } => ColumnType::Text,
            },
        })
    }
}

/// What `weir models check` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelCheck {
    pub package: String,
    pub promotable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub golden: Option<GoldenReport>,
    /// Why it may not be promoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether the package in `folder` may be promoted.
#[must_use]
pub fn check(folder: &Path) -> ModelCheck {
    let package = folder.display().to_string();
    match Package::load(folder) {
        Ok(proven) => ModelCheck {
            package,
            promotable: true,
            name: Some(proven.manifest.name.clone()),
            version: Some(proven.manifest.version),
            hash: Some(proven.hash.clone()),
            golden: Some(proven.report),
            reason: None,
        },
        Err(error) => ModelCheck {
            package,
            promotable: false,
            name: None,
            version: None,
            hash: None,
            golden: None,
            reason: Some(crate::one_line(&error)),
        },
    }
}
