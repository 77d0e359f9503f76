//! Whether the platform is ready, and waiting until it is.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::StatusCode;

use super::{Weir, answer};

/// A fold that starts behind hundreds of thousands of records has them to go through first.
pub const PATIENCE: Duration = Duration::from_secs(300);

impl Weir {
    pub(super) async fn wait_until_ready(&self, log: &Path) {
        let began = Instant::now();
        while !self.is_ready().await {
            if let Some(status) = self.ended() {
                panic!("weir ended with {status}: {}", std::fs::read_to_string(log).unwrap_or_default());
            }
            if began.elapsed() > PATIENCE {
                let told = answer(self.http.get(format!("{}/readyz", self.base))).await;
                panic!("weir is not ready after {PATIENCE:?}: {told:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn is_ready(&self) -> bool {
        let asked = self.http.get(format!("{}/readyz", self.base)).send().await;
        asked.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }
}
