//! The story of the demo: a thousand people register, agree, use the app, apply, sign, are paid out and repay, or do
//! not. Each part is told through the HTTP API and gives back what it saw.

mod applying;
mod checking;
mod onboarding;
mod repaying;
mod signing;

use std::time::Duration;

use futures::{Stream, StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use weir_lending::api::{ContractAnswer, LoanAnswer, TrialBalanceLine};
use weir_messages::Decision;

use super::DemoError;
use super::cast::Person;
use super::client::Intake;
use super::figures::Latencies;
use super::folder::Folder;
use super::platform::{PaidOut, Platform};

pub(crate) use applying::{Applying, applications, is_decided};
pub(crate) use onboarding::{batched, register, stream_telemetry};
pub(crate) use repaying::{DayEnd, Standing};

/// Requests under way at once, where nothing says otherwise.
const AT_ONCE: usize = 48;

/// What happened to one person.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) person: Person,
    /// `None`: the application was lost.
    pub(crate) decision: Option<Recorded>,
    pub(crate) lent: Option<Lent>,
}

/// A decision on record, and whether it came out equal when run again.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) decision: Decision,
    pub(crate) rerun_is_equal: bool,
}

/// A loan that somebody signed: what was shown, how it stood after the payout, and how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Lent {
    pub(crate) shown: ContractAnswer,
    pub(crate) paid_out: LoanAnswer,
    pub(crate) at_the_end: LoanAnswer,
}

/// Telemetry sent and how long the sending took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Streamed {
    pub(crate) sent: u64,
    pub(crate) intake: Intake,
    pub(crate) took: Duration,
}

/// The whole story, as seen from outside.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) cases: Vec<Case>,
    pub(crate) streamed: Streamed,
    pub(crate) latencies: Latencies,
    pub(crate) fdatasync: Latencies,
    /// Applications sent a second time under the same key, and how many of them became a second application.
    pub(crate) repeated: usize,
    pub(crate) doubled: usize,
    pub(crate) days: Vec<DayEnd>,
    pub(crate) repayments: usize,
    pub(crate) trial_balance: Vec<TrialBalanceLine>,
    pub(crate) statement: Vec<PaidOut>,
    pub(crate) peak_memory: Option<u64>,
}

/// Tells it from the first registration to the last instalment.
pub(crate) async fn tell(
    platform: &Platform,
    folder: &Folder,
    people: Vec<Person>,
    seed: u64,
) -> Result<Told, DemoError> {
    let client = &platform.client;
    let customers = register(client, &people).await?;
    let streamed = stream_telemetry(client, &people, &customers, seed).await?;
    let Applying { applications, latencies, fdatasync } =
        applications(client, &people, &customers, &folder.probe(), applying::PER_SECOND).await?;
    let (repeated, doubled) = applying::repeat(client, &people, &customers, &applications).await?;
    let decisions = checking::decisions(client, &applications).await?;
    let signed = signing::sign(client, &applications).await?;
    let paid_out = signing::wait_for_payouts(client, signed).await?;
    let statement = platform.statement().await?;
    let repaid = repaying::repay(client, &people, &paid_out, seed).await?;
    let trial_balance = client.trial_balance().await?;

    let mut lent: Vec<Option<Lent>> = vec![None; people.len()];
    for (signed, at_the_end) in paid_out.into_iter().zip(repaid.loans) {
        lent[signed.place] = Some(Lent { shown: signed.shown, paid_out: signed.loan, at_the_end });
    }
    let cases = people.into_iter().zip(decisions).zip(lent);
    let case = |((person, decision), lent)| Case { person, decision, lent };
    Ok(Told {
        cases: cases.map(case).collect(),
        streamed,
        latencies,
        fdatasync,
        repeated,
        doubled,
        days: repaid.days,
        repayments: repaid.repayments,
        trial_balance,
        statement,
        peak_memory: platform.peak_memory(),
    })
}

/// Does `work` for all items, `at_once` at a time, and gives the answers in order of the items.
async fn each<T, R, W: Future<Output = Result<R, DemoError>>>(
    bar: &ProgressBar,
    at_once: usize,
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> W,
) -> Result<Vec<R>, DemoError> {
    let answers = stream::iter(items).map(work).buffered(at_once.max(1));
    collect(bar, answers).await
}

async fn collect<R>(bar: &ProgressBar, answers: impl Stream<Item = Result<R, DemoError>>) -> Result<Vec<R>, DemoError> {
    answers.inspect(|_| bar.inc(1)).try_collect().await
}
