//! Commands for models that need no server: the gate over a package, a graph's score, a key. What the registry does is in
//! [`super::registry`].

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use weir_messages::Causes;
use weir_scoring::gate;
use weir_scoring::model;
use weir_scoring::registry::SigningKey;
use weir_scoring::{Content as Files, is_mlflow, read_mlflow};

use super::answer::read;
use super::registry::{Deploy, List, Promote, Rollback, Shadow, Show};
use super::{CliError, print};
use crate::config::Config;
use crate::content::Content;
use crate::model_report::Report;

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// The gate: whether a package may be promoted, and all that was found; exits 1 when it may not
    Check {
        /// Folder of the package, or an MLflow model folder
        #[arg(value_name = "PACKAGE_DIR")]
        package: PathBuf,
        /// Configuration whose views the inputs are held against; weir.toml, where there is one
        #[arg(long, env = "WEIR_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// Run a model on inputs and print its outputs
    Score {
        #[arg(value_name = "MODEL.onnx")]
        model: PathBuf,
        /// Inputs in JSON; `-` is standard input
        #[arg(long, value_name = "IN.json")]
        input: PathBuf,
    },
    /// Make a key that seals, in a new file for its owner alone, and print the public one for `models.trusted`
    Keygen {
        /// Where the private key goes
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a package that passes the gate into the registry, sealed: a version is one package for ever
    Deploy(Deploy),
    /// Make a version champion, or challenger for a share of the customers, after the gate has run again
    Promote(Promote),
    /// Make the champion before the last promotion champion again, at once and without the gate; or end the experiment
    Rollback(Rollback),
    /// Have a version asked beside whoever decides, without a say
    Shadow(Shadow),
    /// The versions in the registry, and what each is now
    List(List),
    /// How the models on record decided: drift, experiments, shadows, and with labels calibration, AUC and KS
    Report(Report),
    /// What stands for a model, and every move that led there: who, when and why
    Show(Show),
}

impl Models {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::Check { package, config, json } => check(package, config.as_deref(), *json),
            Self::Score { model, input } => {
                let bytes = std::fs::read(model)
                    .map_err(|error| CliError::input(format_args!("{}: {error}", model.display())))?;
                print(
                    &model::score_json(&bytes, read(input)?.as_bytes())
                        .map_err(|error| CliError::input(Causes(&error)))?,
                )
            }
            Self::Keygen { file } => {
                let key = SigningKey::generate();
                key.write(file).map_err(|error| CliError::input(Causes(&error)))?;
                print(&key.public().to_string())
            }
            Self::Deploy(deploy) => deploy.run(),
            Self::Promote(promote) => promote.run(),
            Self::Rollback(rollback) => rollback.run(),
            Self::Shadow(shadow) => shadow.run(),
            Self::List(list) => list.run(),
            Self::Report(report) => report.run(),
            Self::Show(show) => show.run(),
        }
    }
}

/// The package in a folder, whether MLflow's or its own.
pub(super) fn package(folder: &Path) -> Result<Files, String> {
    match is_mlflow(folder) {
        true => read_mlflow(folder).map_err(|error| Causes(&error).to_string()),
        false => Files::read_model(folder).map_err(|error| Causes(&error).to_string()),
    }
}

fn check(folder: &Path, config: Option<&Path>, json: bool) -> Result<ExitCode, CliError> {
    let usual = Path::new("weir.toml");
    let config = config.or_else(|| usual.is_file().then_some(usual));
    let content = config.map(|path| {
        let config = Config::load(path).map_err(CliError::input)?;
        Content::load(&config.content).map_err(|error| CliError::input(Causes(&error)))
    });
    let content = content.transpose()?;
    let available = content.as_ref().map(|content| &*content.columns);
    let report = package(folder).map_or_else(gate::Report::refused, |package| gate::examine(&package, available));
    let whole = serde_json::to_string(&report).map_err(|error| CliError::failed(&error))?;
    print(&if json { whole } else { shown(&folder.display().to_string(), &report) })?;
    Ok(if report.promotable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn recorded(rows: Option<&gate::Recorded>) -> String {
    let Some(rows) = rows else {
        return "  edges.jsonl  none: no answers of ONNX Runtime at the edges".to_owned();
    };
    let gate::Recorded { rows, explained, furthest, failed, .. } = rows;
    format!(
        "  edges.jsonl  {rows} rows, {explained} explained, {failed} failed, furthest {furthest:.1e} from ONNX Runtime"
    )
}

/// The report for a reader.
fn shown(folder: &str, report: &gate::Report) -> String {
    let mut lines = Vec::new();
    let verdict = if report.promotable { "may be promoted" } else { "may not be promoted" };
    match &report.loaded {
        None => lines.push(format!("{folder} {verdict}")),
        Some(found) => {
            let (golden, edges, latency) = (&found.golden, &found.edges, &found.latency);
            let differing: Vec<String> = golden.differing.iter().map(u64::to_string).collect();
            let differing = if differing.is_empty() { "no row".to_owned() } else { differing.join(", ") };
            let views = if found.held_against_views {
                "as the views give them"
            } else {
                "not held against views: no configuration"
            };
            lines.extend([
                format!("{} version {} {verdict}", found.name, found.version),
                format!("  golden rows  {}, furthest {:.1e} from ONNX Runtime", golden.rows, golden.furthest),
                format!("  training     differs on {differing}"),
                format!(
                    "  edges        {} rows, {} explained, {} at thresholds, {} without an answer",
                    edges.rows, edges.explained, edges.at_thresholds, edges.failed
                ),
                recorded(found.recorded.as_ref()),
                format!(
                    "  one row      p50 {:.1} µs, p99 {:.1} µs, with contributions {:.1} µs; deadline {} ms",
                    latency.p50_us, latency.p99_us, latency.explained_p99_us, latency.deadline_ms
                ),
                format!("  features     {views}"),
                format!("  package      {}", found.hash),
            ]);
        }
    }
    let faults = report.loaded.iter().flat_map(|found| &found.known_faults);
    lines.extend(faults.map(|fault| format!("  known fault  {fault}")));
    lines.extend(report.reasons.iter().map(|reason| format!("  refused      {reason}")));
    lines.join("\n")
}
