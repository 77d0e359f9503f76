//! On Kafka each role is a member of the consumer groups whose topics it reads. The broker hands out partitions, and
//! state follows them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use weir_ingest::intake::Intake;
use weir_ingest::log::EventLog;
use weir_ingest::log::kafka::group::{Group, Member, Running, Waiting};
use weir_ingest::log::kafka::{BrokerError, GroupOffsets, KafkaSettings};
use weir_messages::{Causes, Topic};
use weir_scoring::CurrentLineup;

use super::roles::{Role, Roles};
use crate::content::Content;
use crate::decisions::Deliveries;
use crate::fold::{Surroundings, members};
use crate::health::Health;
use crate::http::App;
use crate::meters;
use crate::vitals::Vitals;

const CUSTOMERS: (&str, Topic) = ("weir-customers", Topic::Events);
const ENTITIES: (&str, Topic) = ("weir-entities", Topic::EntityEvents);
const DECISIONS: (&str, Topic) = ("weir-decisions", Topic::Features);
const DELIVERIES: (&str, Topic) = ("weir-deliveries", Topic::Decisions);
const INTAKE: (&str, Topic) = (weir_ingest::intake::GROUP, Topic::Intake);

/// A group with its topic, and who joins it.
type GroupMember = ((&'static str, Topic), Box<dyn Member>);

/// Partitions that wait longer to be taken over make the process unready.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How often the lag is measured, and what waits.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the members of the groups need.
pub(super) struct Parts<'a> {
    pub settings: &'a KafkaSettings,
    pub roles: &'a Roles,
    pub content: &'a Content,
    /// Where this process decides.
    pub lineup: Option<&'a Arc<CurrentLineup>>,
    pub around: &'a Surroundings,
    pub app: &'a App,
    /// Where the state of each partition has a folder.
    pub state: PathBuf,
    /// Members of each of the groups that compute features.
    pub threads: u16,
}

#[derive(Debug)]
pub(super) struct Groups {
    running: Vec<Running>,
    watch: JoinHandle<()>,
}

impl Groups {
    pub(super) fn start(parts: &Parts<'_>) -> Result<Self, BrokerError> {
        let (mut running, mut groups, tasks) = (Vec::new(), BTreeMap::new(), &parts.around.tasks);
        for ((name, topic), member) in parts.members()? {
            let group = groups.entry(name).or_insert_with(|| Group::new(parts.settings, topic, name).watched(tasks));
            running.push(group.join(member)?);
        }
        let offsets = |(group, topic)| Ok((GroupOffsets::new(parts.settings, group, topic)?, group, topic));
        let watch = Watch {
            groups,
            lags: watched(parts.roles).into_iter().map(offsets).collect::<Result<_, BrokerError>>()?,
            log: Arc::clone(&parts.around.log),
            vitals: Arc::clone(&parts.around.vitals),
        };
        Ok(Self { running, watch: tokio::spawn(tasks.watch("group-lag", watch.run())) })
    }

    /// Saves, gives the partitions back and leaves.
    pub(super) async fn close(self) {
        self.watch.abort();
        self.watch.await.ok();
        self.running.iter().for_each(Running::stop);
        // The last holder waits for each of them.
        tokio::task::spawn_blocking(move || drop(self.running)).await.expect("joining does not panic");
    }
}

impl Parts<'_> {
    fn members(&self) -> Result<Vec<GroupMember>, BrokerError> {
        let mut joined: Vec<GroupMember> = Vec::new();
        if self.roles.run(Role::Features) {
            let views = &self.content.views;
            for _ in 0..self.threads {
                joined.push((CUSTOMERS, Box::new(self.of(CUSTOMERS)?.customers(views))));
                joined.push((ENTITIES, Box::new(self.of(ENTITIES)?.entities(views))));
            }
        }
        if let Some(lineup) = self.lineup {
            joined.push((DECISIONS, Box::new(self.of(DECISIONS)?.decisions(lineup))));
        }
        if let Some(desk) = &self.app.desk {
            joined.push((
                DELIVERIES,
                Box::new(Deliveries::new(desk.lending.clone(), Arc::clone(&self.around.log), Handle::current())),
            ));
        }
        if let Some(intake) = &self.app.intake {
            let intake = Intake::new(self.settings, Arc::clone(&intake.collector), Handle::current())?;
            joined.push((INTAKE, Box::new(intake)));
        }
        Ok(joined)
    }

    /// What the folds of a group's member are made of.
    fn of(&self, (group, topic): (&str, Topic)) -> Result<members::Parts<'_>, BrokerError> {
        let Parts { around, state, .. } = self;
        let committed = Some(GroupOffsets::new(self.settings, group, topic)?);
        Ok(members::Parts { around, state, committed })
    }
}

/// The groups whose lag this process watches: its own, and that of the customers, for whoever takes something in.
fn watched(roles: &Roles) -> Vec<(&'static str, Topic)> {
    let own =
        [(Role::Features, ENTITIES), (Role::Scoring, DECISIONS), (Role::Lending, DELIVERIES), (Role::Ingest, INTAKE)];
    let own = own.into_iter().filter(|(role, _)| roles.run(*role)).map(|(_, group)| group);
    std::iter::once(CUSTOMERS).chain(own).collect()
}

/// Measures how far the groups are behind, for the intake's back pressure and for charts.
struct Watch {
    groups: BTreeMap<&'static str, Group>,
    lags: Vec<(GroupOffsets, &'static str, Topic)>,
    log: Arc<dyn EventLog>,
    vitals: Arc<Vitals>,
}

impl Watch {
    async fn run(self) {
        tokio::join!(self.measure_waiting(), self.measure_lags());
    }

    async fn measure_waiting(&self) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            self.record_waiting();
        }
    }

    fn record_waiting(&self) {
        let waiting: Vec<(&'static str, Waiting)> =
            self.groups.iter().map(|(name, group)| (*name, group.waiting())).collect();
        for (name, Waiting { partitions, longest, members_out, longest_out, joined_anew }) in &waiting {
            metrics::counter!("weir_group_joined_anew_total", "group" => *name).absolute(*joined_anew);
            metrics::gauge!("weir_group_waiting_partitions", "group" => *name).set(meters::count(*partitions));
            metrics::gauge!("weir_group_waiting_seconds", "group" => *name).set(longest.as_secs_f64());
            metrics::gauge!("weir_group_members_out", "group" => *name).set(meters::count(*members_out));
            metrics::gauge!("weir_group_members_out_seconds", "group" => *name).set(longest_out.as_secs_f64());
        }
        self.vitals.report("partitions", health(&waiting));
    }

    async fn measure_lags(&self) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            for group in &self.lags {
                self.measure(group).await;
            }
        }
    }

    async fn measure(&self, (offsets, group, topic): &(GroupOffsets, &'static str, Topic)) {
        let lag = offsets.lag(self.log.partitions(*topic)).await;
        self.vitals.log_answered(lag.is_ok());
        match lag {
            Ok(lag) => {
                metrics::gauge!("weir_group_lag_records", "group" => *group).set(meters::count(lag));
                if (*group, *topic) == CUSTOMERS {
                    self.vitals.measured(lag);
                }
            }
            Err(error) => tracing::warn!(group, error = %Causes(&error), "the lag is not known"),
        }
    }
}

/// Every rebalance has partitions wait for a moment: that alone is no failure.
fn health(groups: &[(&'static str, Waiting)]) -> Health {
    let waiting = groups.iter().filter(|(_, waiting)| waiting.partitions > 0).map(|(group, waiting)| {
        let (partitions, seconds) = (waiting.partitions, waiting.longest.as_secs());
        (waiting.longest, format!("{partitions} of {group} wait to be taken over, the first for {seconds} s"))
    });
    let out = groups.iter().filter(|(_, waiting)| waiting.longest_out > MAX_WAIT).map(|(group, waiting)| {
        let (members, seconds) = (waiting.members_out, waiting.longest_out.as_secs());
        (waiting.longest_out, format!("{members} members of {group} are out of their group, the first for {seconds} s"))
    });
    match waiting.chain(out).max() {
        Some((longest, detail)) if longest > MAX_WAIT => Health::Failing(detail),
        Some((_, detail)) => Health::Degraded(detail),
        None => Health::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_partitions_degrade_readiness_and_after_30_s_fail_it() {
        let waiting =
            |partitions, seconds| Waiting { partitions, longest: Duration::from_secs(seconds), ..Waiting::default() };
        let of = |entities| health(&[("weir-customers", waiting(0, 0)), ("weir-entities", entities)]);
        let detail = |seconds| format!("2 of weir-entities wait to be taken over, the first for {seconds} s");
        assert_eq!(of(waiting(0, 0)), Health::Ok);
        assert_eq!(of(waiting(2, 30)), Health::Degraded(detail(30)));
        assert_eq!(of(waiting(2, 31)), Health::Failing(detail(31)));
    }

    #[test]
    fn a_member_that_does_not_find_into_its_group_fails_readiness_after_30_s() {
        let out = |seconds| Waiting { members_out: 1, longest_out: Duration::from_secs(seconds), ..Waiting::default() };
        assert_eq!(health(&[("weir-decisions", out(30))]), Health::Ok, "every rebalance takes a moment");
        let detail = "1 members of weir-decisions are out of their group, the first for 31 s";
        assert_eq!(health(&[("weir-decisions", out(31))]), Health::Failing(detail.to_owned()));
    }
}
