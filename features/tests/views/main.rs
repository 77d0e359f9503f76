//! Feature views held to figures of others, to a plain reading of the events, and to themselves: live, in replay, over
//! several partitions, and after an edit.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod edited;
mod guide;
mod live;
mod oracle;
mod recording;
mod reference;
mod shipped;
mod shuffled;
