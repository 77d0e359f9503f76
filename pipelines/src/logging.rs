//! Where log lines go: standard error, as JSON for machines or text for people. Lines hold ids and trace ids, never
//! personal data: the types that carry it cannot print themselves.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Logging;

/// Installs the subscriber. An unreadable filter falls back to `info` and says so.
pub(crate) fn start(logging: &Logging) {
    let (filter, unreadable) = match EnvFilter::try_new(&logging.filter) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = if logging.json {
        lines.json().flatten_event(true).finish().try_init()
    } else {
        lines.compact().finish().try_init()
    };
    if installed.is_ok()
        && let Some(error) = unreadable
    {
        tracing::warn!(%error, "log.filter is unreadable, using info");
    }
}
