//! Events that producers write straight into Kafka, by the client that each of them has.

#![allow(clippy::unwrap_used, reason = "tests")]

mod any_client;
mod broker;
mod from_kcat;
mod from_python;
