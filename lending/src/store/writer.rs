//! The one writer. It owns the session that writes, so a caller who stops waiting cannot leave a transaction behind:
//! what was sent is committed. It takes all that is queued, has it written in one transaction, and answers all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use weir_messages::{Causes, Tasks};

use super::batch::Written;
use super::feed::Teller;
use super::sql::{Answer, takes_no_writes};
use super::{Commit, CommitError, FailPoint, StoreError};

/// Requests that wait for the writer. Beyond that callers wait, and the HTTP edge refuses.
const QUEUE: usize = 1_024;
/// Commits in one transaction, so that a flood does not make the first wait for the last.
const MOST_IN_GROUP: usize = 256;
/// Published rows are acknowledged along with a commit, but not with every one, as each would pay for it; and by
/// themselves when no commit comes for this long.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(100);

/// A database that did not take an acknowledgement is spared the next one for so long.
const ACKNOWLEDGE_AGAIN: Duration = Duration::from_secs(1);

/// The writer's name among the tasks of the process.
const TASK: &str = "lending-writer";

/// What writes for the writer.
pub(super) trait Session: Send + 'static {
    /// Commits a group in one transaction, and deletes what is published. An error means that nothing of it took effect,
    /// or says that this is not known. What passes is tried again until `patience`, and at least once.
    fn write(
        &mut self,
        group: &[Commit],
        published: Option<u64>,
        patience: Instant,
    ) -> impl Future<Output = Answer<Written>> + Send;

    fn acknowledge(&mut self, published: u64) -> impl Future<Output = Answer<()>> + Send;

    fn close(self) -> impl Future<Output = Answer<()>> + Send;
}

#[derive(Debug)]
enum Request {
    Commit { commit: Box<Commit>, sent: Instant, answer: oneshot::Sender<Result<(), CommitError>> },
    Close(oneshot::Sender<()>),
}

/// The way to the writer.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    requests: mpsc::Sender<Request>,
    published: Arc<AtomicU64>,
}

impl Desk {
    pub(super) async fn commit(&self, commit: Commit) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Commit { commit: Box::new(commit), sent: Instant::now(), answer };
        self.requests.send(request).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) fn published(&self, number: u64) {
        self.published.fetch_max(number, Ordering::Relaxed);
    }

    /// Ends the writer after everything that was sent before.
    pub(super) async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.requests.send(Request::Close(done)).await.is_ok() {
            ended.await.ok();
        }
    }

    pub(super) fn open(&self) -> Open {
        Open(self.requests.downgrade())
    }
}

/// Tells whether the store is still open, without keeping it so.
#[derive(Debug)]
pub(super) struct Open(mpsc::WeakSender<Request>);

impl Open {
    pub(super) fn is_open(&self) -> bool {
        self.0.upgrade().is_some_and(|requests| !requests.is_closed())
    }
}

/// Commits of one transaction and who waits for each.
#[derive(Default)]
struct Group {
    commits: Vec<Commit>,
    answers: Vec<oneshot::Sender<Result<(), CommitError>>>,
    first_sent: Option<Instant>,
}

impl Group {
    fn push(&mut self, commit: Commit, sent: Instant, answer: oneshot::Sender<Result<(), CommitError>>) {
        self.commits.push(commit);
        self.answers.push(answer);
        self.first_sent.get_or_insert(sent);
    }
}

pub(super) struct Writer<S> {
    session: S,
    requests: mpsc::Receiver<Request>,
    teller: Teller,
    /// How long a commit is tried again, from when it was sent.
    patience: Duration,
    published: Arc<AtomicU64>,
    /// Up to here published rows are deleted.
    acknowledged: u64,
    acknowledged_at: Option<Instant>,
    fail_point: FailPoint,
    tasks: Tasks,
}

impl<S: Session> Writer<S> {
    pub(super) fn start(session: S, teller: Teller, patience: Duration, fail_point: FailPoint, tasks: &Tasks) -> Desk {
        let (sender, requests) = mpsc::channel(QUEUE);
        let published = Arc::new(AtomicU64::new(0));
        let desk = Desk { requests: sender, published: Arc::clone(&published) };
        let (acknowledged, acknowledged_at) = (0, None);
        let writer = Self {
            session,
            requests,
            teller,
            patience,
            published,
            acknowledged,
            acknowledged_at,
            fail_point,
            tasks: tasks.clone(),
        };
        tokio::spawn(tasks.watch(TASK, writer.run()));
        desk
    }

    async fn run(mut self) {
        let mut closing = Vec::new();
        while closing.is_empty() {
            let Ok(first) = tokio::time::timeout(ACKNOWLEDGE_AFTER, self.requests.recv()).await else {
                if let Some(published) = self.to_acknowledge() {
                    self.acknowledge_alone(published).await;
                }
                continue;
            };
            let Some(first) = first else { break };
            let (mut group, mut next) = (Group::default(), Some(first));
            while let Some(request) = next.take() {
                match request {
                    Request::Commit { commit, sent, answer } => group.push(*commit, sent, answer),
                    Request::Close(done) => closing.push(done),
                }
                if group.commits.len() < MOST_IN_GROUP && closing.is_empty() {
                    next = self.requests.try_recv().ok();
                }
            }
            self.commit(group).await;
        }
        let published = self.published.load(Ordering::Relaxed);
        if published > self.acknowledged {
            self.acknowledge_alone(published).await;
        }
        self.requests.close();
        if let Err(error) = self.session.close().await {
            tracing::warn!(error = %Causes(&error), "the store did not close cleanly");
        }
        for done in closing {
            done.send(()).ok();
        }
    }

    /// Writes a group in one transaction and answers each of its commits.
    async fn commit(&mut self, group: Group) {
        let Some(first_sent) = group.first_sent else { return };
        let published = self.to_acknowledge();
        match self.session.write(&group.commits, published, first_sent + self.patience).await {
            Ok(written) => {
                if let Some(published) = published {
                    (self.acknowledged, self.acknowledged_at) = (published, Some(Instant::now()));
                }
                (self.fail_point)("commit_done");
                self.teller.hand_over(written.handed);
                for (answer, verdict) in group.answers.into_iter().zip(written.verdicts) {
                    answer.send(verdict.map_err(CommitError::from)).ok();
                }
            }
            Err(error) => {
                tracing::error!(error = %Causes(&error), commits = group.commits.len(), "a group of commits failed");
                self.report_if_lost(&error);
                self.refuse(group, &error).await;
            }
        }
    }

    /// A database that is away fails all alike; otherwise one commit that cannot be written must not fail the others of
    /// its group.
    async fn refuse(&mut self, mut group: Group, error: &StoreError) {
        if error.again().is_some() {
            for answer in group.answers {
                answer.send(Err(error.again().unwrap_or(StoreError::Aborted).into())).ok();
            }
        } else if group.commits.len() > 1 {
            let sent = group.first_sent;
            for (commit, answer) in group.commits.into_iter().zip(group.answers) {
                let one = Group { commits: vec![commit], answers: vec![answer], first_sent: sent };
                Box::pin(self.commit(one)).await;
            }
        } else if let Some(answer) = group.answers.pop() {
            answer.send(Err(StoreError::Aborted.into())).ok();
        }
    }

    /// A disk that takes no more writes ends the process: whoever starts it again finds what the disk holds.
    fn report_if_lost(&self, error: &StoreError) {
        if takes_no_writes(error) {
            self.tasks.report(TASK, Causes(error).to_string());
        }
    }

    fn to_acknowledge(&self) -> Option<u64> {
        let published = self.published.load(Ordering::Relaxed);
        let waited = self.acknowledged_at.is_none_or(|at| at.elapsed() >= ACKNOWLEDGE_AFTER);
        (published > self.acknowledged && waited).then_some(published)
    }

    async fn acknowledge_alone(&mut self, published: u64) {
        match self.session.acknowledge(published).await {
            Ok(()) => (self.acknowledged, self.acknowledged_at) = (published, Some(Instant::now())),
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "published rows are not deleted yet");
                self.report_if_lost(&error);
                self.acknowledged_at = Some(Instant::now() + ACKNOWLEDGE_AGAIN);
            }
        }
    }
}
