//! Packages and policies that nobody meant: the committed corpus of the fuzz target `packages`, which goes through the
//! same function.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../../../fuzz/blocks.rs"]
mod blocks;
mod packages;
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

use std::path::Path;

#[test]
fn no_seed_of_packages_breaks_a_promise() {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("..");
    let shipped = packages::Shipped::read(&root);
    seeds::each("packages", |bytes| packages::try_out(&shipped, bytes));
}
