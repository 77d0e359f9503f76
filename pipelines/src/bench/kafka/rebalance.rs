//! One instance more: how long until it has taken up the state of the partitions that it is given.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use weir_features::FeatureViews;
use weir_ingest::log::kafka::group::Group;
use weir_messages::Topic;

use super::throughput::{Progress, Watched, saved};
use super::{Installation, PARTITIONS};
use crate::bench::failed;
use crate::bench::made_up::acquainted;
use crate::demo::DemoError;

const APPEND: u64 = 5_000;
const PATIENCE: Duration = Duration::from_secs(300);

/// From the start of the second instance to its last partition at work, with the state of so many `customers` shared
/// between two.
pub(super) async fn measure(
    at: &Installation,
    views: Arc<FeatureViews>,
    objects: &Path,
    customers: u64,
) -> Result<Duration, DemoError> {
    for number in (0..customers).step_by(usize::try_from(APPEND).unwrap_or(usize::MAX)) {
        let some = (number..(number + APPEND).min(customers)).flat_map(acquainted).collect();
        at.around.log.append(Topic::Events, some).await.map_err(failed)?;
    }
    let mut ends = Vec::new();
    for partition in 0..PARTITIONS {
        ends.push(at.around.log.end(Topic::Events, partition).await.map_err(failed)?);
    }
    let (first, second) = (Arc::<Mutex<Progress>>::default(), Arc::<Mutex<Progress>>::default());
    let start = |name: &str, progress: &Arc<Mutex<Progress>>| {
        let folds = at.folds(&at.state.join(name)).customers(&views);
        let member = Box::new(Watched { folds, progress: Arc::clone(progress) });
        Group::new(&at.settings, Topic::Events, "customers").join(member).map_err(failed)
    };
    let one = start("one", &first)?;
    wait("the first instance folds", || saved(&first) >= ends.iter().sum()).await?;
    wait("the first instance's snapshots", || (0..PARTITIONS).zip(&ends).all(|(n, end)| is_put(objects, n, *end)))
        .await?;
    let began = Instant::now();
    let two = start("two", &second)?;
    let held = || second.lock().expect("no holder panics").saved.len();
    wait("the second instance is given its partitions", || held() >= usize::from(PARTITIONS / 2)).await?;
    let took = began.elapsed();
    tokio::task::spawn_blocking(move || drop((one, two))).await.map_err(failed)?;
    Ok(took)
}

async fn wait(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), DemoError> {
    let began = Instant::now();
    while !holds() {
        if began.elapsed() > PATIENCE {
            return Err(DemoError::Start(format!("{what}: not within {PATIENCE:?}")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Whether the state of a partition up to `end` lies in the object store. Between name and number is the set of stages.
fn is_put(objects: &Path, partition: u16, end: u64) -> bool {
    let sets = std::fs::read_dir(objects.join("state/customers")).into_iter().flatten().flatten();
    let snapshot = format!("{partition}/{end:020}.snapshot");
    sets.map(|set| set.path().join(&snapshot)).any(|path| path.is_file())
}
