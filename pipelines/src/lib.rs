//! The weir binary: configuration, the loop, the HTTP server and the demo.
