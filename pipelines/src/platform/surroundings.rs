//! What every fold of a process shares, from one configuration.

use std::sync::Arc;
use std::time::Duration;

use weir_ingest::dead_letters::Seals;
use weir_ingest::log::kafka::KafkaLog;
use weir_ingest::log::{EmbeddedLog, EventLog};
use weir_ingest::state::{ObjectsSettings, SnapshotError, Snapshots};
use weir_lending::store::Database;
use weir_lending::vault::CustomerKeys;
use weir_messages::privacy::Keyring;

use super::{Role, Roles, StartError, Supervision};
use crate::config::{Config, ConfigError};
use crate::fold::Surroundings;
use crate::log::{LendingKeys, WatchedLog};

/// What folds share, and the log where it is embedded.
pub(super) async fn open(
    config: &Config,
    roles: &Roles,
    keyring: &Arc<Keyring>,
    supervision: &Supervision,
) -> Result<(Surroundings, Option<Arc<EmbeddedLog>>), StartError> {
    std::fs::create_dir_all(&config.data).map_err(|source| StartError::Folder { path: config.data.clone(), source })?;
    let Supervision { tasks, vitals, fail_point } = supervision.clone();
    let save_every = Duration::from_millis(config.limits.save_every_ms);
    let open = |objects: &ObjectsSettings| {
        Ok::<_, SnapshotError>((Snapshots::open(objects)?, Duration::from_secs(objects.every_seconds)))
    };
    let snapshots = config.objects.as_ref().map(open).transpose()?;
    let seals = seals(config, roles, keyring)?;
    let (repeats, part_wait_seconds) = (config.limits.repeat_window()?, config.limits.part_wait_seconds);
    // At last: a log that is closed again, since something else was refused, would be told as a task that ended.
    let embedded = match &config.kafka {
        Some(_) => None,
        None if roles.are_all() => Some(Arc::new(EmbeddedLog::open_watched(&config.data.join("log"), &tasks)?)),
        None => return Err(StartError::Roles),
    };
    let log: Arc<dyn EventLog> = match (&config.kafka, &embedded) {
        (Some(settings), _) => Arc::new(KafkaLog::open(settings).await?),
        (None, Some(log)) => Arc::clone(log) as Arc<dyn EventLog>,
        (None, None) => unreachable!("without Kafka the log is embedded"),
    };
    let partitioned = config.kafka.is_some();
    let log: Arc<dyn EventLog> =
        Arc::new(WatchedLog { log, partitioned, vitals: Arc::clone(&vitals), fail_point: Arc::clone(&fail_point) });
    let around = Surroundings {
        log,
        seals,
        save_every,
        rebuild_from_kept: config.limits.rebuild_from_kept,
        repeats,
        part_wait_seconds,
        snapshots,
        online: None,
        watching: None,
        vitals,
        tasks,
        fail_point,
    };
    Ok((around, embedded))
}

/// What seals dead letters, with customers' keys where this process can know them: a file is another process's own.
fn seals(config: &Config, roles: &Roles, keyring: &Arc<Keyring>) -> Result<Seals, ConfigError> {
    let (database, seals) = (config.database.database(&config.data)?, Seals::new(Arc::clone(keyring)));
    if matches!(database, Database::Sqlite(_)) && !roles.run(Role::Lending) {
        tracing::warn!(
            "database.url names no server: dead letters of this process are not sealed under their customers' keys, \
             and stay readable after an erasure for as long as weir.dead-letters keeps them"
        );
        return Ok(seals);
    }
    Ok(seals.with_customers(Arc::new(LendingKeys(CustomerKeys::new(&database, Arc::clone(keyring))))))
}
