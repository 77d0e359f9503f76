//! One process on a log of its own: one fold with all stages, on a thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;
use weir_features::FeatureStage;
use weir_messages::Topic;
use weir_scoring::CurrentLineup;

use super::StartError;
use crate::content::Content;
use crate::decisions::Delivery;
use crate::fold::chain::{Admitting, Deciding, WholeChain};
use crate::fold::{Fold, FoldError, Opening, Surroundings};
use crate::http::App;

#[derive(Debug)]
pub(super) struct Running {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Option<Result<(), FoldError>>>,
    delivery: tokio::task::JoinHandle<()>,
}

/// Opens the fold whose state is in `folder`.
pub(super) async fn open(
    around: &Surroundings,
    content: &Content,
    lineup: &Arc<CurrentLineup>,
    folder: PathBuf,
) -> Result<Fold, StartError> {
    let chain = WholeChain {
        admitting: Admitting::new(around.log.partitions(Topic::Events), around.repeats),
        features: FeatureStage::new(Arc::clone(&content.views)),
        deciding: Deciding::new(lineup),
    };
    let opening = Opening { name: "whole", number: 0, chain: Box::new(chain), folder, committed: None };
    let fold = Fold::open(around.clone(), opening).await?;
    around.vitals.folded(fold.reads_from(), None);
    around.vitals.appended(around.log.end(Topic::Events, 0).await?);
    Ok(fold)
}

impl Running {
    pub(super) async fn start(fold: Fold, around: &Surroundings, app: &App) -> Result<Self, StartError> {
        let (stop, tasks, runtime) = (Arc::new(AtomicBool::new(false)), around.tasks.clone(), Handle::current());
        let stopped = Arc::clone(&stop);
        let run = move || tasks.run("fold", || fold.run(&runtime, &stopped));
        let thread = std::thread::Builder::new().name("fold".to_owned()).spawn(run);
        let thread = thread.expect("a process can start a thread at its start");
        let desk = app.desk.as_ref().expect("the only process runs every role");
        let delivery = Delivery::open(desk.lending.clone(), &*around.log, 0).await?;
        let delivery = tokio::spawn(around.tasks.watch("decision-delivery", delivery.run(Arc::clone(&around.log))));
        Ok(Self { stop, thread, delivery })
    }

    /// Finishes the batch at hand, and saves. Of a fold that has panicked its task has told.
    pub(super) async fn close(self) -> Result<(), FoldError> {
        self.stop.store(true, Ordering::Relaxed);
        let fold = tokio::task::spawn_blocking(move || self.thread.join()).await;
        self.delivery.abort();
        fold.expect("joining does not panic").ok().flatten().unwrap_or(Ok(()))
    }
}
