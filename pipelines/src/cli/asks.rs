//! Commands that ask a running platform over its HTTP API: decisions, dead letters, the books. Address and token come
//! from the platform's own configuration.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{CliError, ConfigFile, print};
use crate::config::Config;

/// Longer than any answer takes on a machine that is not broken.
const PATIENCE: Duration = Duration::from_secs(120);
/// The same for counting the whole journal and folding every loan.
const VERIFICATION_PATIENCE: Duration = Duration::from_secs(3 * 3_600);

/// Decisions on record.
#[derive(Debug, Subcommand)]
pub(crate) enum Decisions {
    /// One JSON line for each decision, in order of the applications
    List(Page),
    /// A decision with everything it read and used
    #[command(mut_arg("id", |id| id.help("The application it is about")))]
    Show(One),
    /// Run a decision again from its record; exits 1 unless the bytes are equal
    #[command(mut_arg("id", |id| id.help("The application it is about")))]
    Rerun(One),
}

/// Records that could not go on.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// One JSON line for each dead letter: where it came from, which step refused it, and why
    List(Page),
    /// A dead letter with its original bytes, opened
    #[command(mut_arg("id", |id| id.help("Its offset, as `list` tells it")))]
    Show(One),
    /// Put a dead letter's original bytes through the same checks again; exits 1 when the collector rejects it again. What
    /// the first stage refused goes onto the log again: refused there, it comes back as a new dead letter
    #[command(mut_arg("id", |id| id.help("Its offset, as `list` tells it")))]
    Replay(One),
}

/// The books.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Count the whole journal again, with its hash chain, and compare every loan with it; exits 1 when anything differs
    Verify(ConfigFile),
    /// Every account's balance, a JSON line each; a debit is positive
    TrialBalance(ConfigFile),
    /// An account's lines, a JSON line each
    Statement {
        /// `house:bank:EUR`, `loan:<loan>:principal`, …
        account: String,
        #[command(flatten)]
        page: Page,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Page {
    #[command(flatten)]
    config: ConfigFile,
    /// Only what comes after this one
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// How many, at most
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    id: String,
    #[command(flatten)]
    config: ConfigFile,
}

impl Decisions {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::List(page) => page.lines("/v1/decisions", "decisions", &[]),
            Self::Show(one) => one.shown("/v1/decisions/{}"),
            Self::Rerun(one) => {
                let answer = one.sent("/v1/decisions/{}/rerun")?;
                print(&pretty(&answer))?;
                Ok(success_if(answer["equal"] == true))
            }
        }
    }
}

impl DeadLetters {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::List(page) => page.lines("/v1/dead-letters", "dead_letters", &[]),
            Self::Show(one) => one.shown_untouched("/v1/dead-letters/{}"),
            Self::Replay(one) => {
                let answer = one.sent("/v1/dead-letters/{}/replay")?;
                print(&pretty(&answer))?;
                let mut results = answer["results"].as_array().into_iter().flatten();
                let rejected = results.any(|result| result["status"] == "rejected");
                Ok(success_if(!rejected))
            }
        }
    }
}

impl Ledger {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::Verify(config) => {
                let answer = Asked::within(VERIFICATION_PATIENCE, config)?.get("/v1/ledger/verification", &[])?;
                print(&pretty(&answer))?;
                let sound = answer.get("broken").is_none() && answer["different"] == 0;
                Ok(success_if(sound))
            }
            Self::TrialBalance(config) => lines(&Asked::of(config)?.get("/v1/ledger/trial-balance", &[])?["lines"]),
            Self::Statement { account, page } => {
                page.lines("/v1/ledger/statement", "lines", &[("account", account.clone())])
            }
        }
    }
}

impl Page {
    fn lines(&self, path: &str, field: &str, more: &[(&str, String)]) -> Result<ExitCode, CliError> {
        let mut query = vec![("limit", self.limit.to_string())];
        query.extend(self.after.iter().map(|after| ("after", after.clone())));
        query.extend(more.iter().cloned());
        lines(&Asked::of(&self.config)?.get(path, &query)?[field])
    }
}

impl One {
    fn shown(&self, path: &str) -> Result<ExitCode, CliError> {
        print(&pretty(&Asked::of(&self.config)?.get(&self.path(path)?, &[])?))
    }

    /// As it came: a number or a text in it may be one that no JSON reader gives back.
    fn shown_untouched(&self, path: &str) -> Result<ExitCode, CliError> {
        print(&Asked::of(&self.config)?.get_text(&self.path(path)?, &[])?)
    }

    fn sent(&self, path: &str) -> Result<Value, CliError> {
        Asked::of(&self.config)?.post(&self.path(path)?)
    }

    fn path(&self, path: &str) -> Result<String, CliError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return Err(CliError::input("ID: expected letters, digits, `_`, `-` and `.`"));
        }
        Ok(path.replace("{}", &self.id))
    }
}

/// A platform that can be asked.
pub(super) struct Asked {
    base: String,
    token: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Asked {
    pub(super) fn of(file: &ConfigFile) -> Result<Self, CliError> {
        Self::within(PATIENCE, file)
    }

    /// With an answer awaited for so long.
    fn within(patience: Duration, file: &ConfigFile) -> Result<Self, CliError> {
        let config = Config::load(&file.config).map_err(CliError::input)?;
        let http = reqwest::Client::builder().timeout(patience).build().map_err(|error| CliError::failed(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CliError::failed(&error))?;
        let token = config.server.token.expose().to_owned();
        Ok(Self { base: format!("http://{}", config.server.listen), token, http, runtime })
    }

    pub(super) fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, CliError> {
        parsed(&self.get_text(path, query)?)
    }

    fn get_text(&self, path: &str, query: &[(&str, String)]) -> Result<String, CliError> {
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", self.base), query)
            .map_err(|error| CliError::failed(&error))?;
        self.answer(self.http.get(url))
    }

    pub(super) fn post(&self, path: &str) -> Result<Value, CliError> {
        let key = uuid::Uuid::new_v4().to_string();
        let request = self.http.post(format!("{}{path}", self.base)).header("idempotency-key", key);
        parsed(&self.answer(request.json(&serde_json::json!({})))?)
    }

    fn answer(&self, request: reqwest::RequestBuilder) -> Result<String, CliError> {
        let unanswered = |error: reqwest::Error| {
            let hint = format!("no platform answers at {}: start it with `weir run`", self.base);
            if error.is_connect() { CliError::Failed(hint) } else { CliError::failed(&error) }
        };
        self.runtime.block_on(async {
            let response = request.bearer_auth(&self.token).send().await.map_err(unanswered)?;
            let status = response.status();
            let body = response.text().await.map_err(unanswered)?;
            if status.is_success() {
                return Ok(body);
            }
            let body: Value = parsed(&body)?;
            let detail = body["detail"].as_str().unwrap_or("it did not say why").to_owned();
            Err(if status.is_client_error() { CliError::input(detail) } else { CliError::Failed(detail) })
        })
    }
}

fn parsed(body: &str) -> Result<Value, CliError> {
    serde_json::from_str(body).map_err(|error| CliError::failed(&error))
}

pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a JSON value prints")
}

/// Each element on a line of its own; nothing at all for none.
pub(super) fn lines(values: &Value) -> Result<ExitCode, CliError> {
    let lines: Vec<String> = values.as_array().into_iter().flatten().map(Value::to_string).collect();
    if lines.is_empty() { Ok(ExitCode::SUCCESS) } else { print(&lines.join("\n")) }
}

/// The exit code of a command that asks whether something is so.
const fn success_if(so: bool) -> ExitCode {
    if so { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
