//! Benches over the whole platform, started as the demo starts it, and over models alone: figures beside the limits they
//! are stated against.
//! Never a test: a figure that misses its limit is printed like any other.

mod collector;
mod decisions;
mod fold;
mod inference;
mod kafka;
pub(crate) mod made_up;
mod models;
mod repeats;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use weir_features::FeatureViews;

use crate::cli::{CliError, print};
use crate::content::event_sources;
use crate::demo::folder::Folder;
use crate::demo::{DemoError, Servers};
use crate::signals::Signals;

/// Views that live with the customer.
const OWN_VIEWS: [&str; 3] = ["taps", "form_rhythm", "device_trust"];

/// What can be measured.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// Durable events a second, from several connections at once
    Collector(collector::Collector),
    /// Decision latency at a steady rate, beside one fdatasync of the same disk
    Decisions(decisions::Decisions),
    /// What folding an event costs one thread, without log or broker
    Fold(fold::Fold),
    /// Calls of the Open Inference Protocol: one row and a batch, in JSON and in binary form
    Inference(inference::Inference),
    /// Events a second into durable state, and the way of an application over the topics, on a broker
    Kafka(kafka::Kafka),
    /// One row and a batch through a model's graph
    Models(models::Models),
}

/// What every bench takes.
#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Folder for the platform's data, on the disk to measure; an earlier bench's is replaced
    #[arg(long, value_name = "DIR", default_value = "bench-data")]
    data: PathBuf,
    /// What everything made up is drawn from
    #[arg(long, default_value_t = 20_260_301)]
    seed: u64,
    #[command(flatten)]
    servers: Servers,
}

impl Bench {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        // One thread: what drives the platform leaves it the other core.
        let mut runtime = match self {
            Self::Collector(_) | Self::Decisions(_) | Self::Fold(_) | Self::Inference(_) | Self::Models(_) => {
                tokio::runtime::Builder::new_current_thread()
            }
            Self::Kafka(_) => tokio::runtime::Builder::new_multi_thread(),
        };
        let runtime = runtime.enable_all().build().map_err(|error| CliError::failed(&error))?;
        let measured = runtime.block_on(async {
            let mut signals = Signals::listen();
            let measuring = async {
                match self {
                    Self::Collector(collector) => collector.measure().await,
                    Self::Decisions(decisions) => decisions.measure().await,
                    Self::Fold(fold) => fold.measure(),
                    Self::Inference(inference) => inference.measure().await,
                    Self::Kafka(kafka) => kafka.measure().await,
                    Self::Models(models) => models.measure(),
                }
            };
            tokio::select! {
                measured = measuring => measured,
                () = signals.next() => Err(DemoError::Interrupted),
            }
        })?;
        print(&measured)
    }
}

fn failed(error: impl std::error::Error) -> DemoError {
    DemoError::Start(weir_messages::Causes(&error).to_string())
}

/// Some of the shipped views.
fn views(root: &Path, folder: &Folder, names: &[&str]) -> Result<Arc<FeatureViews>, DemoError> {
    let some = folder.platform().join(format!("{}-views", names.len()));
    std::fs::create_dir_all(&some).map_err(DemoError::file(&some))?;
    for name in names {
        let from = root.join("features/views").join(format!("{name}.toml"));
        std::fs::copy(&from, some.join(format!("{name}.toml"))).map_err(DemoError::file(&from))?;
    }
    let sources = event_sources(&root.join("lending/products")).map_err(failed)?;
    Ok(Arc::new(FeatureViews::load(&some, &sources).map_err(failed)?))
}
