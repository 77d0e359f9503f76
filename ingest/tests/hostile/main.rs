//! Requests and records that nobody meant: the committed corpora of the fuzz targets, which go through the same
//! functions.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../../../fuzz/blocks.rs"]
mod blocks;
mod collector;
mod memory_log;
mod records;
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[test]
fn no_seed_of_the_collector_breaks_a_promise() {
    seeds::each("collector", |bytes| collector::try_out(&blocks::Block::read(bytes)));
}

#[test]
fn no_seed_of_records_breaks_a_promise() {
    seeds::each("records", records::try_out);
}
