//! The log on a broker: the contract, and what only a log that others share has to do.

use std::path::Path;
use std::sync::Arc;

use super::test_broker::{PARTITIONS, fresh};
use super::*;
use crate::log::contract;

#[tokio::test(flavor = "multi_thread")]
async fn the_kafka_log_keeps_the_contract() {
    let Some(settings) = fresh("the_kafka_log_keeps_the_contract") else { return };
    // A folder's own topics: opened again, they are found again.
    let of_folder = |folder: &Path| {
        let name = folder.file_name().unwrap().to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "");
        KafkaSettings { prefix: format!("{}{name}.", settings.prefix), ..settings.clone() }
    };
    contract::all(async |folder: &Path| {
        let settings = of_folder(folder);
        topics::apply(&settings, PARTITIONS).await?;
        Ok(Arc::new(KafkaLog::open(&settings).await?) as Arc<dyn EventLog>)
    })
    .await;
}
