//! On Kafka each role is a member of the consumer groups whose topics it reads. The broker hands out partitions, and
//! state follows them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use weir_features::{CustomerStage, EntityStage, VectorStage};
use weir_ingest::admission::Admission;
use weir_ingest::intake::Intake;
use weir_ingest::log::LogError;
use weir_ingest::log::kafka::{self, Group, KafkaSettings, Member};
use weir_messages::privacy::Keyring;
use weir_messages::{Causes, Topic};
use weir_scoring::Decider;

use super::roles::{Role, Roles};
use crate::content::Content;
use crate::decisions::Deliveries;
use crate::fold::chain::{Chain, CustomerChain, DecisionChain, EntityChain};
use crate::fold::{Fold, Folds, OpenFold, Surroundings};
use crate::http::App;
use crate::vitals::Vitals;

const CUSTOMERS: (&str, Topic) = ("weir.customers", Topic::Events);
const ENTITIES: (&str, Topic) = ("weir.entities", Topic::EntityEvents);
const DECISIONS: (&str, Topic) = ("weir.decisions", Topic::Features);
const DELIVERIES: (&str, Topic) = ("weir.deliveries", Topic::Decisions);
const INTAKE: (&str, Topic) = ("weir.intake", Topic::Intake);

/// How often the lag is measured.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the members of the groups need.
pub(super) struct Parts<'a> {
    pub settings: &'a KafkaSettings,
    pub roles: &'a Roles,
    pub content: &'a Content,
    pub around: &'a Surroundings,
    pub keyring: &'a Arc<Keyring>,
    pub app: &'a App,
    /// Where the state of each partition has a folder.
    pub state: PathBuf,
}

#[derive(Debug)]
pub(super) struct Groups {
    running: Vec<kafka::Running>,
    watch: JoinHandle<()>,
}

impl Groups {
    /// `ended` speaks when a group has ended by an error.
    pub(super) fn start(parts: &Parts<'_>, ended: mpsc::Sender<()>) -> Result<Self, LogError> {
        let mut running = Vec::new();
        for ((group, topic), member) in parts.members() {
            running.push(Group::start(parts.settings, topic, group, member)?);
        }
        let alive = running.iter().map(kafka::Running::alive).collect();
        let watch = watch(parts.settings.clone(), watched(parts.roles), Arc::clone(&parts.around.vitals), alive, ended);
        Ok(Self { running, watch: tokio::spawn(watch) })
    }

    /// Saves, gives the partitions back and leaves.
    pub(super) async fn close(self) {
        self.watch.abort();
        for group in &self.running {
            group.stop();
        }
        let join = move || self.running.into_iter().for_each(kafka::Running::join);
        tokio::task::spawn_blocking(join).await.expect("joining does not panic");
    }
}

impl Parts<'_> {
    fn members(&self) -> Vec<((&'static str, Topic), Box<dyn Member>)> {
        let mut members: Vec<((&'static str, Topic), Box<dyn Member>)> = Vec::new();
        if self.roles.run(Role::Features) {
            let (views, keyring) = (Arc::clone(&self.content.views), Arc::clone(self.keyring));
            let partitions = self.around.log.partitions(Topic::Events);
            members.push((
                CUSTOMERS,
                self.folds("customers", move || CustomerChain {
                    admission: Admission::new(Arc::clone(&keyring), partitions),
                    customers: CustomerStage::new(Arc::clone(&views)),
                }),
            ));
            let (views, keyring) = (Arc::clone(&self.content.views), Arc::clone(self.keyring));
            members.push((
                ENTITIES,
                self.folds("entities", move || EntityChain {
                    keyring: Arc::clone(&keyring),
                    entities: EntityStage::new(Arc::clone(&views), partitions),
                }),
            ));
        }
        if self.roles.run(Role::Scoring) {
            let (engine, keyring) = (Arc::clone(&self.content.engine), Arc::clone(self.keyring));
            members.push((
                DECISIONS,
                self.folds("decisions", move || DecisionChain {
                    keyring: Arc::clone(&keyring),
                    vectors: VectorStage::default(),
                    decider: Decider::new(Arc::clone(&engine)),
                }),
            ));
        }
        if let Some(desk) = &self.app.desk {
            members.push((DELIVERIES, Box::new(Deliveries::new(desk.lending.clone(), Handle::current()))));
        }
        if let Some(intake) = &self.app.intake {
            members.push((INTAKE, Box::new(Intake::new(Arc::clone(&intake.collector), Handle::current()))));
        }
        members
    }

    fn folds<C: Chain + 'static>(&self, name: &str, chain: impl Fn() -> C + Send + 'static) -> Box<dyn Member> {
        let (around, folder, runtime) = (self.around.clone(), self.state.join(name), Handle::current());
        let open: OpenFold = Box::new(move |partition| {
            let folder = folder.join(partition.to_string());
            Handle::block_on(&runtime, Fold::open(around.clone(), &folder, Box::new(chain()), partition))
        });
        Box::new(Folds::new(open, Handle::current()))
    }
}

/// The groups whose lag this process watches: its own, and that of the customers, for whoever takes something in.
fn watched(roles: &Roles) -> Vec<(&'static str, Topic)> {
    let own =
        [(Role::Features, ENTITIES), (Role::Scoring, DECISIONS), (Role::Lending, DELIVERIES), (Role::Ingest, INTAKE)];
    let own = own.into_iter().filter(|(role, _)| roles.run(*role)).map(|(_, group)| group);
    std::iter::once(CUSTOMERS).chain(own).collect()
}

/// Measures how far the groups are behind, for the intake's back pressure and for charts, and sees that the members live.
async fn watch(
    settings: KafkaSettings,
    groups: Vec<(&'static str, Topic)>,
    vitals: Arc<Vitals>,
    alive: Vec<kafka::Alive>,
    ended: mpsc::Sender<()>,
) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        look.tick().await;
        if alive.iter().any(|alive| !alive.get()) {
            vitals.stopped();
            ended.send(()).await.ok();
        }
        for (group, topic) in &groups {
            let (settings, group, topic) = (settings.clone(), *group, *topic);
            let lag = tokio::task::spawn_blocking(move || kafka::lag(&settings, group, topic)).await;
            let lag = lag.expect("measuring does not panic");
            vitals.log_answered(lag.is_ok());
            match lag {
                Ok(lag) => {
                    metrics::gauge!("weir_group_lag_records", "group" => group)
                        .set(f64::from(u32::try_from(lag).unwrap_or(u32::MAX)));
                    if (group, topic) == CUSTOMERS {
                        vitals.measured(lag);
                    }
                }
                Err(error) => tracing::warn!(group, error = %Causes(&error), "the lag is not known"),
            }
        }
    }
}
