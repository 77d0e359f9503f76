//! A model package: a folder of `model.toml`, `model.onnx` and `golden.jsonl`, and `reference.json` if it brings one. It is
//! loaded only whole and proven: hashes agree, the graph takes exactly the declared inputs, and every golden row comes out as
//! ONNX Runtime gave it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use weir_expr::ColumnType;
use weir_onnx::{InputColumn, Kind, Scorer, Values};

use super::contributions::{Contributions, Probability};
use super::manifest::InputKind;
use super::{Answer, Golden, GoldenReport, InputValue, Manifest, Model, ModelError, Unanswered, golden};
use crate::columns::Column;
use crate::content::{Content, ContentError, REFERENCE, sha256};
use crate::watch::Reference;

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
    #[error("reference.json: {reason}")]
    Reference { reason: String },
}

/// A proven model.
#[derive(Debug)]
pub struct Package {
    manifest: Manifest,
    hash: String,
    scorer: Scorer,
    probability: Probability,
    label: Option<usize>,
    contributions: Contributions,
    usual: Vec<InputValue>,
    report: GoldenReport,
    reference: Arc<Reference>,
}

impl Package {
    pub fn load(folder: &Path) -> Result<Self, PackageError> {
        Self::of(&Content::read_model(folder)?)
    }

    /// From the files of a package, wherever they lay.
    pub fn of(content: &Content) -> Result<Self, PackageError> {
        let manifest = Manifest::of(content)?;
        for (file, expected) in [("model.onnx", &manifest.onnx_sha256), ("golden.jsonl", &manifest.golden_sha256)] {
            let found = sha256(content.bytes(file)?);
            if !found.eq_ignore_ascii_case(expected) {
                return Err(PackageError::Hash { file, expected: expected.clone(), found });
            }
        }
        let scorer = Scorer::load(content.bytes("model.onnx")?)?;
        let order = order(&manifest, &scorer)?;
        let names: Vec<&str> = scorer.outputs().iter().map(|output| output.name.as_str()).collect();
        let output = |name: &str| {
            scorer.outputs().iter().position(|output| output.name == name).ok_or_else(|| PackageError::Columns {
                reason: format!("expected an output `{name}`, found {}", names.join(", ")),
            })
        };
        let probability = output(&manifest.output.probability)?;
        let probability = Probability { output: probability, class: manifest.output.class, order };
        let label = manifest.output.label.as_deref().map(&output).transpose()?;
        let golden = golden::parse(content.text("golden.jsonl")?);
        let golden = golden.map_err(|reason| PackageError::Golden { reason })?;
        let inputs = golden.iter().map(|row| row.values(&manifest)).collect::<Result<Vec<_>, _>>();
        let inputs = inputs.map_err(|reason| PackageError::Golden { reason })?;
        let contributions = match &manifest.output.contributions {
            Some(name) => Contributions::Output(output(name)?),
            None => Contributions::by_model(&scorer, &probability, &inputs)?.ok_or_else(|| {
                let reason = "expected `output.contributions`, a linear model, trees with covers in `nodes_hitrates`, or \
                              inputs that add up on the golden rows: nothing says what an input contributed";
                PackageError::Columns { reason: with_faults(reason.to_owned(), scorer.known_faults()) }
            })?,
        };
        let reference = Arc::new(reference(&manifest, content, &golden)?);
        let hash = content.hash();
        let (usual, report) = (inputs[0].clone(), GoldenReport::default());
        let unproven = Self { manifest, hash, scorer, probability, label, contributions, usual, report, reference };
        let report = unproven.prove(&golden, &inputs).map_err(|reason| PackageError::Golden { reason })?;
        Ok(Self { report, ..unproven })
    }

    fn prove(&self, rows: &[Golden], inputs: &[Vec<InputValue>]) -> Result<GoldenReport, String> {
        let answers = self.answer(inputs, true).map_err(|error| error.to_string())?;
        let labels = self.label.map(|output| self.labels(output, inputs)).transpose()?;
        let proven = golden::prove(&self.manifest, rows, &answers, labels.as_deref(), self.contributions.are_rough());
        proven.map_err(|reason| with_faults(reason, self.known_faults()))
    }

    fn labels(&self, output: usize, rows: &[Vec<InputValue>]) -> Result<Vec<serde_json::Value>, String> {
        let outputs = self.scorer.run_rows(rows, &self.probability.order).map_err(|error| error.to_string())?;
        match outputs.get(output).map(|output| (output.shape(), output.values())) {
            Some((&[height], Values::Int64(labels))) if height == rows.len() => {
                Ok(labels.iter().map(|label| (*label).into()).collect())
            }
            Some((&[height], Values::Text(labels))) if height == rows.len() => {
                Ok(labels.iter().map(|label| label.as_str().into()).collect())
            }
            _ => Err("`output.label`: expected one whole number or text a row".to_owned()),
        }
    }

    #[must_use]
    pub const fn report(&self) -> &GoldenReport {
        &self.report
    }

    /// What it is watched against.
    #[must_use]
    pub const fn reference(&self) -> &Arc<Reference> {
        &self.reference
    }

    /// The graph, and for each column of its inputs the place among the manifest's.
    #[must_use]
    pub fn graph(&self) -> (&Scorer, &[usize]) {
        (&self.scorer, &self.probability.order)
    }

    /// The golden rows of its own content, by number.
    pub(crate) fn golden_rows(&self, content: &Content) -> Result<Vec<(u64, Vec<InputValue>)>, String> {
        let text = content.text("golden.jsonl").map_err(|error| error.to_string())?;
        golden::parse(text)?.iter().map(|row| Ok((row.row, row.values(&self.manifest)?))).collect()
    }

    /// What ONNX Runtime is known to get wrong in its graph, where it is kept.
    pub(crate) fn known_faults(&self) -> &[String] {
        self.scorer.known_faults()
    }

    /// The first golden row.
    pub(crate) fn usual(&self) -> &[InputValue] {
        &self.usual
    }

    /// What the graph compares its inputs with, by place in the manifest, where that can be read from it.
    pub(crate) fn thresholds(&self) -> Vec<(usize, f32)> {
        self.scorer
            .thresholds()
            .into_iter()
            .map(|(column, threshold)| (self.probability.order[column], threshold))
            .collect()
    }
}

impl Model for Package {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn hash(&self) -> &str {
        &self.hash
    }

    fn answer(&self, rows: &[Vec<InputValue>], contributions: bool) -> Result<Vec<Answer>, Unanswered> {
        let probabilities = self.probability.of(&self.scorer, rows)?;
        let answer = |probability| Answer { probability, contributions: None };
        let mut answers: Vec<Answer> = probabilities.into_iter().map(answer).collect();
        if contributions {
            self.contributions.explain(&self.scorer, &self.probability, rows, &mut answers)?;
        }
        Ok(answers)
    }

    fn package(&self) -> Option<&Package> {
        Some(self)
    }
}

/// Who reads the refusal need not look for the fault in the training.
fn with_faults(reason: String, faults: &[String]) -> String {
    if faults.is_empty() { reason } else { format!("{reason}; known of ONNX Runtime: {}", faults.join("; ")) }
}

fn reference(manifest: &Manifest, content: &Content, golden: &[Golden]) -> Result<Reference, PackageError> {
    if !content.has(REFERENCE) {
        return Ok(Reference::of_golden(manifest, golden));
    }
    Reference::parse(manifest, content.text(REFERENCE)?).map_err(|reason| PackageError::Reference { reason })
}

/// The graph's inputs are exactly the manifest's: each a column of its kind, or all of them, numbers, the columns of one.
fn order(manifest: &Manifest, scorer: &Scorer) -> Result<Vec<usize>, PackageError> {
    let unfit = |reason: String| PackageError::Columns { reason };
    let columns = scorer.columns().ok_or_else(|| {
        let shapes = scorer.inputs().iter().map(|input| format!("`{}` of {:?}", input.name, input.shape));
        unfit(format!("expected any number of rows, found {}", shapes.collect::<Vec<_>>().join(", ")))
    })?;
    if columns.len() != manifest.inputs.len() {
        let (expected, found) = (manifest.inputs.len(), columns.len());
        return Err(unfit(format!("expected the {expected} inputs of model.toml, found {found}")));
    }
    let places: BTreeMap<&str, usize> =
        manifest.inputs.iter().enumerate().map(|(at, input)| (input.feature.as_str(), at)).collect();
    let is_matrix = scorer.inputs().len() == 1 && columns.len() > 1;
    let place = |column: &InputColumn| {
        let at = if is_matrix { Some(&column.place) } else { places.get(column.input.as_str()) };
        let at = *at.ok_or_else(|| unfit(format!("input `{}` is not in model.toml", column.input)))?;
        let expected = match manifest.inputs[at].kind {
            InputKind::Number => Kind::Float32,
            InputKind::Text { .. } => Kind::Text,
        };
        if column.kind == expected && (is_matrix || column.place == 0) {
            return Ok(at);
        }
        let (name, place, found) = (&column.input, column.place, column.kind);
        Err(unfit(format!("expected input `{name}` to be one column of {expected}, found column {place} of {found}")))
    };
    columns.iter().map(place).collect()
}

impl Manifest {
    /// `model.toml` alone, of which nothing is proven.
    pub(crate) fn of(content: &Content) -> Result<Self, PackageError> {
        Self::parse(content.text("model.toml")?).map_err(|reason| PackageError::Manifest { reason })
    }

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
