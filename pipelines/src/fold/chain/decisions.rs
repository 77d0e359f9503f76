//! From the parts of a vector to the decision.

use weir_features::VectorStage;
use weir_messages::{KnownTime, Part, Record, Sequenced, Stage, Topic};

use super::outputs::{DEAD_LETTERS, DECISIONS};
use super::parts::readable;
use super::{Chain, Deciding, Folded, Output, Stages};
use crate::fold::{FoldError, History};

pub(crate) struct DecisionChain {
    pub vectors: VectorStage,
    pub deciding: Deciding,
    pub gauges: PartGauges,
}

/// Charts of the applications of a partition that wait for a part of their vectors. Dropped, they show none.
#[derive(Debug, Default)]
pub(crate) struct PartGauges {
    partition: Option<u16>,
}

impl PartGauges {
    fn set(&mut self, partition: u16, (waiting, since): (usize, Option<KnownTime>)) {
        self.partition = Some(partition);
        let partition = partition.to_string();
        let count = f64::from(u32::try_from(waiting).unwrap_or(u32::MAX));
        metrics::gauge!("weir_vectors_waiting", "partition" => partition.clone()).set(count);
        #[allow(clippy::cast_precision_loss, reason = "a time on a chart")]
        let since = since.map_or(0.0, |since| since.micros() as f64 / 1e6);
        metrics::gauge!("weir_vectors_waiting_since_seconds", "partition" => partition).set(since);
    }
}

impl Drop for PartGauges {
    fn drop(&mut self) {
        if let Some(partition) = self.partition {
            self.set(partition, (0, None));
        }
    }
}

impl Chain for DecisionChain {
    fn reads(&self) -> Topic {
        Topic::Features
    }

    fn writes(&self) -> &'static [Output] {
        &[DECISIONS, DEAD_LETTERS]
    }

    fn stages(&mut self) -> Stages<'_> {
        Stages(vec![&mut self.vectors, &mut self.deciding.decider])
    }

    fn history(&self) -> History {
        History::Recent
    }

    fn fold(&mut self, batch: &[Sequenced<Record>]) -> Result<Folded, FoldError> {
        let mut folded = Folded::default();
        let parts = readable::<Part>(("vectors", self.reads()), batch, &mut folded);
        let mut vectors = Vec::new();
        self.vectors.consume(parts, &mut vectors)?;
        folded.newest = vectors.iter().map(|one| one.body.known_time).max();
        self.deciding.decide(Topic::Features, vectors, &mut folded)?;
        if let Some(one) = batch.first() {
            self.gauges.set(one.position.partition, self.vectors.waiting());
        }
        Ok(folded)
    }
}
