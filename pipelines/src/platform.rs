//! The platform put together: log, state, stages, lending and the app that the routes ask, from one configuration.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use weir_features::FeatureStage;
use weir_ingest::admission::Admission;
use weir_ingest::collector::Collector;
use weir_ingest::dead_letters::DeadLetters;
use weir_ingest::log::{EmbeddedLog, EventLog, LogError};
use weir_ingest::state::{StateError, StateStore};
use weir_lending::api::{Lending, LendingConfig, Ports};
use weir_lending::payment::{HttpPaymentChannel, Signer};
use weir_lending::store::StoreError;
use weir_messages::{Clock, ManualClock, Topic};
use weir_scoring::Decider;

use crate::config::{Config, ConfigError};
use crate::content::{Content, ContentError};
use crate::decisions::{DecisionRecords, Delivery, DeliveryError, INDEX};
use crate::engines::{self, Engines, EnginesError};
use crate::failpoint::FailPoint;
use crate::fold::{Chain, Fold, FoldError, STATE};
use crate::http::App;
use crate::log::{LogSink, WatchedLog};
use crate::vitals::Vitals;

/// How often the end of a business day is looked for on a real clock.
const LOOK_FOR_DAYS_END: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("{}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the event log cannot be opened")]
    Log(#[from] LogError),
    #[error("the stages' state cannot be opened")]
    State(#[from] StateError),
    #[error("the fold cannot start")]
    Fold(#[from] FoldError),
    #[error("the database cannot be opened")]
    Store(#[from] StoreError),
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

/// Everything that runs, without the listener.
#[derive(Debug)]
pub(crate) struct Platform {
    pub app: Arc<App>,
    stop: Arc<AtomicBool>,
    fold: std::thread::JoinHandle<Result<(), FoldError>>,
    /// Speaks when the fold has ended, by order or by an error.
    fold_ended: oneshot::Receiver<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl Platform {
    pub(crate) async fn open(
        config: &Config,
        clocks: Clocks,
        fail_point: FailPoint,
        prometheus: PrometheusHandle,
    ) -> Result<Self, StartError> {
        let content = Content::load(&config.content)?;
        let [log_folder, state_folder, engines_folder] = ["log", "state", "engines"].map(|name| config.data.join(name));
        for path in [&config.data, &engines_folder] {
            std::fs::create_dir_all(path).map_err(|source| StartError::Folder { path: path.clone(), source })?;
        }
        let (vitals, fail_point) = (Arc::new(Vitals::default()), Arc::new(fail_point));
        let (keyring, tokens) = (Arc::new(config.keyring()?), Arc::new(config.tokenizer()?));
        let log: Arc<dyn EventLog> = Arc::new(WatchedLog {
            log: Arc::new(EmbeddedLog::open(&log_folder)?),
            vitals: Arc::clone(&vitals),
            fail_point: Arc::clone(&fail_point),
        });

        let chain = Chain {
            admission: Admission::new(Arc::clone(&keyring), log.partitions(Topic::Events)),
            features: FeatureStage::new(Arc::clone(&content.views)),
            decider: Decider::new(Arc::clone(&content.engine)),
        };
        let mut names = chain.names();
        names.push(STATE.to_owned());
        let store = Arc::new(StateStore::open(&state_folder, &names)?);
        let engine = (engines::name_of(&content.engine), Duration::from_millis(config.limits.save_every_ms));
        let watched = (Arc::clone(&vitals), Arc::clone(&fail_point));
        let fold = Fold::open(Arc::clone(&log), Arc::clone(&store), chain, engine, watched).await?;

        let lending = lending(config, &content, &clocks, &log, (&keyring, &tokens), &fail_point).await?;
        let engines = Arc::new(Engines::open(&engines_folder, &content)?);
        let decisions = Arc::new(DecisionRecords::new(Arc::clone(&log), store.index(INDEX)?, engines));
        let delivery = Delivery::open(Arc::clone(&log), Arc::clone(&decisions), lending.clone()).await?;
        let (clock, keys) = (Arc::clone(&clocks.clock), Arc::clone(&keyring));
        let collector = Arc::new(Collector::new(Arc::clone(&log), tokens, keys, clock));
        let app = Arc::new(App {
            clock: clocks.clock,
            manual_clock: clocks.manual,
            dead_letters: DeadLetters::new(Arc::clone(&log), keyring, Arc::clone(&collector)),
            collector,
            decisions,
            lending,
            vitals: Arc::clone(&vitals),
            limits: config.limits.clone(),
            prometheus,
        });
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, fold_ended) = oneshot::channel();
        let fold = on_a_thread(fold, Arc::clone(&stop), vitals, ended);
        let tasks = vec![tokio::spawn(delivery.run()), tokio::spawn(ends_of_days(Arc::clone(&app)))];
        Ok(Self { app, stop, fold, fold_ended, tasks })
    }

    /// Waits until the fold has ended, which without an order it does only by an error.
    pub(crate) async fn fold_ended(&mut self) {
        (&mut self.fold_ended).await.ok();
    }

    /// Finishes the batch at hand, saves, and closes the stores.
    pub(crate) async fn close(self) -> Result<(), FoldError> {
        self.stop.store(true, Ordering::Relaxed);
        let fold = tokio::task::spawn_blocking(move || self.fold.join()).await;
        self.tasks.iter().for_each(JoinHandle::abort);
        self.app.lending.close().await;
        fold.expect("joining does not panic").expect("a fold that panics is a defect, seen in its own message")
    }
}

async fn lending(
    config: &Config,
    content: &Content,
    clocks: &Clocks,
    log: &Arc<dyn EventLog>,
    (keyring, tokens): (&Arc<weir_messages::privacy::Keyring>, &Arc<weir_messages::privacy::Tokenizer>),
    fail_point: &Arc<FailPoint>,
) -> Result<Lending, StartError> {
    let (payments, clock) = (&config.payments, Arc::clone(&clocks.clock));
    let channel = HttpPaymentChannel::new(
        &payments.url,
        Signer::new(payments.secret.expose()),
        payments.timeout(),
        Arc::clone(&clock),
    )
    .map_err(StartError::Payments)?;
    let fail_point = Arc::clone(fail_point);
    let ports = Ports {
        clock,
        tokens: Arc::clone(tokens),
        keyring: Arc::clone(keyring),
        payments: Arc::new(channel),
        events: Arc::new(LogSink(Arc::clone(log))),
        fail_point: Arc::new(move |place| fail_point.pass(place)),
    };
    let settings = LendingConfig {
        database: config.data.join("lending.sqlite"),
        lender: config.lender.name.clone(),
        products: content.products.clone(),
        caps: content.caps.clone(),
    };
    Ok(Lending::open(settings, ports).await?)
}

fn on_a_thread(
    fold: Fold,
    stop: Arc<AtomicBool>,
    vitals: Arc<Vitals>,
    ended: oneshot::Sender<()>,
) -> std::thread::JoinHandle<Result<(), FoldError>> {
    let runtime = Handle::current();
    let run = move || {
        let result = fold.run(&runtime, &stop);
        if let Err(error) = &result {
            tracing::error!(error = %weir_messages::Causes(error), "the fold cannot go on");
        }
        vitals.stopped();
        ended.send(()).ok();
        result
    };
    std::thread::Builder::new().name("fold".to_owned()).spawn(run).expect("a process can start a thread at its start")
}

/// On a real clock days end by themselves; a manual one ends them when it is moved.
async fn ends_of_days(app: Arc<App>) {
    let mut look = tokio::time::interval(LOOK_FOR_DAYS_END);
    let mut closed = None;
    loop {
        look.tick().await;
        let now = app.clock.now();
        if closed == Some(now.date()) {
            continue;
        }
        match app.close_days(now).await {
            Ok(changed) => {
                closed = Some(now.date());
                tracing::info!(day = %now.date(), loans = changed, "days before this one are closed");
            }
            Err(error) => tracing::warn!(error = %weir_messages::Causes(&error), "the day's end waits"),
        }
    }
}
