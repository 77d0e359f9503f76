//! The demo: the whole platform as a child process on its embedded defaults, a thousand real credit applicants driven
//! through its public HTTP API and the route that moves its clock, and a report that says what came of it. The
//! applicants and their outcomes are real; their names, numbers and telemetry are made up, and the report says so.

pub(crate) mod applicants;
pub(crate) mod calendar;
pub(crate) mod cast;
mod chance;
pub(crate) mod client;
mod error;
pub(crate) mod figures;
pub(crate) mod folder;
pub(crate) mod identity;
pub(crate) mod platform;
mod probe;
mod report;
pub(crate) mod story;
pub(crate) mod telemetry;
mod vectors;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

pub use cast::{PlantedIdentifier, planted_identifiers};
pub(crate) use client::Client;
pub(crate) use error::DemoError;

use crate::cli::{CliError, print};
use crate::signals::Signals;
use figures::Figures;
use folder::Folder;
use platform::Platform;
pub(crate) use platform::Servers;

/// The whole pipeline with real applicants, and a report.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Keep the platform up after the report, until interrupted
    #[arg(long)]
    serve: bool,
    /// Folder for the platform's data; an earlier demo's is replaced
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    data: PathBuf,
    /// How many of the thousand applicants take part, with the same share of good and bad
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(20..=1_000))]
    applicants: u32,
    /// Where the report goes, as one HTML page
    #[arg(long, value_name = "FILE", default_value = "demo-report.html")]
    report: PathBuf,
    /// Where the decisions go, a line of JSON each, in the order of the applicants
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Where the feature vectors go, a line of JSON each, with what was planted: `ring N`, `bot` or null
    #[arg(long, value_name = "FILE")]
    vectors: Option<PathBuf>,
    /// What everything made up is drawn from
    #[arg(long, default_value_t = 20_260_301)]
    seed: u64,
    #[command(flatten)]
    servers: Servers,
}

impl Demo {
    /// Fails when a promise did not hold.
    pub fn run(&self) -> Result<ExitCode, CliError> {
        // One thread: what drives the platform leaves it the other core.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CliError::failed(&error))?;
        runtime.block_on(self.play()).map_err(CliError::from)
    }

    async fn play(&self) -> Result<ExitCode, DemoError> {
        let began = Instant::now();
        let people = cast::everybody(usize::try_from(self.applicants).unwrap_or(usize::MAX), self.seed)?;
        let folder = Folder::prepare(&self.data)?;
        // Both processes end with what starts them: they are killed where it is dropped.
        let mut signals = Signals::listen();
        let platform = tokio::select! {
            platform = Platform::start(&folder, self.seed, &self.servers) => platform?,
            () = signals.next() => return Err(DemoError::Interrupted),
        };
        let told = tokio::select! {
            told = story::tell(&platform, &folder, people, self.seed) => told?,
            () = signals.next() => return Err(DemoError::Interrupted),
        };
        if let Some(path) = &self.decisions {
            std::fs::write(path, decision_lines(&told)).map_err(DemoError::file(path))?;
        }
        if let Some(path) = &self.vectors {
            std::fs::write(path, vectors::lines(&told.cases)).map_err(DemoError::file(path))?;
        }
        let figures = Figures::of(&told, self.seed, began.elapsed());
        std::fs::write(&self.report, report::page(&figures)?).map_err(DemoError::file(&self.report))?;
        let colours = std::io::stdout().is_terminal();
        print(&report::text(&figures, &self.report, colours)).map_err(DemoError::Print)?;
        if self.serve {
            serve(&platform, &mut signals).await?;
        }
        platform.stop().await?;
        Ok(if figures.every_promise_held() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A line each; `null` for an application that was lost.
fn decision_lines(told: &story::Told) -> String {
    let line = |case: &story::Case| {
        let decision = case.decision.as_ref().map(|recorded| &recorded.decision);
        serde_json::to_string(&decision).expect("string keys and finite numbers serialise") + "\n"
    };
    told.cases.iter().map(line).collect()
}

/// Leaves the platform up until somebody interrupts.
async fn serve(platform: &Platform, signals: &mut Signals) -> Result<(), DemoError> {
    let (address, configuration) = (platform.address, platform.configuration.display());
    let text = format!("Serving on http://{address} with the token in {configuration}. Ctrl-C ends it.");
    print(&text).map_err(DemoError::Print)?;
    signals.next().await;
    Ok(())
}

impl From<DemoError> for CliError {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Input(reason) => Self::input(reason),
            DemoError::Print(error) => error,
            DemoError::Applicants(_)
            | DemoError::File { .. }
            | DemoError::Start(_)
            | DemoError::Http { .. }
            | DemoError::Problem { .. }
            | DemoError::Answer { .. }
            | DemoError::Interrupted
            | DemoError::Chart(_) => Self::failed(&error),
        }
    }
}
