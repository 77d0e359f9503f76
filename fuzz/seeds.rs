//! The committed corpus of a fuzz target, for the tests that put it through the same functions on every build.

#![allow(clippy::print_stdout, reason = "where an input ends the test, its name is the last on the terminal")]

use std::path::PathBuf;

/// Every file of `fuzz/corpus/TARGET`, in order of their names, which stand on the terminal where one ends the test.
#[allow(clippy::print_stdout, reason = "only tests call it")]
pub(crate) fn each(target: &str, mut try_out: impl FnMut(&[u8])) {
    let crate_folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo runs tests"));
    let mut folders = crate_folder.ancestors().map(|folder| folder.join("fuzz/corpus").join(target));
    let folder = folders.find(|folder| folder.is_dir()).expect("the corpus lies at the root of the repository");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("it is a folder").map(|file| file.expect("it can be read").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        println!("{}", file.display());
        try_out(&std::fs::read(&file).expect("it can be read"));
    }
}
