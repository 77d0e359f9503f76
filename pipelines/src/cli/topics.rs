//! The topics on Kafka: what would have to be done, and doing it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use weir_ingest::log::kafka::KafkaSettings;
use weir_ingest::log::kafka::topics::{self, Planned, Step};
use weir_messages::Causes;

use super::{CliError, ConfigFile, print};
use crate::config::Config;
use crate::content::Content;
use crate::fold::topic_retention;

/// Topics on Kafka, as `[kafka]` in the configuration names the brokers.
#[derive(Debug, Subcommand)]
pub(crate) enum Topics {
    /// Say what would have to be done
    Plan(Wanted),
    /// Create what is missing and adjust settings; partition counts are never changed
    Apply(Wanted),
}

#[derive(Debug, Args)]
pub(crate) struct Wanted {
    #[command(flatten)]
    config: ConfigFile,
    /// Partitions of the events, a power of two up to 1,024. It cannot be changed later: take what the largest
    /// installation will need
    #[arg(long, value_name = "N", default_value_t = 4)]
    partitions: u16,
}

impl Wanted {
    /// Refused where state could not be made again from what the topics keep.
    fn kafka(&self) -> Result<KafkaSettings, CliError> {
        let config = Config::load(&self.config.config).map_err(CliError::input)?;
        let content = Content::load(&config.content).map_err(|error| CliError::input(Causes(&error)))?;
        topic_retention::check(&config, &content).map_err(CliError::input)?;
        config.kafka.ok_or_else(|| CliError::input("kafka: expected the brokers in the configuration, found none"))
    }
}

impl Topics {
    /// Fails where a topic stays as it should not be.
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| CliError::failed(&error))?;
        let planned = match self {
            Self::Plan(wanted) => runtime.block_on(topics::plan(&wanted.kafka()?, wanted.partitions)),
            Self::Apply(wanted) => runtime.block_on(topics::apply(&wanted.kafka()?, wanted.partitions)),
        };
        let planned = planned.map_err(|error| CliError::failed(&error))?;
        let lines: Vec<String> = planned.iter().map(Planned::to_string).collect();
        print(&lines.join("\n"))?;
        let refused = planned.iter().any(|topic| matches!(topic.step, Step::WrongPartitions { .. }));
        Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
