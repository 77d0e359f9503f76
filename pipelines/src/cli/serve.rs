//! Commands that run the platform and prepare its configuration.

use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use nix::sys::stat::Mode;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use weir_messages::{Clock, KnownTime, ManualClock, SystemClock, TaskEnded, Tasks};
use weir_scoring::Content as Files;

use super::{CliError, ConfigFile, print};
use crate::config::{Config, ModelSource, in_clear, template};
use crate::content::Content;
use crate::failpoint::FailPoint;
use crate::fold::topic_retention;
use crate::http::{Bearer, Server, router};
use crate::platform::{Clocks, Platform, Role, Roles, Supervision};
use crate::signals::Signals;

/// What this process makes is its user's alone, and so is the data folder, also where an earlier version made it.
fn private_files(data: &Path) -> Result<(), CliError> {
    nix::sys::stat::umask(Mode::from_bits_truncate(0o077));
    let failed = |error: std::io::Error| CliError::input(format_args!("data: {}: {error}", data.display()));
    std::fs::create_dir_all(data).map_err(failed)?;
    let mode = std::fs::metadata(data).map_err(failed)?.permissions().mode();
    if mode & 0o007 != 0
        && let Err(error) = std::fs::set_permissions(data, Permissions::from_mode(0o700))
    {
        tracing::warn!(data = %data.display(), %error, "others may read the data folder, which is not this user's to close");
    }
    Ok(())
}

/// How long the platform may take to save and close after a task of it has failed.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClockKind {
    /// The system's
    System,
    /// Stands still until `POST /admin/clock` moves it: for tests and demonstrations
    Manual,
}

/// Run the platform.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    config: ConfigFile,
    /// Where time comes from
    #[arg(long, value_enum, default_value_t = ClockKind::System)]
    clock: ClockKind,
    /// What a manual clock shows first (RFC 3339 or microseconds since 1970), by default the system's time. Start where it
    /// stood: behind its data telemetry is refused, and payouts are set aside
    #[arg(long, value_name = "TIME", value_parser = |text: &str| KnownTime::parse(text))]
    clock_start: Option<KnownTime>,
    /// What this process does; several processes share `[kafka]` and each runs some
    #[arg(long, value_enum, value_delimiter = ',', default_value = "ingest,features,scoring,lending")]
    roles: Vec<Role>,
}

impl Run {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let config = Config::load(&self.config.config).map_err(CliError::input)?;
        crate::logging::start(&config.log);
        for setting in in_clear(&config) {
            tracing::warn!(setting, "personal data may cross a network in clear: use TLS, or a private network");
        }
        private_files(&config.data)?;
        let armed = std::env::var("WEIR_FAIL_AT").ok();
        let fail_point = FailPoint::parse(armed.as_deref()).map_err(CliError::input)?;
        let runtime = tokio::runtime::Runtime::new().map_err(|error| CliError::failed(&error))?;
        // It ends with the process, and not before: what a forced stop leaves behind may still ask for it.
        let runtime: &'static _ = Box::leak(Box::new(runtime));
        runtime.block_on(serve(&config, &Roles(self.roles.clone()), self.clocks(), fail_point))
    }

    fn clocks(&self) -> Clocks {
        match self.clock {
            ClockKind::System => Clocks { clock: Arc::new(SystemClock), manual: None },
            ClockKind::Manual => {
                let start = self.clock_start.unwrap_or_else(|| SystemClock.now());
                let manual = Arc::new(ManualClock::starting_at(start));
                Clocks { clock: Arc::clone(&manual) as Arc<dyn Clock>, manual: Some(manual) }
            }
        }
    }
}

async fn serve(config: &Config, roles: &Roles, clocks: Clocks, fail_point: FailPoint) -> Result<ExitCode, CliError> {
    let connections = crate::descriptors::connections(config.server.max_connections);
    let connections = connections.map_err(|error| CliError::failed(&error))?;
    let ((supervision, mut ended), mut signals) = (Supervision::new(fail_point), Signals::listen());
    let listener = bind(config.server.listen).await?;
    let opened = open_until_stopped(config, roles, clocks, &supervision, &mut signals).await;
    // What failed may have failed for want of a task, or the task may have ended because all else was given up.
    let beside = |error: CliError| match ended.try_recv() {
        Ok(ended) => CliError::Failed(format!("{ended}; {error}")),
        Err(_) => error,
    };
    let platform = opened.map_err(beside)?;
    tracing::info!(listen = %config.server.listen, data = %config.data.display(), connections, "weir is up");
    let serving = listen(config, &platform, listener, connections, &supervision.tasks);
    let failed = stopped_or_failed(&mut signals, &mut ended).await;
    unless_forced(end(config, &supervision, failed, platform, serving), &mut signals).await
}

async fn bind(address: SocketAddr) -> Result<TcpListener, CliError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| CliError::input(format_args!("server.listen: {address}: {error}")))
}

/// Opens the platform. A signal that comes meanwhile is an error, and its tasks end as they were told to.
async fn open_until_stopped(
    config: &Config,
    roles: &Roles,
    clocks: Clocks,
    supervision: &Supervision,
    signals: &mut Signals,
) -> Result<Platform, CliError> {
    let mut opening = pin!(open(config, roles, clocks, supervision));
    tokio::select! {
        opened = &mut opening => opened,
        () = signals.next() => {
            // Before what is half open is dropped, which ends its tasks.
            supervision.tasks.stop();
            Err(CliError::Failed("told to stop before it was up".to_owned()))
        }
    }
}

/// Waits for a signal, or for the first task that ends unexpectedly: that one is the answer.
async fn stopped_or_failed(signals: &mut Signals, ended: &mut mpsc::UnboundedReceiver<TaskEnded>) -> Option<TaskEnded> {
    tokio::select! {
        () = signals.next() => None,
        ended = ended.recv() => ended,
    }
}

/// Lets the end take its time until another signal comes.
async fn unless_forced(
    ending: impl Future<Output = Result<ExitCode, CliError>>,
    signals: &mut Signals,
) -> Result<ExitCode, CliError> {
    tokio::select! {
        ended = ending => ended,
        () = signals.next() => Err(CliError::Failed("ended at once, as a second signal asked".to_owned())),
    }
}

async fn open(config: &Config, roles: &Roles, clocks: Clocks, supervision: &Supervision) -> Result<Platform, CliError> {
    let prometheus = crate::meters::start().map_err(|error| CliError::failed(&error))?;
    tokio::spawn(supervision.tasks.watch("metrics-upkeep", crate::meters::upkeep(prometheus.clone())));
    let opened = Platform::open(config, roles, clocks, supervision, prometheus).await;
    opened.map_err(|error| {
        supervision.tasks.stop();
        CliError::failed(&error)
    })
}

/// Serves until what is answered is sent something.
fn listen(
    config: &Config,
    platform: &Platform,
    listener: TcpListener,
    connections: u32,
    tasks: &Tasks,
) -> (watch::Sender<()>, JoinHandle<()>) {
    let bearer = Bearer::new(&config.server.token);
    let routes = router(Arc::clone(&platform.app), bearer, config.server.request_limits());
    let (stop, stopped) = watch::channel(());
    let server = Server { listener, routes, limits: config.server.connection_limits(connections) };
    (stop, tokio::spawn(tasks.watch("http-server", server.run(stopped))))
}

/// Tells that the process drains, stops to listen, waits for running requests, saves and closes. Where a task has failed
/// nobody is given notice, and what hangs is left behind.
async fn end(
    config: &Config,
    supervision: &Supervision,
    failed: Option<TaskEnded>,
    platform: Platform,
    (stop, mut serving): (watch::Sender<()>, JoinHandle<()>),
) -> Result<ExitCode, CliError> {
    tracing::info!("stopping: running requests may finish; a second signal ends at once");
    supervision.vitals.drain();
    if failed.is_none() {
        tokio::time::sleep(config.server.drain_notice()).await;
    }
    supervision.tasks.stop();
    stop.send(()).ok();
    let drain = config.server.drain();
    if tokio::time::timeout(drain, &mut serving).await.is_err() {
        tracing::warn!(?drain, "requests still run and are dropped");
        serving.abort();
    }
    match failed {
        None => platform.close().await.map(|()| ExitCode::SUCCESS).map_err(|error| CliError::failed(&error)),
        Some(ended) => {
            if tokio::time::timeout(CLOSE_WITHIN, platform.close()).await.is_err() {
                tracing::warn!("what still runs is left behind");
            }
            Err(CliError::failed(&ended))
        }
    }
}

/// What can be done with a configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a complete configuration with fresh keys
    Init {
        /// Folder that holds features, models and lending's products
        #[arg(long, value_name = "DIR", default_value = ".")]
        home: PathBuf,
        /// Where the platform keeps its data
        #[arg(long, value_name = "DIR", default_value = "weir-data")]
        data: PathBuf,
        /// File to write instead, for its owner alone; it must not be there yet
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check the configuration and everything it names: views, model, policy, products
    Check(ConfigFile),
    /// Print the configuration as it is in force, with secrets masked
    Print(ConfigFile),
}

impl ConfigCommand {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::Init { home, data, output: None } => print(&template(home, data)),
            Self::Init { home, data, output: Some(file) } => {
                let failed = |error| CliError::input(format_args!("--output: {}: {error}", file.display()));
                let mut written =
                    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
                written.write_all(template(home, data).as_bytes()).map_err(failed)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Check(file) => {
                let config = Config::load(&file.config).map_err(CliError::input)?;
                let bad = |error: &dyn std::error::Error| CliError::input(weir_messages::Causes(error));
                let content = Content::load(&config.content).map_err(|error| bad(&error))?;
                if let ModelSource::Folder(folder) = &config.content.model {
                    let model = Files::read_model(folder).map_err(|error| bad(&error))?;
                    content.engine(&model).map_err(|error| bad(&error))?;
                }
                topic_retention::check(&config, &content).map_err(CliError::input)?;
                let (views, features) = (content.views.views().count(), content.columns.len());
                print(&format!("{}: good; {views} views give {features} features", file.config.display()))
            }
            Self::Print(file) => {
                let config = Config::load(&file.config).map_err(CliError::input)?;
                print(&toml::to_string(&config).map_err(|error| CliError::failed(&error))?)
            }
        }
    }
}
