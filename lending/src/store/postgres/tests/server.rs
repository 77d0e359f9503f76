//! Where the tests have a PostgreSQL from: a server that `WEIR_TEST_POSTGRES` names, with a database of its own for each
//! test, or a private server that a test may kill.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The server that tests may create databases on; `None`, and said so, where there is none.
pub(crate) fn admin(test: &str) -> Option<String> {
    std::env::var("WEIR_TEST_POSTGRES").ok().or_else(|| skipped(test, "WEIR_TEST_POSTGRES is not set"))
}

/// Says loudly that a test did not run, or fails it where services are required.
pub(super) fn skipped<T>(test: &str, why: &str) -> Option<T> {
    assert!(std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"), "{test}: no PostgreSQL: {why}");
    // Not by `eprintln!`, which a passing test swallows.
    writeln!(std::io::stderr(), "SKIPPED: {test} (no PostgreSQL: {why})").unwrap();
    None
}

/// A database that is dropped with this.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    admin: String,
    pub(super) name: String,
    pub(super) url: String,
}

impl TestDatabase {
    pub(crate) async fn of(test: &str) -> Option<Self> {
        Some(Self::create(&admin(test)?).await)
    }

    pub(super) async fn create(admin: &str) -> Self {
        let name = format!("weir_test_{}", uuid::Uuid::new_v4().simple());
        run(admin, format!("create database {name}")).await;
        let (address, settings) = admin.split_once('?').unwrap_or((admin, ""));
        let (server, _) = address.rsplit_once('/').unwrap();
        let url = format!("{server}/{name}?{settings}");
        Self { admin: admin.to_owned(), name, url }
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        self.url.parse().unwrap()
    }

    pub(super) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (admin, sql) = (self.admin.clone(), format!("drop database if exists {} with (force)", self.name));
        // A runtime cannot be waited for from within itself.
        let dropping = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(&admin, sql));
        });
        dropping.join().ok();
    }
}

async fn run(admin: &str, sql: String) {
    let mut connection = PgConnection::connect(admin).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A program of PostgreSQL's, from its own folder on Debian or from the path.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path).map(|folder| folder.join(name)));
    found.into_iter().find(|program| program.is_file())
}

/// A server of a test's own, in a folder of its own, that syncs as a real one does.
#[derive(Debug)]
pub(super) struct PrivateServer {
    folder: tempfile::TempDir,
    port: u16,
}

impl PrivateServer {
    pub(super) fn start(test: &str) -> Option<Self> {
        if program("initdb").is_none() {
            return skipped(test, "initdb is not installed");
        }
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if is_root() {
            // The server refuses to run as root.
            assert!(Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap().success());
        }
        let server = Self { folder, port };
        server.run("initdb", &["-U", "postgres", "--auth=trust", "-E", "UTF8"]);
        server.up();
        Some(server)
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub(super) fn up(&self) {
        let options = format!("-p {} -k {} -c listen_addresses=127.0.0.1", self.port, self.folder.path().display());
        let log = self.folder.path().join("log").display().to_string();
        self.run("pg_ctl", &["start", "-w", "-t", "60", "-o", &options, "-l", &log]);
    }

    /// As if the power had gone.
    pub(super) fn kill(&self) {
        self.run("pg_ctl", &["stop", "-w", "-m", "immediate"]);
    }

    fn run(&self, name: &str, arguments: &[&str]) {
        let program = program(name).unwrap();
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let data = self.folder.path().join("data");
        command.args(arguments).arg("-D").arg(data).current_dir(self.folder.path());
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{name} {arguments:?}: {status}");
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        if self.folder.path().join("data/postmaster.pid").is_file() {
            self.kill();
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}
