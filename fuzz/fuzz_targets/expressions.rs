//! Whatever text there is as an expression, over rows of edges.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../features/expr/tests/meaning/try_out.rs"]
mod try_out;

fuzz_target!(|bytes: &[u8]| try_out::try_out(bytes));
