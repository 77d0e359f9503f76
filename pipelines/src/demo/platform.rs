//! The platform under the demo: this same binary as child processes, once as `run` and once as the payment channel
//! simulator. How they are started, and with which flags, is known here alone.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::{Child, Command};

use super::folder::Folder;
use super::{Client, DemoError, calendar};

/// A first start compiles nothing and reads little; longer means that it hangs.
const START_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// Of 1,000 payout orders: some are paid without an answer, delivered twice, refused at first, or never arrive.
const FAULTS: &str = "late=10,paid-unanswered=10,unpaid=10,twice=20,error-before=10,error-after=10";

/// Both processes. Dropping them kills them.
#[derive(Debug)]
pub(crate) struct Platform {
    server: Child,
    simulator: Child,
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    pub(crate) configuration: PathBuf,
    channel: String,
}

/// Servers to run on, in the place of the embedded defaults.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Servers {
    /// Brokers to run on; topics of a prefix of their own are made there, and stay
    #[arg(long, value_name = "HOST:PORT", env = "WEIR_DEMO_KAFKA")]
    kafka: Option<String>,
    /// Database to run on: an empty one, as it is kept for the look of it
    #[arg(long, value_name = "URL", env = "WEIR_DEMO_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
    /// Where the latest feature values are written for other readers
    #[arg(long, value_name = "URL", env = "WEIR_DEMO_REDIS", hide_env_values = true)]
    redis: Option<String>,
}

impl Servers {
    pub(crate) fn kafka(&self) -> Option<&str> {
        self.kafka.as_deref()
    }
}

/// One order as the channel's statement has it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PaidOut {
    pub(crate) amount: String,
}

impl Platform {
    /// Starts both in `folder` and waits until they answer. `seed` draws the channel's faults.
    pub(crate) async fn start(folder: &Folder, seed: u64, servers: &Servers) -> Result<Self, DemoError> {
        let (address, channel) = (free_address()?, free_address()?);
        let mut settings: toml::Table = crate::config::template(&content_root()?, &folder.platform())
            .parse()
            .map_err(|error: toml::de::Error| DemoError::Start(error.to_string()))?;
        set(&mut settings, "server", "listen", address.to_string());
        set(&mut settings, "server", "drain_notice_seconds", 0);
        set(&mut settings, "payments", "url", format!("http://{channel}"));
        set(&mut settings, "log", "filter", "warn");
        if let Some(brokers) = &servers.kafka {
            set(&mut settings, "kafka", "brokers", brokers.as_str());
            set(&mut settings, "kafka", "prefix", format!("demo-{}.", uuid::Uuid::now_v7().simple()));
        }
        if let Some(url) = &servers.postgres {
            set(&mut settings, "database", "url", url.as_str());
        }
        if let Some(url) = &servers.redis {
            set(&mut settings, "redis", "url", url.as_str());
        }
        let secret = get(&settings, "payments", "secret")?;
        let token = get(&settings, "server", "token")?;
        let text = toml::to_string(&settings).map_err(|error| DemoError::Start(error.to_string()))?;
        let configuration = folder.write_configuration(&text)?;

        if servers.kafka.is_some() {
            topics(folder, &configuration).await?;
        }
        let simulator = weir(&folder.log("payments"))?
            .args(["simulate", "payments", "--listen", &channel.to_string()])
            .args(["--faults", &format!("{FAULTS},seed={seed}")])
            .arg("--file")
            .arg(folder.payouts())
            .env("WEIR_PAYMENTS_SECRET", secret)
            .spawn()
            .map_err(DemoError::file("weir simulate payments"))?;
        let server = weir(&folder.log("platform"))?
            .args(["run", "--clock", "manual", "--clock-start", &calendar::start().to_string(), "--config"])
            .arg(&configuration)
            .spawn()
            .map_err(DemoError::file("weir run"))?;
        let client = Client::new(&format!("http://{address}"), &token)?;
        let channel = format!("http://{channel}");
        let mut platform = Self { server, simulator, client, address, configuration, channel };
        platform.wait_until_ready(folder).await?;
        Ok(platform)
    }

    async fn wait_until_ready(&mut self, folder: &Folder) -> Result<(), DemoError> {
        let began = tokio::time::Instant::now();
        while !(self.client.is_ready().await && self.statement().await.is_ok()) {
            for (name, child) in [("platform", &mut self.server), ("payments", &mut self.simulator)] {
                if let Ok(Some(status)) = child.try_wait() {
                    let log = folder.log(name);
                    let last = last_line(&log);
                    return Err(DemoError::Start(format!(
                        "{name} ended with {status}: {last} (see {})",
                        log.display()
                    )));
                }
            }
            if began.elapsed() > START_WITHIN {
                return Err(DemoError::Start(format!("the platform was not ready within {START_WITHIN:?}")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What the channel has paid: each id once.
    pub(crate) async fn statement(&self) -> Result<Vec<PaidOut>, DemoError> {
        let what = "reading the channel's statement";
        let http = |source| DemoError::Http { what, source };
        reqwest::get(format!("{}/statement", self.channel)).await.map_err(http)?.json().await.map_err(http)
    }

    /// Most memory that the platform's process ever had resident, in bytes; `None` where the system does not say.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
    }

    /// Asks the platform to finish what it does; the simulator, which holds nothing that is not on disk, just ends.
    pub(crate) async fn stop(mut self) -> Result<(), DemoError> {
        if let Some(process) = self.server.id() {
            // A signal without unsafe code or a dependency: the shell has `kill` built in.
            let asked = Command::new("sh").args(["-c", &format!("kill -TERM {process}")]).status().await;
            asked.map_err(DemoError::file("sh"))?;
        }
        let ended = tokio::time::timeout(STOP_WITHIN, self.server.wait()).await;
        self.simulator.kill().await.map_err(DemoError::file("weir simulate payments"))?;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(DemoError::Start(format!("the platform ended with {status}"))),
            Ok(Err(error)) => Err(DemoError::file("weir run")(error)),
            Err(_) => Err(DemoError::Start(format!("the platform did not stop within {STOP_WITHIN:?}"))),
        }
    }
}

/// Makes the topics.
async fn topics(folder: &Folder, configuration: &Path) -> Result<(), DemoError> {
    let log = folder.log("topics");
    let made = weir(&log)?.args(["topics", "apply", "--config"]).arg(configuration).status().await;
    if made.map_err(DemoError::file("weir topics apply"))?.success() {
        return Ok(());
    }
    Err(DemoError::Start(format!("the topics cannot be made: {} (see {})", last_line(&log), log.display())))
}

/// This binary, with its log in a file.
fn weir(log: &Path) -> Result<Command, DemoError> {
    let mut command = Command::new(std::env::current_exe().map_err(DemoError::file("this program"))?);
    let log = File::create(log).map_err(DemoError::file(log))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    // An interrupt at the terminal is the demo's to handle: the platform would take a second signal as an order to drop all.
    command.process_group(0);
    Ok(command)
}

/// A loopback port that nobody listened on a moment ago.
fn free_address() -> Result<SocketAddr, DemoError> {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(DemoError::file("127.0.0.1:0"))
}

/// The folder that holds views, models, policies and products: `WEIR_HOME`, or the next one upwards from here or from
/// the binary, or where the binary was built.
pub(crate) fn content_root() -> Result<PathBuf, DemoError> {
    let upwards = |start: Option<PathBuf>| -> Vec<PathBuf> {
        start.into_iter().flat_map(|path| path.ancestors().map(Path::to_owned).collect::<Vec<_>>()).collect()
    };
    std::env::var_os("WEIR_HOME")
        .map(PathBuf::from)
        .into_iter()
        .chain(upwards(std::env::current_dir().ok()))
        .chain(upwards(std::env::current_exe().ok()))
        .chain(upwards(Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")))))
        .find(|root| root.join("models/german_credit/model.toml").is_file())
        .ok_or_else(|| {
            DemoError::Start("models/german_credit was not found: set WEIR_HOME to weir's folder".to_owned())
        })
}

fn set(settings: &mut toml::Table, section: &str, name: &str, value: impl Into<toml::Value>) {
    let section = settings.entry(section).or_insert_with(|| toml::Table::new().into());
    if let Some(section) = section.as_table_mut() {
        section.insert(name.to_owned(), value.into());
    }
}

fn get(settings: &toml::Table, section: &str, name: &str) -> Result<String, DemoError> {
    let found = settings.get(section).and_then(|section| section.get(name)).and_then(toml::Value::as_str);
    found.map(str::to_owned).ok_or_else(|| DemoError::Start(format!("the configuration has no {section}.{name}")))
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
}
