//! Model files that somebody damaged or made to do harm: refused with one line, in bounded memory, and never the end of the
//! process.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod bodies;
mod bombs;
mod forge;
mod graphs;
mod mutations;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod shipped;
mod try_out;

#[test]
fn no_seed_of_models_breaks_a_promise() {
    seeds::each("models", try_out::try_out);
}

/// Bytes, by Linux.
fn memory_of_machine() -> usize {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1_024
}
