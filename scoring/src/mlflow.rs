//! An MLflow model folder as a package: the graph of its `onnx` flavor, with the package's other files beside it or under
//! `weir/`. What MLflow says of the inputs must agree with the package.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use serde::Deserialize;

use crate::content::{Content, ContentError, OPTIONAL_FILES};
use crate::model::{Manifest, PackageError};

/// What MLflow writes into each folder of a model.
const DESCRIPTION: &str = "MLmodel";
/// Where the package's own files may lie, so that they are told from MLflow's.
const FOLDER: &str = "weir";
/// No description is near it.
const LARGEST: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum MlflowError {
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("MLmodel: {reason}")]
    Description { reason: String },
    #[error(
        "expected a file `{file}` beside MLmodel or in `weir/`, found none: it belongs to the package, and MLflow makes none"
    )]
    Absent { file: &'static str },
    #[error("MLmodel: signature: {reason}")]
    Signature { reason: String },
    #[error(transparent)]
    Package(#[from] PackageError),
}

/// What is read of it; the rest is MLflow's.
#[derive(Debug, Deserialize)]
struct Description {
    flavors: Flavors,
    signature: Option<Signature>,
}

#[derive(Debug, Deserialize)]
struct Flavors {
    onnx: Option<OnnxFlavor>,
}

#[derive(Debug, Deserialize)]
struct OnnxFlavor {
    data: String,
}

#[derive(Debug, Deserialize)]
struct Signature {
    /// JSON in a text: a list of columns or of tensors.
    inputs: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Input {
    name: Option<String>,
    #[serde(rename = "tensor-spec")]
    tensor: Option<TensorSpec>,
}

#[derive(Debug, Deserialize)]
struct TensorSpec {
    shape: Vec<i64>,
}

/// Whether MLflow wrote this folder.
#[must_use]
pub fn is_mlflow(folder: &Path) -> bool {
    folder.join(DESCRIPTION).is_file()
}

/// The package in it.
pub fn read_mlflow(folder: &Path) -> Result<Content, MlflowError> {
    let description = described(folder)?;
    let Some(onnx) = description.flavors.onnx else {
        let reason = "expected a flavor `onnx`: log the model with `mlflow.onnx.log_model`".to_owned();
        return Err(MlflowError::Description { reason });
    };
    let mut content = Content::read(folder, &[("model.onnx", inside(&onnx.data)?)])?;
    for file in ["model.toml", "golden.jsonl"].into_iter().chain(OPTIONAL_FILES) {
        let places = [file.to_owned(), format!("{FOLDER}/{file}")];
        match places.into_iter().find(|place| folder.join(place).is_file()) {
            Some(place) => content = content.and(Content::read(folder, &[(file, &place)])?),
            None if OPTIONAL_FILES.contains(&file) => {}
            None => return Err(MlflowError::Absent { file }),
        }
    }
    agrees(description.signature, &Manifest::of(&content)?)?;
    Ok(content)
}

fn described(folder: &Path) -> Result<Description, MlflowError> {
    let wrong = |reason: String| MlflowError::Description { reason };
    let path = folder.join(DESCRIPTION);
    let size = std::fs::metadata(&path).map_err(|error| wrong(error.to_string()))?.len();
    if size > LARGEST {
        return Err(wrong(format!("expected at most {LARGEST} bytes, found {size}")));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    let first_line = |error: serde_saphyr::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
    serde_saphyr::from_str(&text).map_err(|error| wrong(first_line(error)))
}

/// A path that stays in the folder.
fn inside(data: &str) -> Result<&str, MlflowError> {
    let stays = Path::new(data).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if stays && !data.is_empty() {
        return Ok(data);
    }
    Err(MlflowError::Description {
        reason: format!("flavors.onnx.data: expected a file of this folder, found `{data}`"),
    })
}

/// Each input by its name, or one matrix that is as wide as there are inputs.
fn agrees(signature: Option<Signature>, manifest: &Manifest) -> Result<(), MlflowError> {
    let wrong = |reason: String| Err(MlflowError::Signature { reason });
    let Some(inputs) = signature.and_then(|signature| signature.inputs) else {
        return wrong("expected inputs, found none: log the model with `signature=infer_signature(…)`".to_owned());
    };
    let inputs: Vec<Input> = match serde_json::from_str(&inputs) {
        Ok(inputs) => inputs,
        Err(error) => return wrong(format!("inputs: {error}")),
    };
    let expected: BTreeSet<&str> = manifest.inputs.iter().map(|input| input.feature.as_str()).collect();
    if let [Input { tensor: Some(TensorSpec { shape }), .. }] = &inputs[..]
        && let [_, width] = shape[..]
        && expected.len() > 1
    {
        return match usize::try_from(width) == Ok(expected.len()) {
            true => Ok(()),
            false => wrong(format!("expected a matrix of {} inputs as model.toml has, found {width}", expected.len())),
        };
    }
    let found: BTreeSet<&str> = inputs.iter().filter_map(|input| input.name.as_deref()).collect();
    let differing: BTreeMap<&str, &str> = (found.difference(&expected).map(|name| (*name, "is not in model.toml")))
        .chain(expected.difference(&found).map(|name| (*name, "is in model.toml alone")))
        .collect();
    match differing.first_key_value() {
        Some((name, how)) => wrong(format!("input `{name}` {how}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::shipped;

    /// As MLflow 3 writes one, with the package's own files under `weir/`.
    fn logged(flavor: &str, inputs: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let weir = folder.path().join(FOLDER);
        std::fs::create_dir(&weir).unwrap();
        std::fs::copy(shipped().join("model.onnx"), folder.path().join("model.onnx")).unwrap();
        for file in ["model.toml", "golden.jsonl"].into_iter().chain(OPTIONAL_FILES) {
            std::fs::copy(shipped().join(file), weir.join(file)).unwrap();
        }
        let description = format!(
            "artifact_path: model\nflavors:\n  {flavor}:\n    code: null\n    data: model.onnx\n    onnx_version: 1.19.0\n    \
             providers:\n    - CPUExecutionProvider\n  python_function:\n    env:\n      conda: conda.yaml\n    \
             loader_module: mlflow.onnx\nmlflow_version: 3.4.0\nmodel_uuid: 0f3d\nsignature:\n  inputs: '{inputs}'\n  \
             outputs: '[]'\n  params: null\nutc_time_created: '2026-03-02 09:00:00.000000'\n"
        );
        std::fs::write(folder.path().join(DESCRIPTION), description).unwrap();
        folder
    }

    fn columns(change: impl Fn(&str) -> String) -> String {
        let manifest = Manifest::of(&Content::read_model(&shipped()).unwrap()).unwrap();
        let input = |name: &str| format!(r#"{{"type":"double","name":"{}","required":true}}"#, change(name));
        let inputs: Vec<String> = manifest.inputs.iter().map(|one| input(&one.feature)).collect();
        format!("[{}]", inputs.join(","))
    }

    fn said(folder: &Path) -> String {
        crate::one_line(&read_mlflow(folder).unwrap_err())
    }

    #[test]
    fn what_mlflow_logged_is_the_package() {
        let folder = logged("onnx", &columns(str::to_owned));
        assert!(is_mlflow(folder.path()) && !is_mlflow(&shipped()));
        assert_eq!(read_mlflow(folder.path()).unwrap(), Content::read_model(&shipped()).unwrap());
        for file in ["model.toml", "golden.jsonl"] {
            std::fs::rename(folder.path().join(FOLDER).join(file), folder.path().join(file)).unwrap();
        }
        let mut without = Content::read_model(&shipped()).unwrap();
        for file in OPTIONAL_FILES {
            std::fs::remove_file(folder.path().join(FOLDER).join(file)).unwrap();
            without = without.without(file);
        }
        assert_eq!(read_mlflow(folder.path()).unwrap(), without, "they may lie beside it, and two need not be there");
    }

    #[test]
    fn what_mlflow_3_17_wrote_of_the_shipped_model_is_read() {
        let folder = logged("onnx", "[]");
        let description = include_str!("../tests/mlflow/MLmodel");
        std::fs::write(folder.path().join(DESCRIPTION), description).unwrap();
        assert_eq!(read_mlflow(folder.path()).unwrap(), Content::read_model(&shipped()).unwrap());
    }

    #[test]
    fn what_is_missing_is_said() {
        let folder = logged("onnx", &columns(str::to_owned));
        std::fs::remove_file(folder.path().join("weir/golden.jsonl")).unwrap();
        assert!(said(folder.path()).starts_with("expected a file `golden.jsonl` beside MLmodel or in `weir/`"));
        let sklearn = logged("sklearn", &columns(str::to_owned));
        assert!(said(sklearn.path()).starts_with("MLmodel: expected a flavor `onnx`"));
        let text = std::fs::read_to_string(folder.path().join(DESCRIPTION)).unwrap();
        let (without, _) = text.split_once("signature:").unwrap();
        std::fs::write(folder.path().join(DESCRIPTION), without).unwrap();
        std::fs::copy(shipped().join("golden.jsonl"), folder.path().join("golden.jsonl")).unwrap();
        assert!(said(folder.path()).starts_with("MLmodel: signature: expected inputs, found none"));
    }

    #[test]
    fn a_signature_of_other_inputs_is_refused_by_name() {
        let other = logged("onnx", &columns(|name| name.replace("applicant__age", "years")));
        assert_eq!(said(other.path()), "MLmodel: signature: input `applicant__age` is in model.toml alone");
        let matrix = r#"[{"type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1, 3]},"name":"X"}]"#;
        let error = said(logged("onnx", matrix).path());
        assert_eq!(error, "MLmodel: signature: expected a matrix of 18 inputs as model.toml has, found 3");
    }

    #[test]
    fn a_graph_that_lies_elsewhere_and_a_text_that_is_no_description_are_refused() {
        let folder = logged("onnx", &columns(str::to_owned));
        let description = folder.path().join(DESCRIPTION);
        let text = std::fs::read_to_string(&description).unwrap();
        for place in ["/etc/passwd", "../model.onnx", "''"] {
            std::fs::write(&description, text.replace("data: model.onnx", &format!("data: {place}"))).unwrap();
            assert!(said(folder.path()).starts_with("MLmodel: flavors.onnx.data: expected a file of this folder"));
        }
        for text in ["", "[", "flavors: 7", "\u{0}", "a: &a [*a, *a]"] {
            std::fs::write(&description, text).unwrap();
            assert!(said(folder.path()).starts_with("MLmodel: "), "{text}");
        }
    }
}
