//! Decision latency at a steady rate, from sending an application to its decision, beside one `fdatasync` of the same disk.

use super::Common;
use crate::demo::cast::crowd;
use crate::demo::figures::{Latencies, budget};
use crate::demo::folder::Folder;
use crate::demo::identity::MOST;
use crate::demo::platform::Platform;
use crate::demo::story::{applications, register, stream_telemetry};
use crate::demo::{DemoError, story};

#[derive(Debug, clap::Args)]
pub(crate) struct Decisions {
    #[command(flatten)]
    common: Common,
    /// Applications a second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    rate: u32,
}

impl Decisions {
    pub(super) async fn measure(&self) -> Result<String, DemoError> {
        let Common { seconds, ref data, seed, ref servers } = self.common;
        let count = usize::try_from(self.rate * seconds).unwrap_or(usize::MAX);
        if count > MOST {
            let found = format!("--rate times --seconds: expected at most {MOST} applications, found {count}");
            return Err(DemoError::Input(found));
        }
        let folder = Folder::prepare(data)?;
        let platform = Platform::start(&folder, seed, servers).await?;
        let people = crowd(count, seed)?;
        let client = &platform.client;
        let customers = register(client, &people).await?;
        stream_telemetry(client, &people, &customers, seed).await?;
        let applied = applications(client, &people, &customers, &folder.probe(), self.rate).await?;
        let memory = platform.peak_memory();
        platform.stop().await?;
        let undecided = applied.applications.iter().filter(|one| !story::is_decided(one)).count();
        Ok(self.shown(&applied.latencies, &applied.fdatasync, undecided, memory))
    }

    fn shown(&self, decision: &Latencies, sync: &Latencies, undecided: usize, memory: Option<u64>) -> String {
        let row = |name: &str, of: &dyn Fn(f64) -> std::time::Duration| {
            let [p50, p99] = [0.5, 0.99].map(|quantile| of(quantile).as_secs_f64() * 1e3);
            format!("  {name:36}{p50:>9.2} ms{p99:>9.2} ms\n")
        };
        let memory = memory.map_or_else(|| "unknown".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        let (all, syncs) = (decision.count(), sync.count());
        [
            format!("decisions at {} applications/s{:>26}{:>12}\n", self.rate, "p50", "p99"),
            row("decision", &|quantile| decision.quantile(quantile)),
            row("one fdatasync, meanwhile", &|quantile| sync.quantile(quantile)),
            row("stated: 4 x fdatasync + 2 ms", &|quantile| budget(sync.quantile(quantile))),
            format!("{all} applications, {undecided} undecided; {syncs} syncs; most memory resident {memory}"),
        ]
        .concat()
    }
}
