//! `weir models report`: how the models on record decided, whether what came to them is what they were made on, and, with a
//! file of labels, what became of those whom they scored. Read from the log alone, so it needs no running platform.

mod calibration;
mod charts;
mod figures;
mod labels;
mod packages;
mod page;
mod records;
mod tally;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use weir_ingest::log::{EmbeddedLog, EventLog, KafkaLog, LogError};
use weir_messages::{Causes, EventTime};
use weir_scoring::model_of;

use crate::cli::{CliError, ConfigFile, print};
use crate::config::Config;
use crate::decisions::Recorded;
use crate::lineup;
use figures::Figures;
use labels::Labels;
use packages::Packages;
use records::Records;
use tally::Tally;

/// How the models on record decided.
#[derive(Debug, Args)]
pub(crate) struct Report {
    #[command(flatten)]
    config: ConfigFile,
    /// Only decisions from this time on (RFC 3339 or microseconds since 1970)
    #[arg(long, value_name = "TIME", value_parser = |text: &str| EventTime::parse(text))]
    since: Option<EventTime>,
    /// Only decisions before this time
    #[arg(long, value_name = "TIME", value_parser = |text: &str| EventTime::parse(text))]
    until: Option<EventTime>,
    /// What became of applications, in CSV with the head `application,bad`; bad is 0 or 1
    #[arg(long, value_name = "FILE.csv")]
    labels: Option<PathBuf>,
    /// Where the report goes, as one HTML page
    #[arg(long, value_name = "FILE", default_value = "models-report.html")]
    out: PathBuf,
    /// Print the figures in JSON
    #[arg(long)]
    json: bool,
}

impl Report {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let config = Config::load(&self.config.config).map_err(CliError::input)?;
        let named =
            |file: &Path, reason: String| CliError::input(format_args!("--labels: {}: {reason}", file.display()));
        let labels = self.labels.as_deref().map(|file| {
            let text = std::fs::read_to_string(file).map_err(|error| named(file, error.to_string()))?;
            Labels::parse(&text).map_err(|reason| named(file, reason))
        });
        let mut labels = labels.transpose()?.unwrap_or_default();
        let runtime = tokio::runtime::Runtime::new().map_err(|error| CliError::failed(&error))?;
        let figures = runtime.block_on(self.counted(&config, &mut labels))?;
        if let Some(file) = &self.labels {
            labels.all_decided().map_err(|reason| named(file, reason))?;
        }
        if figures.decisions == 0 {
            return Err(CliError::input("there is no decision on record in that time"));
        }
        let page = page::page(&figures).map_err(|error| CliError::failed(&error))?;
        std::fs::write(&self.out, page)
            .map_err(|error| CliError::input(format_args!("--out: {}: {error}", self.out.display())))?;
        let whole = serde_json::to_string(&figures).map_err(|error| CliError::failed(&error))?;
        print(&if self.json { whole } else { text::text(&figures, &self.out) })
    }

    async fn counted(&self, config: &Config, labels: &mut Labels) -> Result<Figures, CliError> {
        let failed = |error: LogError| CliError::failed(&error);
        let registry = config.models.as_ref().map(|models| lineup::registry(models, None));
        let registry = registry.transpose().map_err(|error| CliError::input(Causes(&error)))?;
        let packages = Packages::new(config.data.join("engines"), registry);
        let mut records = Records::open(log(config).await?).await.map_err(failed)?;
        let mut tally = Tally::default();
        while let Some(recorded) = records.next().await.map_err(failed)? {
            let is_bad = labels.of(&recorded.decision.application);
            if self.asks_for(recorded.decision.at) {
                introduce(&mut tally, &recorded, &packages).await;
                tally.add(&recorded.decision, model_of(&recorded.engine), is_bad);
            }
        }
        Ok(Figures::of(tally, records.unreadable))
    }

    fn asks_for(&self, at: EventTime) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

/// Finds out about the models that are seen for the first time.
async fn introduce(tally: &mut Tally, recorded: &Recorded, packages: &Packages) {
    let decision = &recorded.decision;
    let decider = decision.model.as_ref().map(|model| (model.name.as_str(), model.version));
    let shadows =
        decision.shadows.iter().map(|shadow| (shadow.hash.as_str(), Some((shadow.name.as_str(), shadow.version))));
    for (hash, named) in std::iter::once((model_of(&recorded.engine), decider)).chain(shadows) {
        let met = tally.models.get(hash).is_some_and(|asked| asked.version.is_some() || named.is_none());
        if !met {
            tally.models.entry(hash.to_owned()).or_default().meet(named, packages.find(named, hash).await);
        }
    }
}

/// The log that decisions are on. That of a folder is one process's alone.
async fn log(config: &Config) -> Result<Arc<dyn EventLog>, CliError> {
    if let Some(settings) = &config.kafka {
        return Ok(Arc::new(KafkaLog::open(settings).await.map_err(|error| CliError::failed(&error))?));
    }
    let folder = config.data.join("log");
    if !folder.is_dir() {
        return Err(CliError::input(format_args!("data: no log in {}: nothing was decided here", folder.display())));
    }
    let unopened = |error: LogError| {
        let (folder, causes) = (folder.display(), Causes(&error));
        CliError::input(format_args!(
            "data: {folder} cannot be read while a platform runs on it; stop it first: {causes}"
        ))
    };
    Ok(Arc::new(EmbeddedLog::open(&folder).map_err(unopened)?))
}
