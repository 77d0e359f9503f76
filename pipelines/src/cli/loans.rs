//! Schedules and rates without a server: a request in JSON, an answer in JSON.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use weir_lending::{rate, schedule};

use super::answer::read;
use super::{CliError, print};

/// What can be computed.
#[derive(Debug, Subcommand)]
pub(crate) enum Loans {
    /// The installments of a loan: principal, rate, method and day count in, rows to the cent out
    Schedule {
        /// A request in JSON; `-` is standard input
        #[arg(value_name = "FILE")]
        request: PathBuf,
    },
    /// The annual rate of dated flows: `xirr`, `regulation_z` (12 CFR 1026 Appendix J) or `eu`
    Rate {
        /// A request in JSON; `-` is standard input
        #[arg(value_name = "FILE")]
        request: PathBuf,
    },
}

impl Loans {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::Schedule { request } => print(&schedule::answer(&read(request)?).map_err(CliError::input)?),
            Self::Rate { request } => print(&rate::answer(&read(request)?).map_err(CliError::input)?),
        }
    }
}
