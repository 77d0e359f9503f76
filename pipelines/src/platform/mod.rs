//! The platform put together: log, state, stages, lending and the app that the routes ask, from one configuration.

mod disk;
mod embedded;
mod groups;
mod online;
mod retention;
mod roles;
mod supervision;
mod surroundings;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinHandle;
use weir_ingest::collector::Collector;
use weir_ingest::dead_letters::DeadLetters;
use weir_ingest::log::LogError;
use weir_ingest::log::kafka::BrokerError;
use weir_ingest::state::SnapshotError;
use weir_lending::api::{DaysClosed, Lending, LendingConfig, Ports};
use weir_lending::payment::{HttpPaymentChannel, Signer};
use weir_lending::vault::KeyCheckError;
use weir_messages::privacy::{Keyring, Tokenizer};
use weir_messages::{Clock, ManualClock};

use disk::DiskWatch;
use retention::Trimming;
pub(crate) use roles::{Role, Roles};
use supervision::Opening;
pub(crate) use supervision::Supervision;

use crate::config::{Config, ConfigError};
use crate::content::{Content, ContentError};
use crate::decisions::{DecisionRecords, DeliveryError};
use crate::engines::{Engines, EnginesError};
use crate::fold::{FoldError, Surroundings, topic_retention};
use crate::http::{App, Desk, Inference, Intake, Served};
use crate::lineup::{Deciding, LineupError};
use crate::log::{LogDecisions, LogSink};
use crate::watching::Watching;

/// How often the end of a business day is looked for on a real clock.
const LOOK_FOR_DAYS_END: Duration = Duration::from_secs(60);
/// How long the end waits for the latest values to reach other readers.
const LAST_VALUES: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("--roles: a process on a log of its own runs all of them; several share `[kafka]`")]
    Roles,
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("{0}")]
    Retention(String),
    #[error(transparent)]
    Lineup(#[from] LineupError),
    #[error("{}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the event log cannot be opened")]
    Log(#[from] LogError),
    #[error("kafka")]
    Kafka(#[from] BrokerError),
    #[error("the object store cannot be opened")]
    Objects(#[from] SnapshotError),
    #[error("the fold cannot start")]
    Fold(#[from] FoldError),
    #[error("database.url: {database} cannot be opened")]
    Database { database: String, source: KeyCheckError },
    #[error("the engines kept for old decisions cannot be opened")]
    Engines(#[from] EnginesError),
    #[error("decisions cannot be delivered")]
    Delivery(#[from] DeliveryError),
    #[error("payments.url")]
    Payments(#[source] reqwest::Error),
}

/// Where time comes from in this process.
#[derive(Debug, Clone)]
pub(crate) struct Clocks {
    pub clock: Arc<dyn Clock>,
    pub manual: Option<Arc<ManualClock>>,
}

/// What folds and delivers.
#[derive(Debug)]
enum Running {
    Embedded(embedded::Running),
    Groups(groups::Groups),
}

/// Everything that runs, without the listener.
#[derive(Debug)]
pub(crate) struct Platform {
    pub app: Arc<App>,
    running: Running,
    /// Who decides; only where this process decides or runs decisions again.
    deciding: Option<Deciding>,
    /// End of days, room on the disk and, where the log is embedded, its retention.
    background: [Option<JoinHandle<()>>; 3],
}

/// The keys of this process.
struct Keys {
    keyring: Arc<Keyring>,
    tokens: Arc<Tokenizer>,
}

impl Platform {
    pub(crate) async fn open(
        config: &Config,
        roles: &Roles,
        clocks: Clocks,
        supervision: &Supervision,
        prometheus: PrometheusHandle,
    ) -> Result<Self, StartError> {
        let content = Content::load(&config.content)?;
        content.check_lateness(config.limits.repeat_window()?)?;
        topic_retention::check(config, &content).map_err(StartError::Retention)?;
        let keys = Keys { keyring: Arc::new(config.keyring()?), tokens: Arc::new(config.tokenizer()?) };
        let (mut around, embedded_log) = surroundings::open(config, roles, &keys.keyring, supervision).await?;
        let opening = Opening::with(supervision.tasks.clone());
        let engines = Arc::new(Engines::open(&config.data.join("engines"))?);
        let deciding = match roles.run(Role::Scoring) || roles.run(Role::Lending) {
            true => Some(Deciding::open(config, &content, &engines, &around).await?),
            false => None,
        };
        let lineup = deciding.as_ref().map(|deciding| &deciding.lineup);
        around.online = online::open(config, &content, lineup, &around.tasks)?;
        around.watching = lineup.map(|lineup| Arc::new(Watching::new(Arc::clone(lineup))));
        let state = config.data.join("state");
        // Its state is opened before anybody may ask for anything.
        let fold = match (&config.kafka, lineup) {
            (None, Some(lineup)) => Some(embedded::open(&around, &content, lineup, state.clone()).await?),
            (_, _) => None,
        };
        let desk = match roles.run(Role::Lending) {
            true => Some(desk(config, &content, &clocks, &keys, &around, engines).await?),
            false => None,
        };
        let inference = Inference::new(Served::by(lineup.cloned()));
        let intake = roles.run(Role::Ingest).then(|| intake(config, &clocks, &keys, &around));
        let app = Arc::new(app(config, intake, desk, inference, clocks, &around, prometheus));
        let running = match (fold, &config.kafka) {
            (Some(fold), _) => Running::Embedded(embedded::Running::start(fold, &around, &app).await?),
            (None, Some(settings)) => {
                let (content, around, app) = (&content, &around, &app);
                let threads = config.limits.fold_threads.max(1);
                let lineup = lineup.filter(|_| roles.run(Role::Scoring));
                let parts = groups::Parts { settings, roles, content, lineup, around, app, state, threads };
                Running::Groups(groups::Groups::start(&parts)?)
            }
            (None, None) => unreachable!("without Kafka there is a fold"),
        };
        let days = tokio::spawn(around.tasks.watch("day-end", ends_of_days(Arc::clone(&app))));
        let disk = tokio::spawn(around.tasks.watch("disk", DiskWatch::of(config, &app).run()));
        let trimming = embedded_log.map(|log| Trimming::of(log, config.retention, &app).run());
        let trimming = trimming.map(|run| tokio::spawn(around.tasks.watch("retention", run)));
        opening.done();
        Ok(Self { app, running, deciding, background: [Some(days), Some(disk), trimming] })
    }

    /// Finishes the batch at hand, saves, and closes the stores.
    pub(crate) async fn close(self) -> Result<(), FoldError> {
        self.background.iter().flatten().for_each(JoinHandle::abort);
        self.deciding.iter().for_each(Deciding::close);
        let closed = match self.running {
            Running::Embedded(running) => running.close().await,
            Running::Groups(groups) => {
                groups.close().await;
                Ok(())
            }
        };
        if let Some(desk) = &self.app.desk {
            desk.lending.close().await;
        }
        if let Some(online) = &self.app.online {
            online.drain(LAST_VALUES).await;
        }
        closed
    }
}

fn app(
    config: &Config,
    intake: Option<Intake>,
    desk: Option<Desk>,
    inference: Inference,
    clocks: Clocks,
    around: &Surroundings,
    prometheus: PrometheusHandle,
) -> App {
    App {
        clock: clocks.clock,
        manual_clock: clocks.manual,
        intake,
        desk,
        inference,
        vitals: Arc::clone(&around.vitals),
        online: around.online.clone(),
        watching: around.watching.clone(),
        limits: config.limits.clone(),
        prometheus,
    }
}

fn intake(config: &Config, clocks: &Clocks, keys: &Keys, around: &Surroundings) -> Intake {
    let (log, tokens) = (Arc::clone(&around.log), Arc::clone(&keys.tokens));
    let collector = Collector::new(log, tokens, around.seals.clone(), Arc::clone(&clocks.clock));
    let collector = collector.with_repeat_window(around.repeats).with_earliest(config.limits.earliest_event);
    let collector = Arc::new(collector);
    let dead_letters = DeadLetters::new(Arc::clone(&around.log), around.seals.clone(), Arc::clone(&collector));
    Intake { collector, dead_letters }
}

async fn desk(
    config: &Config,
    content: &Content,
    clocks: &Clocks,
    keys: &Keys,
    around: &Surroundings,
    engines: Arc<Engines>,
) -> Result<Desk, StartError> {
    let (payments, clock) = (&config.payments, Arc::clone(&clocks.clock));
    let signer = Signer::new(payments.secret.expose());
    let channel = HttpPaymentChannel::new(&payments.url, signer, payments.timeout(), Arc::clone(&clock))
        .map_err(StartError::Payments)?;
    let fail_point = Arc::clone(&around.fail_point);
    let ports = Ports {
        clock,
        tokens: Arc::clone(&keys.tokens),
        keyring: Arc::clone(&keys.keyring),
        payments: Arc::new(channel),
        events: Arc::new(LogSink(Arc::clone(&around.log))),
        decisions: Arc::new(LogDecisions(Arc::clone(&around.log))),
        fail_point: Arc::new(move |place| fail_point.pass(place)),
        tasks: around.tasks.part(),
    };
    let database = config.database.database(&config.data)?;
    let settings = LendingConfig {
        database: database.clone(),
        lender: config.lender.name.clone(),
        products: content.products.clone(),
        caps: content.caps.clone(),
        upkeep: config.lending.upkeep(),
        zone: config.zone()?,
    };
    let lending = Lending::open(settings, ports).await;
    let lending = lending.map_err(|source| StartError::Database { database: database.to_string(), source })?;
    let decisions = DecisionRecords::new(Arc::clone(&around.log), lending.clone(), engines);
    Ok(Desk { lending, decisions })
}

/// On a real clock days end by themselves; a manual one ends them when it is moved.
async fn ends_of_days(app: Arc<App>) {
    let mut look = tokio::time::interval(LOOK_FOR_DAYS_END);
    let mut closed = None;
    loop {
        look.tick().await;
        let today = app.business_date();
        if closed == today {
            continue;
        }
        match app.close_days().await {
            Ok(DaysClosed { loans, applications }) => {
                closed = today;
                let today = today.map(tracing::field::display);
                tracing::info!(today, loans, applications, "days before today are closed");
            }
            Err(error) => tracing::warn!(error = %weir_messages::Causes(&error), "the day's end waits"),
        }
    }
}
