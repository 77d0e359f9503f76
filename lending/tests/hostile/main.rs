//! Rates, schedules, loans and stored events from bytes that nobody meant: the committed corpora of the fuzz targets,
//! which go through the same functions.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../../../fuzz/blocks.rs"]
mod blocks;
mod books;
mod rates;
mod records;
mod schedules;
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[test]
fn no_seed_of_rates_breaks_a_promise() {
    seeds::each("rates", rates::try_out);
}

#[test]
fn no_seed_of_schedules_breaks_a_promise() {
    seeds::each("schedules", schedules::try_out);
}

#[test]
fn no_seed_of_records_breaks_a_promise() {
    seeds::each("records", records::try_out);
}
