//! Bytes in, typed, tokenised, ordered events out: the log, the collector before it, and the first stage behind it.

pub mod admission;
#[cfg(test)]
mod bench;
pub mod collector;
mod database;
pub mod dead_letters;
mod event_key;
pub mod intake;
pub mod log;
mod refusal;
mod repeat_window;
pub mod secret;
pub mod state;

pub use repeat_window::RepeatWindow;
