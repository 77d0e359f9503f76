//! Loads whatever bytes there are as a model, and calls what is loaded.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../scoring/onnx/tests/hostile/try_out.rs"]
mod try_out;

fuzz_target!(
    // A panic of the runtime that is caught is a refusal; one that is not ends the process without this hook too.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| try_out::try_out(bytes)
);
