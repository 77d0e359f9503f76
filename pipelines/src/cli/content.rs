//! Commands for feature views, without a server.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use weir_features::{FeatureViews, Sources};
use weir_messages::Causes;

use super::answer::read;
use super::{CliError, print};
use crate::content::event_sources;

/// What can be done with feature views.
#[derive(Debug, Subcommand)]
pub(crate) enum Features {
    /// Load every view of a folder, or say what is wrong with one
    Check {
        #[arg(long, value_name = "DIR", default_value = "features/views")]
        views: PathBuf,
        /// Folder of the products whose attributes applications carry
        #[arg(long, value_name = "DIR", default_value = "lending/products")]
        products: PathBuf,
    },
    /// Say what a view reads, how it is planned and what it keeps
    Explain {
        #[arg(long, value_name = "DIR", default_value = "features/views")]
        views: PathBuf,
        #[arg(long, value_name = "DIR", default_value = "lending/products")]
        products: PathBuf,
        /// Name of the view
        view: String,
    },
    /// Fold recorded events and answer requests, with the code that runs live
    Replay {
        #[arg(long, value_name = "DIR", default_value = "features/views")]
        views: PathBuf,
        /// Events in recorded order, one JSON object a line; `-` is standard input
        #[arg(long, value_name = "FILE")]
        events: PathBuf,
        /// Requests, one JSON object a line; `after` is the number of events folded before it; `-` is standard input
        #[arg(long, value_name = "FILE")]
        requests: PathBuf,
        /// One line for each request; `-` is standard output
        #[arg(long, value_name = "FILE", default_value = "-")]
        out: PathBuf,
        #[arg(long, value_enum, default_value_t = Format::Ndjson)]
        format: Format,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    Ndjson,
}

impl Features {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::Check { views, products } => {
                let views = load(views, products)?;
                let names: Vec<String> = views.views().map(|view| view.name().to_owned()).collect();
                print(&format!("{} views, {} features: {}", names.len(), views.columns().len(), names.join(", ")))
            }
            Self::Explain { views, products, view } => {
                let explained = load(views, products)?.explain(view);
                print(&explained.ok_or_else(|| CliError::input(format_args!("VIEW: no view is called `{view}`")))?)
            }
            Self::Replay { views, events, requests, out, format: Format::Ndjson } => {
                replay(views, events, requests, out)
            }
        }
    }
}

fn load(views: &Path, products: &Path) -> Result<FeatureViews, CliError> {
    let sources = event_sources(products).map_err(|error| CliError::input(Causes(&error)))?;
    FeatureViews::load(views, &sources).map_err(|error| CliError::input(Causes(&error)))
}

/// What recorded events look like is read off them first: their columns need no declaration.
fn replay(views: &Path, events: &Path, requests: &Path, out: &Path) -> Result<ExitCode, CliError> {
    let (recorded, asked) = (read(events)?, read(requests)?);
    let unread = |file: &Path, error| CliError::input(format_args!("{}: {}", file.display(), Causes(&error)));
    let sources = Sources::inferred(recorded.as_bytes()).map_err(|error| unread(events, error))?;
    let sources = sources.and_requests(asked.as_bytes()).map_err(|error| unread(requests, error))?;
    let views = FeatureViews::load(views, &sources).map_err(|error| CliError::input(Causes(&error)))?;
    let mut answers = Vec::new();
    weir_features::replay(&views, recorded.as_bytes(), asked.as_bytes(), &mut answers)
        .map_err(|error| CliError::input(Causes(&error)))?;
    write(out, &answers)
}

fn write(path: &Path, bytes: &[u8]) -> Result<ExitCode, CliError> {
    if path.as_os_str() == "-" {
        let mut out = io::stdout().lock();
        return match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::failed(&error)),
            Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
        };
    }
    let file = File::create(path).map_err(|error| CliError::input(format_args!("{}: {error}", path.display())))?;
    let mut out = BufWriter::new(file);
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| CliError::failed(&error))?;
    Ok(ExitCode::SUCCESS)
}
