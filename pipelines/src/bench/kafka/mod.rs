//! The groups on a broker: events a second into durable state, and the way of an application over the topics.

mod latency;
mod rebalance;
mod throughput;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use weir_features::DEFAULT_PART_WAIT_SECONDS;
use weir_ingest::RepeatWindow;
use weir_ingest::dead_letters::Seals;
use weir_ingest::log::EventLog;
use weir_ingest::log::kafka::{KafkaLog, KafkaSettings, topics};
use weir_ingest::state::{ObjectsSettings, Snapshots};
use weir_messages::Tasks;
use weir_messages::privacy::Keyring;
use weir_scoring::{Content as Files, CurrentLineup, Lineup};

use super::{Common, OWN_VIEWS, failed, views};
use crate::content::Content;
use crate::demo::DemoError;
use crate::demo::figures::Latencies;
use crate::demo::folder::Folder;
use crate::demo::platform::content_root;
use crate::failpoint::FailPoint;
use crate::fold::Surroundings;
use crate::fold::members::Parts;
use crate::vitals::Vitals;

const PARTITIONS: u16 = 4;
/// Those through the shuffle.
const SHARED_VIEWS: [&str; 2] = ["device_sharing", "ip_sharing"];

#[derive(Debug, clap::Args)]
pub(crate) struct Kafka {
    #[command(flatten)]
    common: Common,
    /// Events folded to measure throughput
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    events: u64,
    /// Applications a second to measure the way of one
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "200,2000")]
    rates: Vec<u32>,
    /// Customers whose state is shared with one instance more
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    customers: u64,
}

/// Topics of a prefix of their own, and a folder for state.
struct Installation {
    settings: KafkaSettings,
    around: Surroundings,
    state: PathBuf,
}

impl Installation {
    async fn new(brokers: &str, state: PathBuf) -> Result<Self, DemoError> {
        let mut settings = KafkaSettings::plain(brokers);
        settings.prefix = format!("bench-{}.", uuid::Uuid::now_v7().simple());
        topics::apply(&settings, PARTITIONS).await.map_err(failed)?;
        let log: Arc<dyn EventLog> = Arc::new(KafkaLog::open(&settings).await.map_err(failed)?);
        let keyring = Keyring::new("k1", [("k1".to_owned(), [7; 32])].into()).map_err(failed)?;
        let around = Surroundings {
            repeats: RepeatWindow::default(),
            part_wait_seconds: DEFAULT_PART_WAIT_SECONDS,
            log,
            seals: Seals::new(Arc::new(keyring)),
            save_every: Duration::from_secs(1),
            rebuild_from_kept: false,
            snapshots: None,
            online: None,
            watching: None,
            vitals: Arc::new(Vitals::default()),
            tasks: Tasks::default(),
            fail_point: Arc::new(FailPoint::default()),
        };
        Ok(Self { settings, around, state })
    }
}

impl Installation {
    /// What the folds of a member are made of, with their state in `state`.
    fn folds<'a>(&'a self, state: &'a std::path::Path) -> Parts<'a> {
        Parts { around: &self.around, state, committed: None }
    }

    fn keep_snapshots(&mut self, objects: &std::path::Path) -> Result<(), DemoError> {
        let url = format!("file://{}", objects.display());
        let settings = ObjectsSettings { url, every_seconds: 5, options: BTreeMap::new() };
        let snapshots = Snapshots::open(&settings).map_err(failed)?;
        self.around.snapshots = Some((snapshots, Duration::from_secs(settings.every_seconds)));
        Ok(())
    }
}

impl Kafka {
    pub(super) async fn measure(&self) -> Result<String, DemoError> {
        let Common { seconds, ref data, seed, ref servers } = self.common;
        let brokers = servers.kafka().ok_or_else(|| DemoError::Input("--kafka: expected the brokers".to_owned()))?;
        let (folder, root) = (Folder::prepare(data)?, content_root()?);
        let mut lines = Vec::new();
        let mut place = (0..).map(|number: u32| folder.platform().join(number.to_string()));
        let mut installation = async || Installation::new(brokers, place.next().expect("it has no end")).await;

        for (what, shared, stated) in [("customer views", &[][..], 200_000), ("and device, ip", &SHARED_VIEWS, 80_000)]
        {
            let views = views(&root, &folder, &[&OWN_VIEWS[..], shared].concat())?;
            // The first run warms the broker.
            for events in [self.events / 5, self.events] {
                let measured = throughput::measure(&installation().await?, Arc::clone(&views), events, seed).await?;
                if events == self.events {
                    lines.push(format!(
                        "{what:18}{:>10.0} events/s into durable state, stated {stated} ({} shuffled; produced at {:.0} events/s)",
                        measured.folded, measured.shuffled, measured.produced
                    ));
                }
            }
        }
        let objects = folder.platform().join("objects");
        let mut shared = installation().await?;
        shared.keep_snapshots(&objects)?;
        let own = views(&root, &folder, &OWN_VIEWS)?;
        let took = rebalance::measure(&shared, own, &objects, self.customers).await?;
        let (customers, took) = (self.customers, took.as_secs_f64());
        lines.push(format!("one instance more, {customers} customers: at work after {took:.1} s, stated 10 s"));
        let content = Content::load(&crate::config::Content::under(&root)).map_err(failed)?;
        let model = Files::read_model(&root.join("models/german_credit")).map_err(failed)?;
        let engine = Arc::new(content.engine(&model).map_err(failed)?.timed());
        let lineup = Arc::new(CurrentLineup::new(Lineup::of(engine)));
        for rate in &self.rates {
            let bare = latency::bare(&installation().await?, *rate, seconds).await?;
            let decided = latency::decisions(&installation().await?, (&content, &lineup), *rate, seconds).await?;
            lines.push(row(*rate, "three bare hops", &bare));
            lines.push(row(*rate, "application to decision", &decided));
        }
        Ok(lines.join("\n"))
    }
}

fn row(rate: u32, what: &str, measured: &Latencies) -> String {
    let [p50, p99] = [0.5, 0.99].map(|quantile| measured.quantile(quantile).as_secs_f64() * 1e3);
    format!("{rate:>5}/s  {what:26}p50 {p50:>8.2} ms   p99 {p99:>8.2} ms   ({} of them)", measured.count())
}
