//! What remembering ids of events costs: admission alone, over events whose ids are all kept, and over as many of which
//! most leave again.

use std::path::Path;
use std::time::{Duration, Instant};

use weir_ingest::RepeatWindow;
use weir_ingest::admission::Admission;
use weir_ingest::state::StateStore;
use weir_messages::{Stage, StageError};

use super::failed;
use super::fold::{BATCH, SAVE_AFTER};
use super::made_up::{clicks, placed};
use crate::demo::DemoError;

/// Days over which the events come.
const DAYS: u64 = 12;

/// A line for each of the two.
pub(super) fn measure(folder: &Path, events: u64) -> Result<String, DemoError> {
    let all = Measured::of(&folder.join("all"), events, 365)?;
    let some = Measured::of(&folder.join("some"), events, 1)?;
    Ok(format!(
        "ids kept for good:     {}\nids kept for 1 day:    {}",
        all.line(events, "each"),
        some.line(events, "each, as most leave again"),
    ))
}

struct Measured {
    admitting: Duration,
    saving: Duration,
    ids: usize,
    /// Of all keys and values.
    bytes: usize,
    /// Of all files, the journal's among them.
    on_disk: u64,
}

impl Measured {
    fn of(folder: &Path, events: u64, days: u32) -> Result<Self, DemoError> {
        let window = RepeatWindow::of_days(days).expect("the days of this bench are in range");
        let mut admission = Admission::new(1).with_repeat_window(window);
        let names = [admission.name()];
        let store = StateStore::open(folder, &names).map_err(failed)?;
        admission.restore(store.reader(&names[0]).map_err(failed)?).map_err(failed)?;
        let (mut offset, mut admitting, mut saving) = (0, Duration::ZERO, Duration::ZERO);
        let mut records = clicks(events, DAYS);
        for batch in 1.. {
            let records = placed(offset, records.by_ref().take(BATCH));
            let Some(last) = records.last() else { break };
            offset = last.position.offset + 1;
            admitting += timed(|| admission.process(&records, &mut Vec::new()))?;
            if batch % SAVE_AFTER == 0 {
                let began = Instant::now();
                store.save(vec![(names[0].clone(), admission.snapshot())], offset).map_err(failed)?;
                saving += began.elapsed();
            }
        }
        let state = store.reader(&names[0]).map_err(failed)?;
        let ids = state.scan(b"d").map_err(failed)?.len();
        let bytes = state.scan(&[]).map_err(failed)?.iter().map(|(key, value)| key.len() + value.len()).sum();
        Ok(Self { admitting, saving, ids, bytes, on_disk: size(folder)? })
    }

    fn line(&self, events: u64, of: &str) -> String {
        let each = |took: Duration| took.as_secs_f64() * 1e6 / events as f64;
        let Self { ids, bytes, .. } = self;
        let (admit, save, mib) = (each(self.admitting), each(self.saving), self.on_disk >> 20);
        let per_id = *bytes as f64 / (*ids).max(1) as f64;
        format!(
            "{admit:.2} us to admit and {save:.2} us to save {of}; {ids} ids of {per_id:.0} bytes each, {mib} MiB on disk \
             with the journal"
        )
    }
}

fn timed(work: impl FnOnce() -> Result<(), StageError>) -> Result<Duration, DemoError> {
    let began = Instant::now();
    work().map_err(failed)?;
    Ok(began.elapsed())
}

fn size(folder: &Path) -> Result<u64, DemoError> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).map_err(DemoError::file(folder))? {
        let path = entry.map_err(DemoError::file(folder))?.path();
        let file = std::fs::metadata(&path).map_err(DemoError::file(&path))?;
        bytes += if file.is_dir() { size(&path)? } else { file.len() };
    }
    Ok(bytes)
}
