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
    ///
    /// Null where none is defined. Of several the one nearest to zero in ln(1 + r) is given. A rate of which 1 + r is beyond
    /// e^66 (4.6e28) a period, or below e^-66, is refused.
    Rate {
        /// A request in JSON; `-` is standard input
        #[arg(value_name = "FILE")]
        request: PathBuf,
        /// List every rate in the range, ascending, as `rates`
        #[arg(long)]
        all: bool,
    },
}

impl Loans {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::Schedule { request } => print(&schedule::answer(&read(request)?).map_err(CliError::input)?),
            Self::Rate { request, all } => print(&rate::answer(&read(request)?, *all).map_err(CliError::input)?),
        }
    }
}
