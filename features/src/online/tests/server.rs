//! Where the tests have a Redis from: the server that `WEIR_TEST_REDIS` names, or a private one that a test may kill,
//! freeze and flush.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server's address; `None`, and said so, where there is none.
pub(super) fn shared(test: &str) -> Option<String> {
    let given = std::env::var("WEIR_TEST_REDIS").ok().filter(|address| !address.is_empty());
    given.or_else(|| skipped(test, "WEIR_TEST_REDIS is not set"))
}

/// Says loudly that a test did not run, or fails it where services are required.
fn skipped<T>(test: &str, why: &str) -> Option<T> {
    assert!(std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"), "{test}: no Redis: {why}");
    // Not by `eprintln!`, which a passing test swallows.
    writeln!(std::io::stderr(), "SKIPPED: {test} (no Redis: {why})").unwrap();
    None
}

/// A port with, at times, a server of the test's own on it. It keeps nothing on disk.
pub(super) struct Private {
    port: u16,
    server: Option<Child>,
}

impl Private {
    /// No server yet.
    pub(super) fn down(test: &str) -> Option<Self> {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if found.is_err() {
            return skipped(test, "redis-server is not installed");
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Some(Self { port, server: None })
    }

    pub(super) fn up(test: &str) -> Option<Self> {
        let mut server = Self::down(test)?;
        server.start();
        Some(server)
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Empty, as nothing was kept.
    pub(super) fn start(&mut self) {
        let port = self.port.to_string();
        let server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        self.server = Some(server.unwrap());
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// `STOP` freezes it, and `CONT` lets it go on.
    pub(super) fn signal(&self, name: &str) {
        let order = format!("kill -{name} {}", self.server.as_ref().unwrap().id());
        assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.kill();
    }
}
