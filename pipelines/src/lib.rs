//! The `weir` binary's parts: configuration, the fold over the log, the HTTP server, the command line and the demo.
//! The only crate that knows all the others.

mod asyncapi;
mod bench;
pub mod cli;
pub mod config;
mod content;
mod decisions;
pub mod demo;
mod descriptors;
mod discrimination;
mod engines;
mod failpoint;
mod fold;
mod health;
pub mod http;
mod lending_health;
mod lineup;
mod log;
mod logging;
mod meters;
mod model_report;
mod page;
mod platform;
mod progress;
mod signals;
pub mod simulator;
mod vitals;
mod watching;

pub use content::{ContentError, event_sources};
pub use failpoint::{PLACES as FAIL_POINTS, TASKS, TASKS_ON_SERVERS};
