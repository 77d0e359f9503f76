//! The platform as its users run it: child processes of the `weir` binary on a folder, driven over HTTP alone.

#![allow(dead_code, unreachable_pub, reason = "each test file is a crate of its own and uses a part of this")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

pub mod disk;
pub mod events;
mod faults;
pub mod fleet;
pub mod models;
pub mod people;
pub mod ready;
pub mod records;
pub mod redis;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub const BATCH: &str = "application/cloudevents-batch+json";
/// The platform's clock when a test begins: a Monday morning.
pub const START: &str = "2026-03-02T09:00:00Z";
/// The command that runs the platform; the configuration follows.
const RUN: [&str; 6] = ["run", "--clock", "manual", "--clock-start", START, "--config"];

/// A data folder with its configuration, and the payment channel beside it.
pub struct Site {
    pub folder: tempfile::TempDir,
    pub config: toml::Table,
    channel: Child,
    channel_url: String,
}

/// A running platform.
pub struct Weir {
    child: Mutex<Child>,
    pub base: String,
    pub token: String,
    pub http: reqwest::Client,
}

/// Below the ports that the system gives to outgoing connections, of which a test may have hundreds.
fn free_address() -> String {
    loop {
        let address = format!("127.0.0.1:{}", fastrand::u16(10_000..32_000));
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

pub fn weir() -> Command {
    Command::new(env!("CARGO_BIN_EXE_weir"))
}

pub fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().to_owned()
}

impl Site {
    /// `faults` as `weir simulate payments --faults` takes them.
    pub fn new(faults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut init = weir();
        init.args(["config", "init", "--home"]).arg(root()).arg("--data").arg(folder.path().join("data"));
        let text = String::from_utf8(output(&mut init).stdout).unwrap();
        let mut config: toml::Table = text.parse().unwrap();
        let channel_address = free_address();
        set(&mut config, "server", "listen", free_address());
        set(&mut config, "server", "drain_notice_seconds", 0);
        set(&mut config, "payments", "url", format!("http://{channel_address}"));
        set(&mut config, "payments", "timeout_ms", 500);
        let channel = weir()
            .args(["simulate", "payments", "--listen", &channel_address, "--faults", faults, "--lateness-ms", "1000"])
            .arg("--file")
            .arg(folder.path().join("paid.ndjson"))
            .env("WEIR_PAYMENTS_SECRET", config["payments"]["secret"].as_str().unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let channel_url = format!("http://{channel_address}");
        Self { folder, config, channel, channel_url }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("weir.log")
    }

    pub fn write_config(&self) -> PathBuf {
        let path = self.folder.path().join("weir.toml");
        std::fs::write(&path, toml::to_string(&self.config).unwrap()).unwrap();
        path
    }

    /// Starts the platform on this folder and waits until it is ready.
    pub async fn start(&self, environment: &[(&str, &str)]) -> Weir {
        let weir = self.spawn(environment);
        weir.wait_until_ready(&self.log_file()).await;
        weir
    }

    /// Starts it on this folder at a time, by another command, which takes it as its last arguments.
    pub async fn start_at(&self, clock: &str, under: &[&str]) -> Weir {
        let weir = self.spawn_at(clock, under);
        weir.wait_until_ready(&self.log_file()).await;
        weir
    }

    /// As `start`, without waiting.
    pub fn spawn(&self, environment: &[(&str, &str)]) -> Weir {
        let mut weir = weir();
        weir.args(RUN).arg(self.write_config()).envs(environment.iter().copied());
        self.spawned(weir)
    }

    /// Under a limit of the shell's `ulimit`, as `-n 512`, and waits until it is ready.
    pub async fn start_limited(&self, limit: &str) -> Weir {
        self.start_at(START, &["sh", "-c", &format!("ulimit {limit}; exec \"$@\""), "sh"]).await
    }

    /// Started by another command, without waiting.
    pub fn spawn_under(&self, command: &[&str]) -> Weir {
        self.spawn_at(START, command)
    }

    fn spawn_at(&self, clock: &str, under: &[&str]) -> Weir {
        let program = [under, &[env!("CARGO_BIN_EXE_weir")]].concat();
        let mut weir = Command::new(program[0]);
        weir.args(&program[1..]);
        weir.args(RUN.map(|argument| if argument == START { clock } else { argument })).arg(self.write_config());
        self.spawned(weir)
    }

    fn spawned(&self, mut command: Command) -> Weir {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Weir::of(child, &self.config)
    }

    /// What the channel has paid: id and amount, each id once.
    pub async fn statement(&self) -> Vec<Value> {
        reqwest::get(format!("{}/statement", self.channel_url)).await.unwrap().json().await.unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            faults::tell(self.folder.path());
        }
        self.channel.kill().ok();
        self.channel.wait().ok();
    }
}

impl Weir {
    fn of(child: Child, config: &toml::Table) -> Self {
        let (server, http) = (&config["server"], reqwest::Client::new());
        let base = format!("http://{}", server["listen"].as_str().unwrap());
        Self { child: Mutex::new(child), base, token: server["token"].as_str().unwrap().to_owned(), http }
    }

    /// `kill -9`.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap().try_wait().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let order = format!("kill -{name} {}", self.child.lock().unwrap().id());
        assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
    }

    /// Waits for the process to end by itself.
    pub fn wait(&self, at_most: Duration) -> Option<ExitStatus> {
        let began = Instant::now();
        while began.elapsed() < at_most {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    pub fn process(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Asks it to end, and waits for it.
    pub fn stop(self) {
        self.signal("TERM");
        let status = self.wait(Duration::from_secs(30)).expect("weir ends within half a minute");
        assert!(status.success(), "{status}");
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Value {
        answer(self.request(Method::GET, path)).await.unwrap().1
    }

    pub async fn post(&self, path: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await.unwrap()
    }

    pub async fn send_events(&self, events: &[Value]) -> Vec<Value> {
        let request = self.request(Method::POST, "/v1/events").header("content-type", BATCH);
        let (status, body) = answer(request.body(json!(events).to_string())).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{body}");
        body["results"].as_array().unwrap().clone()
    }

    pub async fn move_clock(&self, to: &str) {
        let (status, body) = self.post("/admin/clock", "clock", &json!({ "to": to })).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    /// The loan once its payout is over.
    pub async fn paid_out(&self, loan: &str) -> Value {
        let began = Instant::now();
        loop {
            let found = self.get(&format!("/v1/loans/{loan}")).await;
            if found["state"] != "paying_out" && found["state"] != "signed" {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "the payout of {loan} has no end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Applications, decisions and money must add up, whatever happened before.
    pub async fn books_balance(&self) {
        let verified = self.get("/v1/ledger/verification").await;
        assert!(verified.get("broken").is_none() && verified["different"] == 0, "{verified}");
        let balance = self.get("/v1/ledger/trial-balance").await;
        let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
        let lines = balance["lines"].as_array().unwrap();
        assert_eq!(lines.iter().map(|line| cents(line["balance"].as_str().unwrap())).sum::<i64>(), 0, "{balance}");
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        child.kill().ok();
        child.wait().ok();
    }
}

/// Status and JSON of an answer; `None` where none came.
pub async fn answer(request: RequestBuilder) -> Option<(StatusCode, Value)> {
    let response = request.send().await.ok()?;
    let status = response.status();
    let text = response.text().await.ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

pub fn output(command: &mut Command) -> std::process::Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

pub fn set(config: &mut toml::Table, section: &str, name: &str, value: impl Into<toml::Value>) {
    let section = config.entry(section).or_insert_with(|| toml::Table::new().into());
    section.as_table_mut().unwrap().insert(name.to_owned(), value.into());
}
