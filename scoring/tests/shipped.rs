//! The packages that ship, and were made by the scripts beside them: each passes the gate and is compiled.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::path::{Path, PathBuf};

use weir_scoring::model::{Model, Package, Scorer};

/// More in one file is no package to ship.
const MOST_BYTES: usize = 1_500_000;

fn shipped() -> Vec<PathBuf> {
    let models = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../models");
    let folders = std::fs::read_dir(models).unwrap().map(|entry| entry.unwrap().path());
    let packages: Vec<PathBuf> = folders.filter(|folder| folder.join("model.toml").is_file()).collect();
    assert!(packages.len() >= 6, "{packages:?}");
    packages
}

#[test]
fn every_package_passes_the_gate_and_is_called_like_its_folder() {
    for folder in shipped() {
        let package = Package::load(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert_eq!(folder.file_name().unwrap(), package.manifest().name.as_str());
        assert!(package.report().rows >= 64, "{}", folder.display());
    }
}

#[test]
fn every_graph_is_small_and_compiled() {
    for folder in shipped() {
        let bytes = std::fs::read(folder.join("model.onnx")).unwrap();
        assert!(bytes.len() < MOST_BYTES, "{}", folder.display());
        assert!(Scorer::load(&bytes).unwrap().is_compiled(), "{}", folder.display());
    }
}

#[test]
fn every_package_says_in_a_card_what_it_is_not_for() {
    for folder in shipped() {
        let card = std::fs::read_to_string(folder.join("card.md")).unwrap();
        for said in ["| on | AUC | KS |", "not seen", "**Not inputs.**", "**Use.**", "**Training library.**"] {
            assert!(card.contains(said), "{}: {said}", folder.display());
        }
    }
}
