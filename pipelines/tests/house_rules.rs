//! The rules of the house that no lint can hold: which crate may know which, that every file says what it is, and that
//! long files only ever get shorter.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

/// Past this a file probably has a second subject.
const FILE_LIMIT: usize = 300;

/// Files that are longer today. A number may shrink and never grow; a file that fits the limit leaves the list.
const LONG_FILES: &[(&str, usize)] = &[];

/// What each crate may depend on, of ours. `ingest`, `features`, `scoring` and `lending` never know each other.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("weir-messages", &[]),
    ("weir-expr", &[]),
    ("weir-money", &[]),
    ("weir-ingest", &["weir-messages"]),
    ("weir-features", &["weir-messages", "weir-expr"]),
    ("weir-onnx", &[]),
    ("weir-scoring", &["weir-messages", "weir-expr", "weir-onnx"]),
    ("weir-bench-onnxruntime", &["weir-scoring"]),
    ("weir-lending", &["weir-messages", "weir-money"]),
    (
        "weir-pipelines",
        &["weir-messages", "weir-expr", "weir-money", "weir-ingest", "weir-features", "weir-scoring", "weir-lending"],
    ),
];

/// Each heavy library sits behind one crate, so that a change to a loan never rebuilds DataFusion.
const ONE_OWNER: &[(&str, &[&str])] = &[
    ("fjall", &["weir-ingest"]),
    ("rdkafka", &["weir-ingest"]),
    ("object_store", &["weir-ingest"]),
    ("redis", &["weir-features"]),
    ("sqlx", &["weir-lending"]),
    ("aws-lc-rs", &["weir-scoring"]),
    ("serde-saphyr", &["weir-scoring"]),
    ("statrs", &["weir-scoring"]),
    ("tract-onnx", &["weir-onnx"]),
    ("ort", &["weir-bench-onnxruntime"]),
    ("datafusion-expr", &["weir-expr"]),
    ("sqlparser", &["weir-expr"]),
    ("datafusion-physical-expr", &["weir-expr"]),
    ("axum", &["weir-pipelines"]),
];

fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .expect("pipelines lies in the workspace")
        .to_owned()
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    metadata
        .packages
        .iter()
        .map(|package| {
            let names = package.dependencies.iter().filter(|d| d.kind == cargo_metadata::DependencyKind::Normal);
            (package.name.to_string(), names.map(|d| d.name.clone()).collect())
        })
        .collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    assert!(files.len() > 50, "the walk found the sources");
    files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn crates_depend_only_in_the_direction_of_the_design() {
    let dependencies = dependencies();
    assert_eq!(dependencies.len(), MAY_KNOW.len(), "every crate has a line in MAY_KNOW");
    for (name, allowed) in MAY_KNOW {
        let ours = dependencies[*name].iter().filter(|dependency| dependency.starts_with("weir-"));
        for dependency in ours {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not know {dependency}");
        }
    }
}

#[test]
fn a_heavy_library_sits_behind_one_crate() {
    let dependencies = dependencies();
    for (library, owners) in ONE_OWNER {
        for (name, used) in &dependencies {
            assert!(!used.contains(*library) || owners.contains(&name.as_str()), "{name} must not use {library}");
        }
    }
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    for (name, text) in sources() {
        assert!(text.starts_with("//! "), "{name} has no module docs");
    }
}

#[test]
fn no_file_grows_past_the_limit() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        let limit = LONG_FILES.iter().find(|(file, _)| *file == name).map_or(FILE_LIMIT, |(_, lines)| *lines);
        assert!(lines <= limit, "{name} has {lines} lines, limit {limit}: what is its second subject?");
    }
    for (name, lines) in LONG_FILES {
        let text = std::fs::read_to_string(root().join(name)).unwrap_or_default();
        assert!(text.lines().count() > FILE_LIMIT && *lines > FILE_LIMIT, "{name} fits now: take it off the list");
    }
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    const EMPTY: &[&str] = &[
        "manager",
        "handler",
        "handlers",
        "processor",
        "service",
        "helper",
        "helpers",
        "util",
        "utils",
        "common",
        "types",
        "data",
        "info",
    ];
    for (name, _) in sources() {
        let stem = Path::new(&name).file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!EMPTY.contains(&stem.as_str()), "{name}: say what it is");
    }
}
