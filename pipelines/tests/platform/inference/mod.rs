//! The Open Inference Protocol over HTTP: what it answers, what it refuses, and the clients that speak it.

mod answered;
mod forest;
mod from_python;
mod refused;
