//! Where log lines go: standard error, as JSON for machines or text for people. Lines hold ids and trace ids, never
//! personal data: the types that carry it cannot print themselves.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Logging;

/// Installs the subscriber, once in a process.
pub(crate) fn start(logging: &Logging) {
    // It was read when the configuration was.
    let filter = EnvFilter::new(&logging.filter);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _installed = if logging.json {
        lines.json().flatten_event(true).finish().try_init()
    } else {
        lines.compact().finish().try_init()
    };
}
