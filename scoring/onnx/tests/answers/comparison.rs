//! A folder of graphs, each `NAME.onnx` with `NAME.json`: inputs, and the outputs that ONNX Runtime gave for them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_onnx::score_json;

/// Relative to values above one.
const TOLERANCE: f64 = 1e-6;

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn of_tests(name: &str) -> Self {
        Self(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name))
    }

    /// In order; there is at least one.
    pub(crate) fn names(&self) -> Vec<String> {
        let files = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let graphs = files.filter(|path| path.extension().is_some_and(|extension| extension == "onnx"));
        let mut names: Vec<String> =
            graphs.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        assert!(!names.is_empty(), "{} holds no graph", self.0.display());
        names
    }

    pub(crate) fn graph(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(format!("{name}.onnx"))).unwrap()
    }

    pub(crate) fn case(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(format!("{name}.json"))).unwrap()
    }

    /// Why the graph is refused or answers otherwise. Texts, integers and shapes are compared exactly, floats too where
    /// the case says `exact`.
    pub(crate) fn difference(&self, name: &str) -> Result<(), String> {
        let case = self.case(name);
        let expected: Value = serde_json::from_slice(&case).map_err(|error| error.to_string())?;
        let answer = score_json(&self.graph(name), &case).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        let (ours, theirs) = (answer["outputs"].as_array().unwrap(), expected["outputs"].as_array().unwrap());
        if ours.len() != theirs.len() {
            return Err(format!("expected {} outputs, found {}", theirs.len(), ours.len()));
        }
        let exact = expected["exact"].as_bool().unwrap_or(false);
        ours.iter().zip(theirs).try_for_each(|(ours, theirs)| compare(ours, theirs, exact))
    }
}

impl Folder {
    /// How far the answer is from what the training library said, relative to values above one; `None` where it said
    /// nothing.
    pub(crate) fn distance_from_training(&self, name: &str) -> Option<f64> {
        let case = self.case(name);
        let expected: Value = serde_json::from_slice(&case).unwrap();
        let said = expected["trained"]["data"].as_array()?;
        let at = expected["trained"]["output"].as_u64().unwrap() as usize;
        let answer: Value = serde_json::from_str(&score_json(&self.graph(name), &case).unwrap()).unwrap();
        let ours = answer["outputs"][at]["data"].as_array().unwrap();
        assert_eq!(ours.len(), said.len(), "{name}");
        let distances = ours.iter().zip(said).map(|(ours, said)| {
            let said = said.as_f64().unwrap();
            (ours.as_f64().unwrap() - said).abs() / said.abs().max(1.0)
        });
        Some(distances.fold(0.0, f64::max))
    }
}

fn compare(ours: &Value, theirs: &Value, exact: bool) -> Result<(), String> {
    let name = &theirs["name"];
    for field in ["name", "dtype", "shape", "columns"] {
        if ours[field] != theirs[field] {
            return Err(format!("output {name}: {field} {} is not {}", ours[field], theirs[field]));
        }
    }
    let single = theirs["dtype"] == "float32";
    let (ours, theirs) = (ours["data"].as_array().unwrap(), theirs["data"].as_array().unwrap());
    if ours.len() != theirs.len() {
        return Err(format!("output {name}: expected {} values, found {}", theirs.len(), ours.len()));
    }
    match ours.iter().zip(theirs).position(|(ours, theirs)| !agree(ours, theirs, exact, single)) {
        None => Ok(()),
        Some(at) => Err(format!("output {name} at {at}: {} is not {}", ours[at], theirs[at])),
    }
}

fn agree(ours: &Value, theirs: &Value, exact: bool, single: bool) -> bool {
    match (ours.as_f64(), theirs.as_f64()) {
        (Some(ours), Some(theirs)) if exact && single => ours as f32 == theirs as f32,
        (Some(ours), Some(theirs)) if exact => ours == theirs,
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(1.0),
        _ => ours == theirs,
    }
}
