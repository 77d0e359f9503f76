//! Cells of one graph each, with what ONNX Runtime answered: the standard operators by type over their edges
//! (`corpus/edges`), and what was reported of other runtimes (`corpus/reported.jsonl`). Every one answers the same or is
//! refused by name; where ONNX Runtime has no answer there is none.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use weir_onnx::{Scorer, score_json};

use crate::comparison::{Closeness, compare};

/// Cells that are refused, by the start of their names, each with the part of the reason that says why.
const REFUSED: [(&str, &str); 13] = [
    // There ONNX Runtime 1.32 copies the first text of each row and leaves the others empty.
    ("Gather_s_given", "texts of several values each"),
    ("Gather_s_matrix", "texts of several values each"),
    ("Gather_s_none", "texts of several values each"),
    ("Gather_s_rows", "texts of several values each"),
    ("LayerNormalization_f_some", "the squares of a row are beyond float32"),
    ("Pad_b", "Pad: an input of Bool is not supported"),
    // A slice that ends before it begins.
    ("Slice_b_none", "the_Slice"),
    ("Slice_d_none", "the_Slice"),
    ("Slice_f_none", "the_Slice"),
    ("Slice_i_none", "the_Slice"),
    ("Slice_l_none", "the_Slice"),
    ("Slice_s_none", "the_Slice"),
    ("Tile_s", "Tile: an input of String is not supported"),
];

fn corpus(name: &str) -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/corpus").join(name)
}

fn difference(line: &str, cell: &Value) -> Result<(), String> {
    let graph = BASE64_STANDARD.decode(cell["graph"].as_str().unwrap()).unwrap();
    let answer = score_json(&graph, line.as_bytes()).map_err(|error| error.to_string());
    let Some(expected) = cell["outputs"].as_array() else {
        return match answer {
            Err(reason) if !reason.contains('\n') && !reason.contains("gave up") => Ok(()),
            Err(reason) => Err(format!("says {reason}")),
            Ok(answer) => Err(format!("answers {answer}, where ONNX Runtime has no answer")),
        };
    };
    let answer: Value = serde_json::from_str(&answer?).unwrap();
    let ours = answer["outputs"].as_array().unwrap();
    assert_eq!(ours.len(), expected.len());
    let reduced = cell["name"].as_str().unwrap().starts_with("Reduce");
    let inputs = cell["inputs"][0]["data"].as_array().unwrap().iter();
    let largest = inputs.filter_map(Value::as_f64).map(f64::abs).fold(0.0, f64::max);
    let closeness = match cell["exact"].as_bool() {
        Some(true) => Closeness::Exact,
        _ if reduced => Closeness::Reduced { largest },
        _ => Closeness::NearWithTails,
    };
    ours.iter().zip(expected).try_for_each(|(ours, expected)| compare(ours, expected, closeness))
}

/// How many cells the file holds, and those that differ.
fn differences(file: &Path) -> (usize, Vec<String>) {
    let (mut cells, mut wrong) = (0, Vec::new());
    for line in fs::read_to_string(file).unwrap().lines() {
        let cell: Value = serde_json::from_str(line).unwrap();
        let name = cell["name"].as_str().unwrap();
        let found = difference(line, &cell);
        cells += 1;
        match REFUSED.iter().find(|(refused, _)| name.starts_with(refused)) {
            None => wrong.extend(found.err().map(|reason| format!("{name}: {reason}"))),
            Some((_, part)) => assert!(found.as_ref().is_err_and(|reason| reason.contains(part)), "{name}: {found:?}"),
        }
    }
    (cells, wrong)
}

#[test]
fn every_operator_of_every_type_answers_as_onnx_runtime_does_at_its_edges() {
    let files = fs::read_dir(corpus("edges")).unwrap().map(|file| differences(&file.unwrap().path()));
    let (cells, wrong): (Vec<usize>, Vec<Vec<String>>) = files.unzip();
    let (cells, mut wrong) = (cells.iter().sum::<usize>(), wrong.concat());
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {cells} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cells > 1_300, "{cells} cells");
}

#[test]
fn what_was_reported_of_other_runtimes_is_right_here() {
    let (cells, wrong) = differences(&corpus("reported.jsonl"));
    assert!(wrong.is_empty() && cells == 57, "{} of {cells} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A graph among those that were reported.
fn reported(name: &str) -> Scorer {
    let cells = fs::read_to_string(corpus("reported.jsonl")).unwrap();
    let line = cells.lines().find(|line| line.contains(&format!("\"name\":\"reported_{name}\""))).unwrap();
    let cell: Value = serde_json::from_str(line).unwrap();
    Scorer::load(&BASE64_STANDARD.decode(cell["graph"].as_str().unwrap()).unwrap()).unwrap()
}

/// Its answer is kept, and whoever checks the model is told.
#[test]
fn what_onnx_runtime_gets_wrong_in_a_graph_is_known() {
    for (name, fault) in [
        (
            "12_with_bias",
            "with two base values ONNX Runtime makes the score of the second class of the votes for the first",
        ),
        ("17_two_leaves", "gives the second label where the sum of the leaves is above 0.5"),
    ] {
        let faults = reported(name).known_faults().join("; ");
        assert!(faults.contains(fault), "{name}: {faults}");
    }
    for name in ["12_without_bias", "18_zero_cover", "22_logistic", "30_forest"] {
        assert_eq!(reported(name).known_faults(), [""; 0], "{name}");
    }
}

/// Where a graph is not compiled its single numbers are what an input may meet.
#[test]
fn the_numbers_of_a_graph_are_tried_with_one_unit_beside() {
    let clip = reported("03_clip");
    assert!(!clip.is_compiled());
    let tried: Vec<f32> = clip.thresholds().into_iter().map(|(_, value)| value).collect();
    let beside = |tried: &[f32]| tried[1] - tried[0] == 1.0 && tried[2] - tried[1] == 1.0;
    assert!(tried.len() == 6 && tried.chunks(3).all(beside), "{tried:?}");
}
