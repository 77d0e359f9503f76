//! Schedules of whatever terms there are, and loans under whatever commands.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../lending/tests/hostile/books.rs"]
mod books;
#[path = "../../lending/tests/hostile/schedules.rs"]
mod schedules;

fuzz_target!(|bytes: &[u8]| schedules::try_out(bytes));
