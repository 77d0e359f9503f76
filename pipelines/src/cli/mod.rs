//! The command line: what each command takes, and where it goes. A bad input exits 2 with one line that names the field
//! or the reason; nothing but the answer goes to standard output.

mod answer;
mod asks;
mod content;
mod loans;
mod models;
mod parked;
mod registry;
mod serve;
mod simulate;
mod topics;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use answer::{CliError, print};

/// Weir: a real-time risk pipeline for licensed consumer lending.
///
/// Device, behaviour and carrier events stream through a log into feature computation and model scoring; the decisions
/// feed a lending service that runs the whole life of a loan.
///
/// Start with `weir demo`, or with `weir config init --output weir.toml` and `weir run`.
#[derive(Debug, Parser)]
#[command(name = "weir", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the platform: log, features, scoring, lending and the HTTP server in one process
    Run(serve::Run),
    /// A thousand real applicants through the whole pipeline, with a report
    Demo(crate::demo::Demo),
    /// Measure the running platform against its stated limits
    #[command(subcommand)]
    Bench(crate::bench::Bench),
    /// Write, check or print the configuration
    #[command(subcommand)]
    Config(serve::ConfigCommand),
    /// Topics on Kafka: plan, apply
    #[command(subcommand)]
    Topics(topics::Topics),
    /// Print the OpenAPI 3.1 description of the HTTP API
    Openapi,
    /// Print the AsyncAPI 3 description of the topics
    Asyncapi,
    /// Decisions on record: list them, show one, run one again
    #[command(subcommand)]
    Decisions(asks::Decisions),
    /// Records that could not go on: list, show, replay
    #[command(subcommand)]
    DeadLetters(asks::DeadLetters),
    /// Items that lending set aside, as they could not be handled: list, show, retry
    #[command(subcommand)]
    Parked(parked::Parked),
    /// The books: verify, trial balance, statement of an account
    #[command(subcommand)]
    Ledger(asks::Ledger),
    /// Feature views: check, explain, replay over recorded events
    #[command(subcommand)]
    Features(content::Features),
    /// Models: check, score, report, and the registry: deploy, promote, rollback, shadow, list, show
    #[command(subcommand)]
    Models(models::Models),
    /// Schedules and rates, without a server
    #[command(subcommand)]
    Loans(loans::Loans),
    /// Servers that speak the protocols of the outside world, with faults on request
    #[command(subcommand)]
    Simulate(simulate::Simulate),
}

/// The configuration file, for commands that need the server's own.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigFile {
    /// The configuration file
    #[arg(long, env = "WEIR_CONFIG", default_value = "weir.toml")]
    pub config: PathBuf,
}

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
    answer::exit(dispatch(Cli::parse().command))
}

fn dispatch(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Run(run) => run.run(),
        Command::Demo(demo) => demo.run(),
        Command::Bench(bench) => bench.run(),
        Command::Config(command) => command.run(),
        Command::Topics(command) => command.run(),
        Command::Openapi => print(&crate::http::openapi_json()),
        Command::Asyncapi => print(&crate::asyncapi::document_json()),
        Command::Decisions(command) => command.run(),
        Command::DeadLetters(command) => command.run(),
        Command::Parked(command) => command.run(),
        Command::Ledger(command) => command.run(),
        Command::Features(command) => command.run(),
        Command::Models(command) => command.run(),
        Command::Loans(command) => command.run(),
        Command::Simulate(command) => command.run(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_command_takes_two_things_under_one_name() {
        Cli::command().debug_assert();
    }
}
