//! What lending set aside: listed, shown and tried again on a running platform.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::asks::{Asked, lines, pretty};
use super::{CliError, ConfigFile, print};

/// Items asked for at a time.
const PAGE: usize = 1_000;

#[derive(Debug, Subcommand)]
pub(crate) enum Parked {
    /// One JSON line for each item: its kind and id, why it is parked, since when, how often it was tried
    List {
        #[command(flatten)]
        config: ConfigFile,
        /// Only items of this kind: decision, day_end, payout or outbox
        #[arg(long)]
        kind: Option<String>,
    },
    /// One item
    Show {
        /// decision, day_end, payout or outbox
        kind: String,
        /// As it is listed
        id: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Try an item again, or all of them; a JSON line each, and exits 1 when one is still parked
    Retry {
        /// decision, day_end, payout or outbox
        #[arg(required_unless_present = "all")]
        kind: Option<String>,
        /// As it is listed
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Every item; with a kind, every item of it
        #[arg(long, conflicts_with = "id")]
        all: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
}

impl Parked {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        match self {
            Self::List { config, kind } => lines(&Value::Array(every(&Asked::of(config)?, kind.as_deref())?)),
            Self::Show { kind, id, config } => print(&pretty(&Asked::of(config)?.get(&path(kind, id)?, &[])?)),
            Self::Retry { kind, id, config, .. } => {
                let asked = Asked::of(config)?;
                let items = match (kind, id) {
                    (Some(kind), Some(id)) => vec![(kind.clone(), id.clone())],
                    (kind, _) => every(&asked, kind.as_deref())?
                        .iter()
                        .map(|item| (text(item, "kind"), text(item, "id")))
                        .collect(),
                };
                retry(&asked, &items)
            }
        }
    }
}

fn retry(asked: &Asked, items: &[(String, String)]) -> Result<ExitCode, CliError> {
    let mut code = ExitCode::SUCCESS;
    for (kind, id) in items {
        let answer = asked.post(&format!("{}/retry", path(kind, id)?))?;
        if answer["outcome"] == "parked" {
            code = ExitCode::FAILURE;
        }
        print(&answer.to_string())?;
    }
    Ok(code)
}

fn every(asked: &Asked, kind: Option<&str>) -> Result<Vec<Value>, CliError> {
    let mut items: Vec<Value> = Vec::new();
    loop {
        let mut query = vec![("limit", PAGE.to_string())];
        query.extend(kind.map(|kind| ("kind", kind.to_owned())));
        if let Some(last) = items.last() {
            query.extend([("after_kind", text(last, "kind")), ("after", text(last, "id"))]);
        }
        let mut page = asked.get("/v1/parked", &query)?;
        match page["parked"].as_array_mut() {
            Some(page) if !page.is_empty() => items.append(page),
            Some(_) | None => return Ok(items),
        }
    }
}

fn text(item: &Value, field: &str) -> String {
    item[field].as_str().unwrap_or_default().to_owned()
}

fn path(kind: &str, id: &str) -> Result<String, CliError> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c));
    match plain(kind) && plain(id) {
        true => Ok(format!("/v1/parked/{kind}/{id}")),
        false => Err(CliError::input("KIND and ID: expected letters, digits, `_`, `-`, `.` and `:`")),
    }
}
