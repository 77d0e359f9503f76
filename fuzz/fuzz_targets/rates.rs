//! Rates of whatever flows of money there are.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../lending/tests/hostile/rates.rs"]
mod rates;

fuzz_target!(|bytes: &[u8]| rates::try_out(bytes));
