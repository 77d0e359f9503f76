//! Several processes on real servers: each with data of its own, sharing brokers, a database and an object store.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection};
use weir_ingest::log::kafka::{KafkaLog, KafkaSettings};

use super::{START, Site, Weir, output, root, set, weir};

/// The server's address; `None`, loudly, where there is none, which `REQUIRE_SERVICES=1` makes a failure.
pub fn server(test: &str, variable: &str) -> Option<String> {
    match std::env::var(variable) {
        Ok(address) if !address.is_empty() => Some(address),
        _ => {
            assert!(std::env::var_os("REQUIRE_SERVICES").is_none(), "{test}: {variable} is not set");
            eprintln!("SKIPPED: {test} ({variable} is not set)");
            None
        }
    }
}

/// Orders one of the servers that the test was brought: `stop`, `kill`, `freeze`, `thaw` or `start`.
pub fn servers(order: &str, which: &str) {
    let status = Command::new(root().join("scripts/servers")).args([order, which]).status().unwrap();
    assert!(status.success(), "scripts/servers {order} {which}");
}

/// A new database of a random name on this server.
pub async fn database(postgres: &str) -> String {
    let name = format!("weir_{}", uuid::Uuid::new_v4().simple());
    let mut admin = PgConnection::connect(postgres).await.unwrap();
    admin.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}")))).await.unwrap();
    let (server, _) = postgres.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

pub struct Fleet {
    pub site: Site,
    pub settings: KafkaSettings,
}

impl Fleet {
    /// Topics of a prefix of their own, a database of a random name. `None` where a server is missing.
    pub async fn new(test: &str, faults: &str) -> Option<Self> {
        let (kafka, postgres) = (server(test, "WEIR_TEST_KAFKA")?, server(test, "WEIR_TEST_POSTGRES")?);
        let mut site = Site::new(faults);
        set(&mut site.config, "database", "url", database(&postgres).await);
        set(&mut site.config, "kafka", "brokers", kafka);
        set(&mut site.config, "kafka", "prefix", format!("{}.", uuid::Uuid::new_v4().simple()));
        set(&mut site.config, "kafka", "session_timeout_ms", 6_000);
        set(&mut site.config, "kafka", "max_poll_interval_ms", 30_000);
        let objects = site.folder.path().join("objects");
        set(&mut site.config, "objects", "url", format!("file://{}", objects.display()));
        set(&mut site.config, "objects", "every_seconds", 1);
        output(weir().args(["topics", "apply", "--config"]).arg(site.write_config()));
        let settings = site.config["kafka"].clone().try_into().unwrap();
        Some(Self { site, settings })
    }

    /// A process with these roles and a data folder of its own, which a process of the same name finds again.
    pub fn spawn(&self, name: &str, roles: &str) -> Weir {
        self.spawn_with(name, roles, &[])
    }

    pub fn spawn_with(&self, name: &str, roles: &str, environment: &[(&str, &str)]) -> Weir {
        let mut config = self.site.config.clone();
        set(&mut config, "server", "listen", super::free_address());
        config.insert("data".to_owned(), self.site.folder.path().join(name).display().to_string().into());
        let path = self.site.folder.path().join(format!("{name}.toml"));
        std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file(name)).unwrap();
        let child = weir()
            .args(["run", "--clock", "manual", "--clock-start", START, "--roles", roles, "--config"])
            .arg(&path)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Weir::of(child, &config)
    }

    pub async fn start(&self, name: &str, roles: &str) -> Weir {
        let weir = self.spawn(name, roles);
        weir.wait_until_ready(&self.log_file(name)).await;
        weir
    }

    pub fn log_file(&self, name: &str) -> PathBuf {
        self.site.folder.path().join(format!("{name}.log"))
    }

    /// The topics, for a look at what stands there.
    pub async fn log(&self) -> KafkaLog {
        KafkaLog::open(&self.settings).await.unwrap()
    }
}

/// Asks until the answer is as it should be.
pub async fn until(what: &str, within: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < within, "{what}: not within {within:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
