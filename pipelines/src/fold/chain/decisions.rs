//! From the parts of a vector to the decision.

use metrics::Label;
use weir_features::VectorStage;
use weir_messages::{KnownTime, Part, Record, Sequenced, Stage, Topic};

use super::outputs::{DEAD_LETTERS, DECISIONS};
use super::parts::readable;
use super::{Chain, Deciding, Folded, Output, Stages};
use crate::fold::gauges::HeldGauge;
use crate::fold::{FoldError, History};

pub(crate) struct DecisionChain {
    pub vectors: VectorStage,
    pub deciding: Deciding,
    pub gauges: Option<PartGauges>,
}

/// Charts of the applications of a partition that wait for a part of their vectors.
pub(crate) struct PartGauges {
    waiting: HeldGauge,
    since: HeldGauge,
}

impl PartGauges {
    fn new(partition: u16) -> Self {
        let gauge = |name| HeldGauge::new(name, vec![Label::new("partition", partition.to_string())]);
        Self { waiting: gauge("weir_vectors_waiting"), since: gauge("weir_vectors_waiting_since_seconds") }
    }

    fn set(&self, (waiting, since): (usize, Option<KnownTime>)) {
        self.waiting.count(waiting);
        #[allow(clippy::cast_precision_loss, reason = "a time on a chart")]
        self.since.set(since.map_or(0.0, |since| since.micros() as f64 / 1e6));
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
        Ok(folded)
    }

    fn show(&mut self, partition: u16) {
        self.gauges.get_or_insert_with(|| PartGauges::new(partition)).set(self.vectors.waiting());
    }
}
