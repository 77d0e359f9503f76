//! What a model does with the columns of a row, and its scores for one row or for many.

use std::ops::Range;

use super::Table;
use super::encoder::Encoder;
use crate::operators::classes::{Labels, Winner};
use crate::operators::{LinearClassifier, LinearRegressor};
use crate::plan::Unfit;
use crate::trees::{Classification, Flat, LANES, Lanes, Regression, SLOTS, Score, Slots, Sweep, Swept};
use crate::wide::Aligned;

/// Blocks of rows that go through a tree before the next tree is fetched.
const BLOCKS: usize = 4;

#[derive(Debug)]
pub(crate) enum Formula {
    LinearClasses(LinearClassifier),
    LinearSums(LinearRegressor),
    TreeClasses(Classification<f32>, Labels, Flat),
    TreeSums(Regression<f32>, Flat),
}

/// Memory that rows take in turn.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub slots: Box<Slots>,
    pub sweep: Sweep,
    pub contributions: Vec<f64>,
    pub scores: Vec<f32>,
    found: Vec<f32>,
    tally: Vec<Score<f32>>,
    sums: Vec<f32>,
    blocks: Vec<Box<Lanes>>,
    swept: Swept,
}

impl Default for Scratch {
    fn default() -> Self {
        let slots = vec![0.0; SLOTS].into_boxed_slice().try_into().expect("there are as many");
        let (found, tally, sums) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            slots,
            sweep: Sweep::default(),
            contributions: Vec::new(),
            scores: Vec::new(),
            found,
            tally,
            sums,
            blocks: Vec::new(),
            swept: Swept::default(),
        }
    }
}

impl Formula {
    pub(crate) const fn labels(&self) -> Option<&Labels> {
        match self {
            Self::LinearClasses(linear) => Some(&linear.labels),
            Self::TreeClasses(_, labels, _) => Some(labels),
            Self::LinearSums(_) | Self::TreeSums(..) => None,
        }
    }

    /// How many scores a row gets.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::LinearClasses(linear) => linear.labels.len(),
            Self::LinearSums(linear) => linear.linear.outputs(),
            Self::TreeClasses(trees, ..) => trees.ensemble.targets,
            Self::TreeSums(trees, _) => trees.ensemble.targets,
        }
    }

    /// Appends the scores of all rows, and the classes where there are classes.
    pub(crate) fn rows(
        &self,
        encoder: &Encoder,
        table: &impl Table,
        scratch: &mut Scratch,
        scores: &mut Vec<f32>,
        winners: &mut impl Extend<Winner>,
    ) -> Result<(), Unfit> {
        let flat = match self {
            Self::TreeClasses(_, _, flat) | Self::TreeSums(_, flat) if table.rows() >= LANES => flat,
            Self::LinearClasses(_) | Self::LinearSums(_) | Self::TreeClasses(..) | Self::TreeSums(..) => {
                return (0..table.rows()).try_for_each(|row| {
                    encoder.fill(table, row, &mut scratch.slots[..])?;
                    winners.extend(self.row(encoder.width(), scratch, scores));
                    Ok(())
                });
            }
        };
        for first in (0..table.rows()).step_by(LANES * BLOCKS) {
            let rows = first..table.rows().min(first + LANES * BLOCKS);
            scratch.fill_blocks(encoder, table, rows.clone())?;
            let blocks = rows.len().div_ceil(LANES);
            flat.walk_blocks(&mut scratch.blocks[..blocks], &mut scratch.swept);
            for (number, block) in scratch.swept.found.chunks(flat.trees()).enumerate() {
                let lanes = LANES.min(rows.len() - number * LANES);
                if let Some(target) = self.sums_up(flat) {
                    let mut sums = [0.0_f32; LANES];
                    for found in block {
                        sums.iter_mut().zip(found.0).for_each(|(sum, found)| *sum += found);
                    }
                    winners.extend(
                        sums[..lanes].iter().filter_map(|sum| self.of_sum(target, *sum, &mut scratch.tally, scores)),
                    );
                } else {
                    winners.extend((0..lanes).filter_map(|lane| {
                        self.of_leaves(block.iter().map(|found| found.0[lane]), &mut scratch.tally, scores)
                    }));
                }
            }
        }
        Ok(())
    }

    /// The row stands in the first `columns` of the slots.
    #[inline(always)]
    fn row(&self, columns: usize, scratch: &mut Scratch, scores: &mut Vec<f32>) -> Option<Winner> {
        match self {
            Self::LinearClasses(linear) => {
                scratch.sums.clear();
                linear.linear.row(&scratch.slots[..columns], &mut scratch.sums);
                Some(linear.answer(&scratch.sums, scores))
            }
            Self::LinearSums(linear) => {
                linear.row(&scratch.slots[..columns], scores);
                None
            }
            Self::TreeClasses(_, _, flat) | Self::TreeSums(_, flat) => {
                flat.walk(&mut scratch.slots, &mut scratch.found);
                match self.sums_up(flat) {
                    Some(target) => {
                        let sum = scratch.found.iter().fold(0.0_f32, |sum, found| sum + found);
                        self.of_sum(target, sum, &mut scratch.tally, scores)
                    }
                    None => self.of_leaves(scratch.found.iter().copied(), &mut scratch.tally, scores),
                }
            }
        }
    }

    /// The only target, where what stands at the leaves is simply added.
    fn sums_up(&self, flat: &Flat) -> Option<usize> {
        match self {
            Self::TreeSums(trees, _) if !trees.adds() => None,
            Self::TreeClasses(..) | Self::TreeSums(..) | Self::LinearClasses(_) | Self::LinearSums(_) => flat.target(),
        }
    }

    fn of_sum(&self, target: usize, sum: f32, tally: &mut Vec<Score<f32>>, scores: &mut Vec<f32>) -> Option<Winner> {
        tally.clear();
        tally.resize(self.width(), Score::NONE);
        tally[target] = Score { value: sum, voted: true };
        self.finish(tally, scores)
    }

    /// `found` are the places of leaves or the weights at them, in the order of the trees.
    fn of_leaves(
        &self,
        found: impl Iterator<Item = f32>,
        tally: &mut Vec<Score<f32>>,
        scores: &mut Vec<f32>,
    ) -> Option<Winner> {
        tally.clear();
        tally.resize(self.width(), Score::NONE);
        match self {
            Self::TreeClasses(trees, _, flat) => {
                found.for_each(|found| flat.votes(&trees.ensemble, found, |vote| trees.add(tally, vote)));
            }
            Self::TreeSums(trees, flat) => {
                found.for_each(|found| flat.votes(&trees.ensemble, found, |vote| trees.add(tally, vote)));
            }
            Self::LinearClasses(_) | Self::LinearSums(_) => {}
        }
        self.finish(tally, scores)
    }

    fn finish(&self, tally: &mut [Score<f32>], scores: &mut Vec<f32>) -> Option<Winner> {
        match self {
            Self::TreeClasses(trees, ..) => Some(trees.finish(tally, scores)),
            Self::TreeSums(trees, _) => {
                trees.finish(tally, scores);
                None
            }
            Self::LinearClasses(_) | Self::LinearSums(_) => None,
        }
    }
}

impl Scratch {
    /// Row after row into the lanes of the blocks; lanes without a row keep what was there.
    fn fill_blocks(&mut self, encoder: &Encoder, table: &impl Table, rows: Range<usize>) -> Result<(), Unfit> {
        while self.blocks.len() < BLOCKS {
            let lanes = vec![Aligned([0.0; LANES]); SLOTS].into_boxed_slice();
            self.blocks.push(lanes.try_into().expect("there are as many"));
        }
        for (place, row) in rows.enumerate() {
            encoder.fill(table, row, &mut self.slots[..])?;
            let block = &mut self.blocks[place / LANES];
            for (value, lanes) in self.slots[..encoder.width()].iter().zip(block.iter_mut()) {
                lanes.0[place % LANES] = *value;
            }
        }
        Ok(())
    }
}
