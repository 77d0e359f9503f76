//! Feature views held to figures of others, to a plain reading of the events, and to themselves: live, in replay, over
//! several partitions, and after an edit.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../../../fuzz/blocks.rs"]
mod blocks;
mod edited;
mod guide;
mod hostile;
mod live;
mod oracle;
mod recording;
mod reference;
#[path = "../../../fuzz/seeds.rs"]
mod seeds;
mod shipped;
mod shuffled;
mod try_out;
