//! A folder of graphs, each `NAME.onnx` with `NAME.json`: inputs, and the outputs that ONNX Runtime gave for them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_onnx::score_json;

/// Relative to values above one.
const TOLERANCE: f64 = 1e-6;
/// Relative to any value.
const TAIL: f64 = 1e-4;
/// Below it a float32 has lost most of its digits.
const SMALLEST: f64 = 1e-40;

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn of_tests(name: &str) -> Self {
        Self(Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests").join(name))
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
        let closeness = if exact { Closeness::Exact } else { Closeness::Near };
        ours.iter().zip(theirs).try_for_each(|(ours, theirs)| compare(ours, theirs, closeness))
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

/// How near floats must be; all else is compared exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Closeness {
    Exact,
    /// Relative to values above one.
    Near,
    /// What is near zero relative to its own size too, unless ONNX Runtime has lost it.
    NearWithTails,
    /// The same. And integers of values beyond 2^53 as near as float64 is to the largest, as ONNX Runtime adds them up in
    /// float64 and in an order of its own.
    Reduced {
        largest: f64,
    },
}

pub(crate) fn compare(ours: &Value, theirs: &Value, closeness: Closeness) -> Result<(), String> {
    let name = &theirs["name"];
    for field in ["name", "dtype", "shape", "columns"] {
        if ours[field] != theirs[field] {
            return Err(format!("output {name}: {field} {} is not {}", ours[field], theirs[field]));
        }
    }
    let kind = theirs["dtype"].as_str().unwrap();
    let (ours, theirs) = (ours["data"].as_array().unwrap(), theirs["data"].as_array().unwrap());
    if ours.len() != theirs.len() {
        return Err(format!("output {name}: expected {} values, found {}", theirs.len(), ours.len()));
    }
    match ours.iter().zip(theirs).position(|(ours, theirs)| !agree(ours, theirs, closeness, kind)) {
        None => Ok(()),
        Some(at) => Err(format!("output {name} at {at}: {} is not {}", ours[at], theirs[at])),
    }
}

fn agree(ours: &Value, theirs: &Value, closeness: Closeness, kind: &str) -> bool {
    let (Some(a), Some(b)) = (ours.as_f64(), theirs.as_f64()) else { return ours == theirs };
    let rounded = |largest: f64| kind == "int64" && largest > 2.0_f64.powi(53);
    if let Closeness::Reduced { largest } = closeness
        && rounded(largest)
    {
        return (a - b).abs() <= largest * 1e-12;
    } else if kind != "float32" && kind != "float64" {
        return ours == theirs;
    }
    let apart = (a - b).abs();
    let near = apart <= TOLERANCE * b.abs().max(1.0);
    match closeness {
        Closeness::Exact if kind == "float32" => a as f32 == b as f32,
        Closeness::Exact => a == b,
        Closeness::Near => near,
        Closeness::NearWithTails | Closeness::Reduced { .. } => {
            near && (b == 0.0 || apart <= (TAIL * b.abs()).max(SMALLEST))
        }
    }
}
