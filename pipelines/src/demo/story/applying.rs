//! Everybody applies, at a steady pace whatever the answers take: a slow answer delays no later application, so it
//! cannot hide itself in those that follow. Beside it, one `fdatasync` is measured again and again on the same disk.

use std::path::Path;
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep, sleep_until};
use weir_lending::api::ApplicationAnswer;
use weir_lending::application::ApplicationStatus;

use super::super::cast::Person;
use super::super::client::Asked;
use super::super::figures::Latencies;
use super::super::probe::Probe;
use super::super::{Client, DemoError};
use super::{AT_ONCE, collect, each};
use crate::progress;

pub(super) const PER_SECOND: u32 = 200;
/// After this an application without a decision is lost.
const DECIDED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Applications that are sent again under the same key.
const REPEATED: usize = 50;

/// Applications in order of the people, and how long each took from sending to its decision.
#[derive(Debug)]
pub(crate) struct Applying {
    pub(crate) applications: Vec<ApplicationAnswer>,
    pub(crate) latencies: Latencies,
    pub(crate) fdatasync: Latencies,
}

pub(crate) async fn applications(
    client: &Client,
    people: &[Person],
    customers: &[String],
    probe: &Path,
    per_second: u32,
) -> Result<Applying, DemoError> {
    let bar = progress::bar("applying", people.len());
    let measured = Probe::start(probe)?;
    let pause = Duration::from_secs(1) / per_second.max(1);
    let turns = (0_u32..).map(|turn| pause * turn);
    let begins = Instant::now() + Duration::from_millis(50);
    let applying = people.iter().zip(customers).zip(turns).map(|((person, customer), turn)| async move {
        sleep_until(begins + turn).await;
        // From here on: a timer of the demo's own that fires late is not the platform's.
        let sent = Instant::now();
        let application = decided(client, client.apply(&Asked { customer, person }).await?).await?;
        Ok((application, sent.elapsed()))
    });
    // All of them are under way from the start, each waiting for its turn.
    let answered = collect(&bar, stream::iter(applying).buffered(people.len().max(1))).await;
    let fdatasync = measured.finish(probe)?;
    bar.finish();
    let mut latencies = Latencies::default();
    let mut applications = Vec::with_capacity(people.len());
    for (application, took) in answered? {
        latencies.record(took);
        applications.push(application);
    }
    Ok(Applying { applications, latencies, fdatasync })
}

pub(crate) fn is_decided(application: &ApplicationAnswer) -> bool {
    application.state != ApplicationStatus::Submitted
}

/// The application once it is decided, or as it stands when that has taken too long.
async fn decided(client: &Client, mut application: ApplicationAnswer) -> Result<ApplicationAnswer, DemoError> {
    let began = Instant::now();
    while !is_decided(&application) && began.elapsed() < DECIDED_WITHIN {
        sleep(LOOK_EVERY).await;
        application = client.application(&application.application).await?;
    }
    Ok(application)
}

/// Sends some again, as an app does that missed the answer: how many, and how many became a second application.
pub(super) async fn repeat(
    client: &Client,
    people: &[Person],
    customers: &[String],
    applications: &[ApplicationAnswer],
) -> Result<(usize, usize), DemoError> {
    let first = people.iter().zip(customers).zip(applications).take(REPEATED);
    let bar = progress::bar("applying again", first.len());
    let doubled = each(&bar, AT_ONCE, first, |((person, customer), first)| async move {
        let again = client.apply(&Asked { customer, person }).await?;
        Ok(again.application != first.application)
    })
    .await?;
    bar.finish();
    Ok((doubled.len(), doubled.into_iter().filter(|doubled| *doubled).count()))
}
