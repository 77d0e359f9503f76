//! Loads whatever bytes there are and calls what is loaded.
//! `cargo +nightly fuzz run load corpus ../tests/corpus/models -- -rss_limit_mb=3000 -timeout=10`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/hostile/try_out.rs"]
mod try_out;

fuzz_target!(|bytes: &[u8]| try_out::try_out(bytes));
