//! SIGINT and SIGTERM as an order to end. None is missed from when they are first listened for.

use tokio::signal::unix::{Signal, SignalKind, signal};

#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on neither ends the process by itself.
    pub(crate) fn listen() -> Self {
        Self {
            terminate: signal(SignalKind::terminate()).expect("a handler for SIGTERM can be installed"),
            interrupt: signal(SignalKind::interrupt()).expect("a handler for SIGINT can be installed"),
        }
    }

    /// The next of either, also where it came before it was waited for.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
