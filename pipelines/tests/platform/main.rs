//! The platform as its users meet it. One crate, so that tests which wait do so beside each other; those that stop the
//! servers under everybody, or want the machine for themselves, are crates of their own beside this one.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stdout, reason = "how long a promotion took is printed")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod bad_input;
mod cancelled;
mod configuration;
mod container;
mod dashboard;
mod demo;
mod edge;
mod endings;
mod forms;
mod full_disk;
#[path = "../harness/mod.rs"]
mod harness;
mod inference;
mod latest_values;
mod left_out;
mod parked;
mod partial_roles;
mod payout;
mod poison;
mod privacy;
mod reading;
mod registry;
mod retention;
mod story;
mod supervised;
mod topologies;
mod unreadable;
mod waiting;
mod watching;
