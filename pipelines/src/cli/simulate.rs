//! Commands that run a server of the outside world, simulated.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use tokio::net::TcpListener;
use weir_lending::payment::Signer;

use super::CliError;
use crate::config::Config;
use crate::signals::Signals;
use crate::simulator::{Faults, Payouts, Simulator};

/// Servers of the outside world, simulated.
#[derive(Debug, Subcommand)]
pub(crate) enum Simulate {
    /// A payment channel over signed HTTP that pays each id once, and goes wrong on request
    Payments {
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
        /// Shared secret of the signatures
        #[arg(long, env = "WEIR_PAYMENTS_SECRET", hide_env_values = true)]
        secret: Option<String>,
        /// Configuration of the platform, whose `payments.secret` is taken where --secret is not given
        #[arg(long, env = "WEIR_CONFIG", value_name = "FILE", default_value = "weir.toml")]
        config: PathBuf,
        /// Per mille of orders that go wrong, as `late=20,unpaid=10,declined=5,twice=5,error-after=5,seed=7`
        #[arg(long, default_value = "", hide_default_value = true)]
        faults: String,
        /// How long a late answer takes, in milliseconds
        #[arg(long, default_value_t = 4_000)]
        lateness_ms: u64,
        /// File that keeps what was paid, so that it survives a restart
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

impl Simulate {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let Self::Payments { listen, secret, config, faults, lateness_ms, file } = self;
        let faults: Faults = faults.parse().map_err(CliError::input)?;
        let payouts = match file {
            Some(file) => Payouts::kept_in(file)
                .map_err(|error| CliError::input(format_args!("--file: {}: {error}", file.display())))?,
            None => Payouts::default(),
        };
        let lateness = Duration::from_millis(*lateness_ms);
        let signer = match secret {
            Some(secret) => Signer::new(secret.as_str()),
            None => Signer::new(Config::load(config).map_err(CliError::input)?.payments.secret.expose()),
        };
        let simulator = Arc::new(Simulator { signer, faults, payouts, lateness });
        let runtime = tokio::runtime::Runtime::new().map_err(|error| CliError::failed(&error))?;
        runtime.block_on(async {
            let listener = TcpListener::bind(listen)
                .await
                .map_err(|error| CliError::input(format_args!("--listen: {listen}: {error}")))?;
            let mut signals = Signals::listen();
            tokio::select! {
                served = crate::simulator::serve(listener, simulator) => {
                    served.map(|()| ExitCode::SUCCESS).map_err(|error| CliError::failed(&error))
                }
                () = signals.next() => Ok(ExitCode::SUCCESS),
            }
        })
    }
}
