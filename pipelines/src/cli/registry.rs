//! Commands on the registry of models. They need no running platform: whoever decides follows the moves by itself.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use tokio::runtime::Runtime;
use weir_messages::{Causes, Clock, SystemClock};
use weir_scoring::gate::{self, Passed};
use weir_scoring::lineup::Share;
use weir_scoring::registry::{Aliases, Author, Order, Registry, RegistryError, Seal, SigningKey};
use weir_scoring::{Content as Files, registry};

use super::models::package;
use super::{CliError, ConfigFile, print};
use crate::config::Config;
use crate::content::Content;
use crate::lineup;

/// Where the registry is.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    config: ConfigFile,
    /// The registry, in place of the configuration's `models.url`
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
}

/// What stands in the audit trail.
#[derive(Debug, Args)]
struct Signed {
    /// Who does this
    #[arg(long, env = "USER", value_name = "NAME")]
    who: String,
    /// Why, in a few words
    #[arg(long, value_name = "TEXT")]
    why: String,
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// Folder of the package, or an MLflow model folder
    #[arg(value_name = "PACKAGE_DIR")]
    package: PathBuf,
    /// File of the private key, as `weir models keygen` makes it
    #[arg(long, env = "WEIR_MODELS_KEY", value_name = "FILE")]
    key: PathBuf,
    /// Who seals it
    #[arg(long, env = "USER", value_name = "NAME")]
    who: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Promote {
    /// The model
    name: String,
    /// Its version
    // Not under the name `version`, which is a flag of every command.
    #[arg(id = "which", value_name = "VERSION")]
    version: u32,
    /// As challenger for this share of the customers, in percent, beside the champion
    #[arg(long, value_name = "PERCENT")]
    share: Option<Share>,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The model
    name: String,
    /// End the experiment; the champion stays
    #[arg(long)]
    challenger: bool,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Shadow {
    /// The model
    name: String,
    /// Its version
    // Not under the name `version`, which is a flag of every command.
    #[arg(id = "which", value_name = "VERSION")]
    version: u32,
    /// Ask it no more
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this model alone
    name: Option<String>,
    /// One JSON line for each version
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The model
    name: String,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

struct Opened {
    registry: Registry,
    config: Config,
    runtime: Runtime,
}

impl Place {
    fn open(&self) -> Result<Opened, CliError> {
        let config = Config::load(&self.config.config).map_err(CliError::input)?;
        let models = lineup::models(&config).map_err(CliError::input)?;
        let registry = lineup::registry(models, self.registry.as_deref());
        let registry = registry.map_err(|error| CliError::input(Causes(&error)))?;
        let runtime = Runtime::new().map_err(|error| CliError::failed(&error))?;
        Ok(Opened { registry, config, runtime })
    }
}

impl Signed {
    fn author(&self) -> Author {
        Author { who: self.who.clone(), at: SystemClock.now(), why: self.why.clone() }
    }
}

impl Opened {
    /// What the registry answers: an error of the caller's, unless nobody could answer.
    fn ask<T>(&self, asked: impl Future<Output = Result<T, RegistryError>>) -> Result<T, CliError> {
        self.runtime.block_on(asked).map_err(|error| {
            let unanswered = matches!(error, RegistryError::Shelf(_) | RegistryError::Overtaken { .. });
            if unanswered { CliError::failed(&error) } else { CliError::input(Causes(&error)) }
        })
    }

    /// Views are loaded here alone: where they are broken, a rollback is wanted all the more.
    fn gate(&self, package: &Files) -> Result<Passed, CliError> {
        let content = Content::load(&self.config.content).map_err(|error| CliError::input(Causes(&error)))?;
        let report = gate::examine(package, Some(&content.columns));
        report
            .passed()
            .ok_or_else(|| CliError::input(format_args!("the gate refuses it: {}", report.reasons.join("; "))))
    }

    /// A version that is sealed, and passes the gate today.
    fn passing(&self, name: &str, version: u32) -> Result<registry::Version, CliError> {
        let seal = self.ask(self.registry.seal(name, version))?;
        self.gate(&self.ask(self.registry.package(&seal))?)?;
        Ok(seal.id())
    }

    fn order(&self, name: &str, order: Order, signed: &Signed) -> Result<ExitCode, CliError> {
        self.ask(self.registry.make(name, order, signed.author()))?;
        let aliases = self.ask(self.registry.aliases(name))?;
        print(&stands(name, &aliases))
    }
}

impl Deploy {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let opened = self.place.open()?;
        let key = SigningKey::read(&self.key).map_err(|error| CliError::input(Causes(&error)))?;
        let package = package(&self.package).map_err(CliError::input)?;
        let passed = opened.gate(&package)?;
        let seal = opened.ask(opened.registry.deploy(&package, &passed, &key, &self.who, SystemClock.now()))?;
        let Seal { name, version, hash, author, sealed_at, key, .. } = seal;
        print(&format!("{name} version {version} is package {hash}, sealed by {author} at {sealed_at} with key {key}"))
    }
}

impl Promote {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let opened = self.place.open()?;
        let version = opened.passing(&self.name, self.version)?;
        let order = match self.share {
            Some(share) => Order::Challenge(version, share),
            None => Order::Promote(version),
        };
        opened.order(&self.name, order, &self.signed)
    }
}

impl Rollback {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let order = if self.challenger { Order::EndChallenge } else { Order::Rollback };
        self.place.open()?.order(&self.name, order, &self.signed)
    }
}

impl Shadow {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let opened = self.place.open()?;
        let order = match self.off {
            true => Order::Unshadow(opened.ask(opened.registry.seal(&self.name, self.version))?.id()),
            false => Order::Shadow(opened.passing(&self.name, self.version)?),
        };
        opened.order(&self.name, order, &self.signed)
    }
}

impl List {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let opened = self.place.open()?;
        let names = match &self.name {
            Some(name) => vec![name.clone()],
            None => opened.ask(opened.registry.names())?,
        };
        let mut lines = Vec::new();
        for name in names {
            let aliases = opened.ask(opened.registry.aliases(&name))?;
            for (version, seal) in opened.ask(opened.registry.seals(&name))? {
                lines.push(self.line(&name, version, seal, &aliases));
            }
        }
        if lines.is_empty() { Ok(ExitCode::SUCCESS) } else { print(&lines.join("\n")) }
    }

    fn line(&self, name: &str, version: u32, seal: Result<Seal, RegistryError>, aliases: &Aliases) -> String {
        match (seal, self.json) {
            (Ok(seal), true) => json!({ "seal": seal, "is": aliases.named(&seal.id()) }).to_string(),
            (Ok(seal), false) => {
                let (is, hash) = (aliases.named(&seal.id()).join(", "), seal.hash.chars().take(12).collect::<String>());
                format!("{name} {version}\t{hash}\t{} {}\t{is}", seal.sealed_at, seal.author)
            }
            (Err(error), true) => {
                json!({ "name": name, "version": version, "refused": Causes(&error).to_string() }).to_string()
            }
            (Err(error), false) => format!("{name} {version}\trefused: {}", Causes(&error)),
        }
    }
}

impl Show {
    pub(crate) fn run(&self) -> Result<ExitCode, CliError> {
        let opened = self.place.open()?;
        let moves = opened.ask(opened.registry.moves(&self.name, 1))?;
        let aliases = Aliases::of(&moves);
        if self.json {
            return print(&json!({ "name": self.name, "stands": aliases, "moves": moves }).to_string());
        }
        let version = |version: &Option<registry::Version>| {
            version.as_ref().map_or("nobody".to_owned(), |version| version.version.to_string())
        };
        let mut lines = vec![stands(&self.name, &aliases)];
        lines.extend(moves.iter().map(|one| {
            let (alias, previous, to) = (one.alias.name(), version(&one.previous), version(&one.to));
            let share = one.share.map(|share| format!(" for {share}")).unwrap_or_default();
            let Author { who, at, why } = &one.author;
            format!("{at} {who}: {alias} {previous} -> {to}{share}: {why}")
        }));
        print(&lines.join("\n"))
    }
}

/// What stands, on one line.
fn stands(name: &str, aliases: &Aliases) -> String {
    let champion = aliases.champion.as_ref().map_or("nobody".to_owned(), |version| version.version.to_string());
    let challenger = aliases.challenger.as_ref();
    let challenger = challenger.map(|(version, share)| format!(", challenger {} for {share}", version.version));
    let shadows: Vec<String> = aliases.shadows.iter().map(|version| version.version.to_string()).collect();
    let shadows = if shadows.is_empty() { String::new() } else { format!(", shadows {}", shadows.join(", ")) };
    format!("{name}: champion {champion}{}{shadows}", challenger.unwrap_or_default())
}
