//! What one event costs the thread that folds it: admission and the customer's views, then the save. No log, no broker.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use weir_features::CustomerStage;
use weir_ingest::RepeatWindow;
use weir_ingest::state::StateStore;

use super::made_up::{placed, telemetry};
use super::{OWN_VIEWS, failed, repeats, views};
use crate::demo::DemoError;
use crate::demo::folder::Folder;
use crate::demo::platform::content_root;
use crate::fold::chain::{Admitting, Chain, CustomerChain};

/// As the fold takes and saves them.
pub(super) const BATCH: usize = 2_048;
pub(super) const SAVE_AFTER: usize = 2;

#[derive(Debug, clap::Args)]
pub(crate) struct Fold {
    /// Events to fold
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    events: u64,
    /// Customers that they are of
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    customers: u64,
    /// Folder for the state; an earlier bench's is replaced
    #[arg(long, value_name = "DIR", default_value = "bench-data")]
    data: PathBuf,
    /// What the events are drawn from
    #[arg(long, default_value_t = 20_260_301)]
    seed: u64,
}

impl Fold {
    pub(super) fn measure(&self) -> Result<String, DemoError> {
        let (folder, root) = (Folder::prepare(&self.data)?, content_root()?);
        let mut chain = CustomerChain {
            admitting: Admitting::new(1, RepeatWindow::default()),
            customers: CustomerStage::new(views(&root, &folder, &OWN_VIEWS)?),
        };
        let store = StateStore::open(&folder.platform().join("state"), &chain.stages().names()).map_err(failed)?;
        chain.stages().restore(&store).map_err(failed)?;
        let mut records = telemetry(self.events, self.customers, self.seed);
        let (mut offset, mut folding, mut saving) = (0, Duration::ZERO, Duration::ZERO);
        for batch in 1.. {
            let records = placed(offset, records.by_ref().take(BATCH));
            let Some(last) = records.last() else { break };
            offset = last.position.offset + 1;
            let began = Instant::now();
            let folded = chain.fold(&records).map_err(failed)?;
            drop(records);
            folding += began.elapsed();
            if !folded.dead_letters.is_empty() {
                return Err(DemoError::Start("a made-up event was refused".to_owned()));
            }
            if batch % SAVE_AFTER == 0 {
                let began = Instant::now();
                store.save(chain.stages().snapshot(), offset).map_err(failed)?;
                saving += began.elapsed();
            }
        }
        let [fold, save] = [folding, saving].map(|took| took.as_secs_f64() * 1e6 / offset as f64);
        let repeats = repeats::measure(&folder.platform(), self.events)?;
        Ok(format!("{offset} events: {fold:.2} us each to fold, {save:.2} us each to save\n{repeats}"))
    }
}
