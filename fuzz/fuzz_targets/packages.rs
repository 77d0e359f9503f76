//! Whatever files there are of a model package and a policy, in the place of shipped ones.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../blocks.rs"]
mod blocks;
#[path = "../../scoring/tests/hostile/packages.rs"]
mod packages;

static SHIPPED: LazyLock<packages::Shipped> =
    LazyLock::new(|| packages::Shipped::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")));

fuzz_target!(|bytes: &[u8]| packages::try_out(&SHIPPED, bytes));
