//! Exact SHAP values of an ensemble, path-dependent as the `shap` library's TreeExplainer gives them: what each column
//! added to the margin beside the average over the training rows, whose counts (covers) stand in the file.
//!
//! On the way to a leaf, each column that is asked has a share z of the covers that went this way and an o, one where the
//! row goes this way and zero elsewhere. A leaf of value v whose columns are j adds to column i
//! `v (o_i - z_i) ∫ Π_{j≠i} (z_j (1 - t) + o_j t) dt` over t from zero to one (the Shapley weights are beta functions;
//! Owen 1972, multilinear extensions). The integrand is a polynomial, so that Gauss-Legendre quadrature with half as many
//! points as columns is exact, and at each point a tree takes two sweeps: up, for the sum of the leaves below a node, and
//! down, for the product of the edges above it. All factors are positive: nothing cancels.
//!
//! A column that is asked again on the way replaces its earlier factor by that of both.

use super::views::{Asked, Slots, Views};
use super::{Child, Covers, Ensemble, Vote};
use crate::wide::{Wide, wide};

/// Points of the quadrature that are taken at once.
const POINTS: usize = 4;

/// Values at some points of the quadrature.
type Points = [f64; POINTS];

#[derive(Debug, Clone)]
pub(crate) struct Shap {
    views: Views,
    trees: Vec<Tree>,
    /// For each number of groups of points, the groups.
    quadratures: Vec<Vec<Quadrature>>,
    /// What the trees give on average, summed.
    average: f64,
}

/// One group of points.
#[derive(Debug, Clone)]
struct Quadrature {
    at: Points,
    weights: Points,
}

#[derive(Debug, Clone)]
struct Tree {
    /// Each before all that hangs on it.
    branches: Vec<Branch>,
    leaves: Vec<f64>,
    /// How many groups of points are exact.
    groups: usize,
}

#[derive(Debug, Clone)]
struct Branch {
    /// Shares of covers on the two sides, of all edges of this column down to there.
    shares: [f64; 2],
    /// What the row is asked: at most leads to the first side.
    threshold: f32,
    slot: u16,
    column: u16,
    /// Below [`LEAF`] a branch, from there on a leaf.
    sides: [u32; 2],
    /// The last edge above that asks the same column: twice its branch, and one more where it is the second side.
    before: u32,
}

const LEAF: u32 = 1 << 31;
const NOTHING: u32 = u32::MAX;

/// Memory that rows take in turn.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// Whether the row follows an edge, and every edge of its column above.
    follows: Vec<bool>,
    /// Of each edge the factor, and the factor in the place of that of the edge before it.
    factors: Vec<[Points; 2]>,
    /// Of each branch the sum of the leaves below, each times the factors on the way, and the product of those above.
    below: Vec<Points>,
    above: Vec<Points>,
    columns: Vec<Points>,
}

impl Shap {
    /// For the votes that `value` takes of a leaf and rows of so many columns; `None` for an ensemble whose file holds no
    /// covers, or that asks more than there are slots for.
    pub(crate) fn of(ensemble: &Ensemble<f32>, columns: usize, value: impl Fn(&[Vote<f32>]) -> f64) -> Option<Self> {
        let covers = ensemble.covers.as_ref()?;
        let (trees, quadratures) = (Vec::new(), Vec::new());
        let mut shap = Self { views: Views::of(columns)?, trees, quadratures, average: 0.0 };
        for root in &ensemble.roots {
            let (branches, leaves) = (Vec::new(), Vec::new());
            let mut growing = Growing { ensemble, covers, value: &value, branches, from: Vec::new(), leaves, most: 0 };
            shap.average += growing.grow(*root, &mut shap.views)?;
            let Growing { branches, leaves, most, .. } = growing;
            let groups = most.div_ceil(2 * POINTS);
            while shap.quadratures.len() <= groups {
                shap.quadratures.push(quadrature(shap.quadratures.len() * POINTS));
            }
            shap.trees.push(Tree { branches, leaves, groups });
        }
        Some(shap)
    }

    pub(crate) const fn average(&self) -> f64 {
        self.average
    }

    /// Adds what each column contributes of the row that stands in the first slots.
    pub(crate) fn add(&self, slots: &mut Slots, sweep: &mut Sweep, contributions: &mut [f64]) {
        self.views.fill(slots);
        for tree in &self.trees {
            wide(Adding { tree, quadratures: &self.quadratures[tree.groups], slots, sweep, contributions });
        }
    }
}

/// The contributions of one tree.
struct Adding<'a> {
    tree: &'a Tree,
    quadratures: &'a [Quadrature],
    slots: &'a Slots,
    sweep: &'a mut Sweep,
    contributions: &'a mut [f64],
}

impl Wide for Adding<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { tree, quadratures, slots, sweep, contributions } = self;
        tree.follow(slots, sweep);
        for quadrature in quadratures {
            sweep.columns.clear();
            sweep.columns.resize(contributions.len(), [0.0; POINTS]);
            tree.factors(quadrature, sweep);
            tree.sum_up(sweep);
            tree.hand_down(sweep);
            for (contribution, points) in contributions.iter_mut().zip(&sweep.columns) {
                let sum = points.iter().zip(quadrature.weights).map(|(value, weight)| value * weight);
                *contribution += sum.sum::<f64>();
            }
        }
    }
}

impl Tree {
    #[inline(always)]
    fn follow(&self, slots: &Slots, sweep: &mut Sweep) {
        sweep.follows.clear();
        for branch in &self.branches {
            let at_most = slots[usize::from(branch.slot)] <= branch.threshold;
            let before = branch.before == NOTHING || sweep.follows[branch.before as usize];
            sweep.follows.extend([at_most & before, !at_most & before]);
        }
    }

    #[inline(always)]
    fn factors(&self, quadrature: &Quadrature, sweep: &mut Sweep) {
        let Sweep { follows, factors, .. } = sweep;
        factors.clear();
        for (branch, follows) in self.branches.iter().zip(follows.as_chunks::<2>().0) {
            for (share, follows) in branch.shares.iter().zip(follows) {
                let own = quadrature.factor(*share, *follows);
                let relative = match factors.get(branch.before as usize) {
                    Some([before, _]) => std::array::from_fn(|q| own[q] / before[q]),
                    None => own,
                };
                factors.push([own, relative]);
            }
        }
    }

    #[inline(always)]
    fn sum_up(&self, sweep: &mut Sweep) {
        let Sweep { factors, below, .. } = sweep;
        below.clear();
        below.resize(self.branches.len(), [0.0; POINTS]);
        for (at, branch) in self.branches.iter().enumerate().rev() {
            let [first, second] = branch.sides.map(|side| self.value(side, below));
            let [[_, to_first], [_, to_second]] = [factors[2 * at], factors[2 * at + 1]];
            below[at] = std::array::from_fn(|q| to_first[q] * first[q] + to_second[q] * second[q]);
        }
    }

    #[inline(always)]
    fn hand_down(&self, sweep: &mut Sweep) {
        let Sweep { follows, factors, below, above, columns } = sweep;
        above.clear();
        above.resize(self.branches.len(), [1.0; POINTS]);
        for (at, branch) in self.branches.iter().enumerate() {
            let (here, column) = (above[at], &mut columns[usize::from(branch.column)]);
            for (side, to) in branch.sides.into_iter().enumerate() {
                let [_, relative] = factors[2 * at + side];
                let value = self.value(to, below);
                let own = gain(branch.shares[side], follows[2 * at + side]);
                let before = branch.before as usize;
                match factors.get(before) {
                    None => {
                        for q in 0..POINTS {
                            column[q] += own * (here[q] * value[q]);
                        }
                    }
                    Some([factor, _]) => {
                        let earlier = gain(self.branches[before / 2].shares[before % 2], follows[before]);
                        for q in 0..POINTS {
                            column[q] += (own - earlier * relative[q]) * (here[q] * value[q]) / factor[q];
                        }
                    }
                }
                if let Some(above) = above.get_mut(to as usize) {
                    *above = std::array::from_fn(|q| here[q] * relative[q]);
                }
            }
        }
    }

    #[inline(always)]
    fn value(&self, side: u32, below: &[Points]) -> Points {
        match below.get(side as usize) {
            Some(below) => *below,
            None => [self.leaves[(side - LEAF) as usize]; POINTS],
        }
    }
}

const fn gain(share: f64, follows: bool) -> f64 {
    if follows { 1.0 - share } else { -share }
}

impl Quadrature {
    #[inline(always)]
    fn factor(&self, share: f64, follows: bool) -> Points {
        let own = if follows { 1.0 } else { 0.0 };
        self.at.map(|t| share + (own - share) * t)
    }
}

/// A tree on the way from the ensemble's form.
struct Growing<'a, V> {
    ensemble: &'a Ensemble<f32>,
    covers: &'a Covers,
    value: &'a V,
    branches: Vec<Branch>,
    /// Of each branch the edge that leads to it.
    from: Vec<u32>,
    leaves: Vec<f64>,
    /// How many columns one way asks at most.
    most: usize,
}

impl<V: Fn(&[Vote<f32>]) -> f64> Growing<'_, V> {
    /// Gives what the tree gives on average.
    fn grow(&mut self, root: Child, views: &mut Views) -> Option<f64> {
        let mut average = 0.0;
        let mut waiting = vec![(root, NOTHING, 1.0_f64)];
        while let Some((child, from, reach)) = waiting.pop() {
            let place = match child {
                Child::Leaf(leaf) => {
                    let value = (self.value)(self.ensemble.votes_at(self.ensemble.leaves[leaf as usize]));
                    average += reach * value;
                    self.leaves.push(value);
                    LEAF + u32::try_from(self.leaves.len() - 1).ok()?
                }
                Child::Node(node) => {
                    let node = &self.ensemble.nodes[node as usize];
                    let Asked { slot, threshold, swapped } = views.asked(node)?;
                    let mut sides = [node.when_true, node.when_false];
                    if swapped {
                        sides.reverse();
                    }
                    let covers = sides.map(|side| self.covers.of(side));
                    let shares = covers.map(|cover| cover / (covers[0] + covers[1]));
                    let place = u32::try_from(self.branches.len()).ok()?;
                    let (slot, column) = (u16::try_from(slot).ok()?, u16::try_from(node.feature).ok()?);
                    let before = self.before(column, from);
                    let earlier = self.branches.get(before as usize / 2).filter(|_| before != NOTHING);
                    let earlier = earlier.map_or(1.0, |branch| branch.shares[before as usize % 2]);
                    let of_column = shares.map(|share| share * earlier);
                    self.branches.push(Branch { shares: of_column, threshold, slot, column, sides: [LEAF; 2], before });
                    self.from.push(from);
                    waiting.push((sides[1], 2 * place + 1, reach * shares[1]));
                    waiting.push((sides[0], 2 * place, reach * shares[0]));
                    place
                }
            };
            if let Some(branch) = self.branches.get_mut(from as usize / 2) {
                branch.sides[from as usize % 2] = place;
            }
        }
        Some(average)
    }

    /// The last edge above that asks the column. On the way up the columns are counted.
    fn before(&mut self, column: u16, from: u32) -> u32 {
        let (mut before, mut columns, mut next) = (NOTHING, vec![column], from);
        while let Some(branch) = self.branches.get(next as usize / 2) {
            if branch.column == column && before == NOTHING {
                before = next;
            }
            columns.push(branch.column);
            next = self.from[next as usize / 2];
        }
        columns.sort_unstable();
        columns.dedup();
        self.most = self.most.max(columns.len());
        before
    }
}

/// Gauss-Legendre between zero and one, in groups.
fn quadrature(points: usize) -> Vec<Quadrature> {
    let (at, weights): (Vec<f64>, Vec<f64>) = (0..points).map(|place| node_and_weight(points, place)).unzip();
    let groups = at.chunks_exact(POINTS).zip(weights.chunks_exact(POINTS));
    let group = |values: &[f64]| values.try_into().expect("chunks are of this length");
    groups.map(|(at, weights)| Quadrature { at: group(at), weights: group(weights) }).collect()
}

/// A root of the Legendre polynomial by Newton's method, from Tricomi's first guess.
#[allow(clippy::cast_precision_loss, reason = "points are few")]
fn node_and_weight(points: usize, place: usize) -> (f64, f64) {
    let n = points as f64;
    let mut x = (std::f64::consts::PI * (place as f64 + 0.75) / (n + 0.5)).cos();
    let mut slope = 1.0;
    for _ in 0..100 {
        let (mut last, mut value) = (1.0, x);
        for degree in 2..=points {
            let k = degree as f64;
            (last, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * last) / k);
        }
        slope = n * (x * value - last) / (x * x - 1.0);
        let step = value / slope;
        x -= step;
        if step.abs() < 1e-15 {
            break;
        }
    }
    ((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
}
