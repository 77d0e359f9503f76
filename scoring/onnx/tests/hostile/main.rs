//! Model files that somebody damaged or made to do harm: refused with one line, in bounded memory, and never the end of the
//! process.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod bombs;
mod forge;
mod graphs;
mod mutations;
mod shipped;
mod try_out;
