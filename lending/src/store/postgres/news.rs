//! What processes on one database tell each other with each commit: where the outbox stands, and which applications
//! moved on. A payload holds ids of ours and nothing else. Who missed one finds it by polling.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use weir_messages::ApplicationId;

use super::session::jittered;
use super::{CONNECT_WITHIN, outbox_head};
use crate::store::batch::Written;
use crate::store::feed::Teller;
use crate::store::{Commit, News};

pub(super) const CHANNEL: &str = "weir_lending";
/// PostgreSQL takes 8,000 bytes.
const LONGEST: usize = 7_000;
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// `12 a_1 a_2`: the outbox stands at 12, applications a_1 and a_2 have moved on.
pub(super) fn payloads(group: &[Commit], written: &Written) -> Vec<String> {
    let admitted = group.iter().zip(&written.verdicts).filter(|(_, verdict)| verdict.is_ok());
    let appends = admitted.flat_map(|(commit, _)| &commit.appends);
    // Nobody waits for one that was only just submitted.
    let moved = appends.filter(|append| append.expected > 0).filter_map(|append| append.stream.as_application());
    let start = || written.heads.outbox.to_string();
    let mut payloads = vec![start()];
    for application in moved {
        if payloads.last().is_some_and(|last| last.len() + application.as_str().len() >= LONGEST) {
            payloads.push(start());
        }
        if let Some(last) = payloads.last_mut() {
            last.push(' ');
            last.push_str(application.as_str());
        }
    }
    payloads
}

/// The outbox's number and the applications that a payload names.
fn read(payload: &str) -> Option<(u64, Vec<ApplicationId>)> {
    let mut words = payload.split(' ');
    let outbox = words.next()?.parse().ok()?;
    Some((outbox, words.map(ApplicationId::from).collect()))
}

pub(super) struct Listener {
    pub(super) options: PgConnectOptions,
    pub(super) primary: PgPool,
    pub(super) teller: Teller,
    pub(super) poll_every: Duration,
}

impl Listener {
    /// Until it is aborted.
    pub(super) async fn run(self) {
        tokio::join!(self.listen_always(), self.look_always());
    }

    async fn listen_always(&self) {
        loop {
            if let Err(error) = self.listen().await {
                tracing::warn!(%error, "news of other processes is polled for, and listened to again soon");
            }
            tokio::time::sleep(jittered(LISTEN_AGAIN)).await;
        }
    }

    /// Until the connection is lost.
    async fn listen(&self) -> Result<(), sqlx::Error> {
        let options = self.options.clone().disable_statement_logging();
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_WITHIN).connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        self.teller.tell(News::Anything);
        while let Some(notification) = listener.try_recv().await? {
            if let Some((outbox, applications)) = read(notification.payload()) {
                self.teller.reached(outbox);
                if !applications.is_empty() {
                    self.teller.tell(News::Applications(applications));
                }
            }
        }
        Ok(())
    }

    /// For what was told while nobody listened.
    async fn look_always(&self) {
        let mut look = tokio::time::interval(self.poll_every);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            let Ok(mut reader) = self.primary.acquire().await else { continue };
            if let Ok(outbox) = outbox_head(&mut reader).await {
                self.teller.reached(outbox);
                self.teller.tell(News::Anything);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::Heads;
    use crate::store::contract::{appending, commit};
    use crate::store::{Chain, Refused};

    fn told(group: Vec<Commit>, refused: usize) -> Vec<String> {
        let posted = || Refused::Posted(String::new());
        let verdicts = (0..group.len()).map(|place| if place < refused { Err(posted()) } else { Ok(()) }).collect();
        let written = Written { verdicts, handed: Vec::new(), heads: Heads { chain: Chain::start(), outbox: 12 } };
        payloads(&group, &written)
    }

    #[test]
    fn what_moved_on_is_told_and_what_was_refused_or_only_just_submitted_is_not() {
        let group = vec![appending("a0", 1, &["2"]), appending("a1", 1, &["2"]), appending("a2", 0, &["1"]), commit()];
        let told = told(group, 1);
        assert_eq!(told, ["12 a1"]);
        assert_eq!(read(&told[0]), Some((12, vec!["a1".into()])));
        assert_eq!(read("12"), Some((12, Vec::new())));
        assert_eq!(read("other"), None);
    }

    #[test]
    fn more_than_one_payload_holds_goes_into_several() {
        let group = (0..500).map(|number| appending(&format!("application-number-{number:04}"), 1, &["2"])).collect();
        let told = told(group, 0);
        assert!(told.len() > 1 && told.iter().all(|payload| payload.len() < 8_000));
        assert_eq!(told.iter().filter_map(|payload| read(payload)).map(|(_, all)| all.len()).sum::<usize>(), 500);
    }
}
