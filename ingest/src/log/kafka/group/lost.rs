//! A client that does not find back into its group, against a cluster that librdkafka plays itself.

use std::sync::mpsc::{Receiver, Sender, channel};

use rdkafka::mocking::{MockCluster, MockCoordinator};
use rdkafka::producer::DefaultProducerContext;

use super::*;
use crate::log::kafka::KafkaSettings;

const NAME: &str = "weir-lost";
const PATIENCE: Duration = Duration::from_secs(60);

/// Tells what it is given.
struct Telling(Sender<u16>);

impl Member for Telling {
    fn assigned(&mut self, partition: u16) -> Result<u64, MemberError> {
        self.0.send(partition)?;
        Ok(0)
    }

    fn take(&mut self, _: u16, _: Vec<Entry>) -> Result<(), MemberError> {
        Ok(())
    }

    fn pause(&mut self) -> Result<Vec<Position>, MemberError> {
        Ok(Vec::new())
    }

    fn revoked(&mut self, _: u16) {}

    fn lost(&mut self, _: u16) {}
}

/// Two brokers, of which the second coordinates, and a member that is given the only partition.
fn joined() -> (MockCluster<'static, DefaultProducerContext>, Group, Running, Receiver<u16>) {
    let cluster = MockCluster::new(2).unwrap();
    let mut settings = KafkaSettings::plain(cluster.bootstrap_servers());
    // A new group waits for 3 s for who else comes.
    (settings.session_timeout_ms, settings.max_poll_interval_ms) = (3_000, 6_000);
    let topic = settings.topic(Topic::Events);
    cluster.create_topic(&topic, 1, 1).unwrap();
    cluster.partition_leader(&topic, 0, Some(1)).unwrap();
    cluster.coordinator(MockCoordinator::Group(settings.group(NAME)), 2).unwrap();
    let (told, given) = channel();
    let group = Group::new(&settings, Topic::Events, NAME);
    let running = group.join(Box::new(Telling(told))).unwrap();
    assert_eq!(given.recv_timeout(PATIENCE), Ok(0));
    (cluster, group, running, given)
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_member_that_is_out_for_longer_than_a_rebalance_takes_joins_anew_and_is_out_until_it_is_in() {
    let (cluster, group, running, given) = joined();
    eventually("it is in", || group.waiting().members_out == 0);
    let before = group.waiting().joined_anew;
    // The group is at a broker that nobody reaches, and the other one goes on saying so.
    cluster.broker_down(2).unwrap();
    eventually("it is out", || group.waiting().members_out == 1);
    let waiting = || group.waiting();
    eventually("it joins anew, more than once", || waiting().joined_anew > before + 1);
    assert!(waiting().members_out == 1 && waiting().longest_out > Duration::from_secs(12), "{:?}", waiting());
    cluster.broker_up(2).unwrap();
    assert_eq!(given.recv_timeout(PATIENCE), Ok(0), "it is given its partition again");
    eventually("it is in again", || group.waiting().members_out == 0);
    assert!(running.alive());
}
