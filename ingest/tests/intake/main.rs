//! Events that producers write straight into Kafka, by the client that each of them has.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests, which say aloud that they were skipped")]

mod any_client;
mod broker;
mod from_kcat;
mod from_python;
