//! The Open Inference Protocol over HTTP: what it answers, what it refuses, and the clients that speak it.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod answered;
mod forest;
mod from_python;
#[path = "../harness/mod.rs"]
mod harness;
mod refused;
