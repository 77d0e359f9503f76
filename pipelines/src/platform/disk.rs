//! Watches the room on the disk of the data folder, so that work is refused before writes fail.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::health::Health;
use crate::http::App;
use crate::vitals::Vitals;

const LOOK_EVERY: Duration = Duration::from_millis(500);
const CHECK: &str = "disk";

pub(super) struct DiskWatch {
    folder: PathBuf,
    /// Below it telemetry and applications are refused, in bytes.
    least: u64,
    vitals: Arc<Vitals>,
}

impl DiskWatch {
    pub(super) fn of(config: &Config, app: &App) -> Self {
        let least = config.limits.min_free_mebibytes << 20;
        Self { folder: config.data.clone(), least, vitals: Arc::clone(&app.vitals) }
    }

    pub(super) async fn run(self) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            self.look();
        }
    }

    /// One call of the system, of microseconds.
    fn look(&self) {
        let health = match nix::sys::statvfs::statvfs(&self.folder) {
            Ok(disk) => self.health(disk.blocks_available().saturating_mul(disk.fragment_size())),
            Err(error) => Health::Degraded(format!("the room on the disk is not known: {error}")),
        };
        self.vitals.report(CHECK, health);
    }

    fn health(&self, free: u64) -> Health {
        #[allow(clippy::cast_precision_loss, reason = "a size on a chart")]
        metrics::gauge!("weir_disk_free_bytes").set(free as f64);
        self.vitals.disk_has_room(free >= self.least);
        if free >= self.least {
            return Health::Ok;
        }
        let (free, least) = (free >> 20, self.least >> 20);
        Health::Failing(format!("expected at least {least} MiB free (limits.min_free_mebibytes), found {free}"))
    }
}
