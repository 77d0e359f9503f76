//! Exact SHAP values of an ensemble, path-dependent as the `shap` library's TreeExplainer gives them: what each column
//! added to the margin beside the average over the training rows, whose counts (covers) stand in the file.
//!
//! On the way to a leaf, each column that is asked has a share z of the covers that went this way and an o, one where the
//! row goes this way and zero elsewhere. A leaf of value v whose columns are j adds to column i
//! `v (o_i - z_i) ∫ Π_{j≠i} (z_j (1 - t) + o_j t) dt` over t from zero to one (the Shapley weights are beta functions;
//! Owen 1972, multilinear extensions). The integrand is a polynomial, so that Gauss-Legendre quadrature with half as many
//! points as columns is exact, and at each point a tree takes two sweeps: up, for the sum of the leaves below a node, and
//! down, for the product of the edges above it. No factor is negative: nothing cancels. One is zero on a way that no
//! training row took, and this row does not take either: so is all that lies below, and nothing is divided by it.
//!
//! A column that is asked again on the way replaces its earlier factor by that of both.

use super::quadrature::{POINTS, Points, Quadrature, quadrature};
use super::views::{Asked, Slots, Views};
use super::{Child, Covers, Ensemble, Vote};
use crate::wide::{Wide, wide};

#[derive(Debug, Clone)]
pub(crate) struct Shap {
    views: Views,
    trees: Vec<Tree>,
    /// For each number of groups of points, the groups.
    quadratures: Vec<Vec<Quadrature>>,
    /// What the trees give on average, summed.
    average: f64,
}

#[derive(Debug, Clone)]
struct Tree {
    /// Each before all that hangs on it. The first is none: what has nothing before it has that, whose factors are one.
    branches: Vec<Branch>,
    /// Numbered on from the branches.
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
    /// Branches or leaves, by number.
    sides: [u32; 2],
    /// The last edge above that asks the same column: twice the number of its branch, and one more where it is the second
    /// side.
    before: u32,
}

impl Branch {
    const NONE: Self = Self { shares: [1.0; 2], threshold: f32::NAN, slot: 0, column: 0, sides: [0; 2], before: 0 };
}

/// Memory that rows take in turn. All but the columns by number.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// Of each edge one where the row follows it, and every edge of its column above, else zero.
    follows: Vec<f64>,
    factors: Vec<Points>,
    /// One over the factor of the edge before a branch.
    inverses: Vec<Points>,
    /// The sum of the leaves below, each times the factors on the way.
    below: Vec<Points>,
    /// The product of the factors above.
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
            let (branches, leaves) = (vec![Branch::NONE], Vec::new());
            let mut growing = Growing { ensemble, covers, value: &value, branches, from: vec![0], leaves, most: 0 };
            shap.average += growing.grow(*root, &mut shap.views)?;
            let Growing { mut branches, leaves, most, .. } = growing;
            number_leaves(&mut branches);
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

/// No way through a tree depends on the row: a processor that guesses it wrong would lose more than a step costs.
impl Tree {
    #[inline(always)]
    fn follow(&self, slots: &Slots, sweep: &mut Sweep) {
        let follows = &mut sweep.follows;
        follows.clear();
        follows.extend([1.0; 2]);
        for branch in &self.branches[1..] {
            let at_most = f64::from(u8::from(slots[usize::from(branch.slot)] <= branch.threshold));
            let before = follows[branch.before as usize];
            follows.extend([at_most * before, (1.0 - at_most) * before]);
        }
    }

    #[inline(always)]
    fn factors(&self, quadrature: &Quadrature, sweep: &mut Sweep) {
        let Sweep { follows, factors, inverses, .. } = sweep;
        factors.resize(2 * self.branches.len(), [1.0; POINTS]);
        inverses.resize(self.branches.len(), [1.0; POINTS]);
        factors[..2].fill([1.0; POINTS]);
        let at = quadrature.at;
        for (number, branch) in self.branches.iter().enumerate().skip(1) {
            let before = factors[branch.before as usize];
            let [first, second] = branch.shares;
            let (to_first, to_second) = (follows[2 * number] - first, follows[2 * number + 1] - second);
            let (mut inverse, mut of_first, mut of_second) = ([0.0; POINTS], [0.0; POINTS], [0.0; POINTS]);
            for q in 0..POINTS {
                inverse[q] = if before[q] > 0.0 { 1.0 / before[q] } else { 0.0 };
                of_first[q] = first + to_first * at[q];
                of_second[q] = second + to_second * at[q];
            }
            inverses[number] = inverse;
            factors[2 * number] = of_first;
            factors[2 * number + 1] = of_second;
        }
    }

    #[inline(always)]
    fn sum_up(&self, sweep: &mut Sweep) {
        let Sweep { factors, inverses, below, .. } = sweep;
        below.resize(self.branches.len(), [0.0; POINTS]);
        below.truncate(self.branches.len());
        below.extend(self.leaves.iter().map(|leaf| [*leaf; POINTS]));
        for (number, branch) in self.branches.iter().enumerate().skip(1).rev() {
            let inverse = inverses[number];
            let (to_first, to_second) = (factors[2 * number], factors[2 * number + 1]);
            let (first, second) = (below[branch.sides[0] as usize], below[branch.sides[1] as usize]);
            let mut sum = [0.0; POINTS];
            for q in 0..POINTS {
                sum[q] = inverse[q] * (to_first[q] * first[q] + to_second[q] * second[q]);
            }
            below[number] = sum;
        }
    }

    #[inline(always)]
    fn hand_down(&self, sweep: &mut Sweep) {
        let Sweep { follows, factors, inverses, below, above, columns } = sweep;
        above.clear();
        above.resize(self.branches.len() + self.leaves.len(), [1.0; POINTS]);
        for (number, branch) in self.branches.iter().enumerate().skip(1) {
            let (here, inverse) = (above[number], inverses[number]);
            let (to_first, to_second) = (factors[2 * number], factors[2 * number + 1]);
            let (first, second) = (below[branch.sides[0] as usize], below[branch.sides[1] as usize]);
            let before = branch.before as usize;
            let earlier = follows[before] - self.branches[before / 2].shares[before % 2];
            let gains = (follows[2 * number] - branch.shares[0], follows[2 * number + 1] - branch.shares[1]);
            let column = columns[usize::from(branch.column)];
            let (mut sum, mut of_first, mut of_second) = ([0.0; POINTS], [0.0; POINTS], [0.0; POINTS]);
            for q in 0..POINTS {
                let relative = (to_first[q] * inverse[q], to_second[q] * inverse[q]);
                let gained = (gains.0 - earlier * relative.0) * first[q] + (gains.1 - earlier * relative.1) * second[q];
                sum[q] = column[q] + here[q] * inverse[q] * gained;
                of_first[q] = here[q] * relative.0;
                of_second[q] = here[q] * relative.1;
            }
            columns[usize::from(branch.column)] = sum;
            above[branch.sides[0] as usize] = of_first;
            above[branch.sides[1] as usize] = of_second;
        }
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

/// Until all branches are there, a leaf is what is left of its number from here on.
const LEAF: u32 = 1 << 31;

fn number_leaves(branches: &mut [Branch]) {
    let count = u32::try_from(branches.len()).expect("as many as the ensemble has nodes");
    for side in branches.iter_mut().flat_map(|branch| &mut branch.sides) {
        if *side >= LEAF {
            *side = *side - LEAF + count;
        }
    }
}

impl<V: Fn(&[Vote<f32>]) -> f64> Growing<'_, V> {
    /// Gives what the tree gives on average.
    fn grow(&mut self, root: Child, views: &mut Views) -> Option<f64> {
        let mut average = 0.0;
        let mut waiting = vec![(root, 0_u32, 1.0_f64)];
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
                    let shares = self.covers.shares(sides);
                    let place = u32::try_from(self.branches.len()).ok()?;
                    let (slot, column) = (u16::try_from(slot).ok()?, u16::try_from(node.feature).ok()?);
                    let before = self.before(column, from);
                    let earlier = self.branches[before as usize / 2].shares[before as usize % 2];
                    let of_column = shares.map(|share| share * earlier);
                    self.branches.push(Branch { shares: of_column, threshold, slot, column, sides: [0; 2], before });
                    self.from.push(from);
                    waiting.push((sides[1], 2 * place + 1, reach * shares[1]));
                    waiting.push((sides[0], 2 * place, reach * shares[0]));
                    place
                }
            };
            if from > 0 {
                self.branches[from as usize / 2].sides[from as usize % 2] = place;
            }
        }
        Some(average)
    }

    /// The last edge above that asks the column. On the way up the columns are counted.
    fn before(&mut self, column: u16, from: u32) -> u32 {
        let (mut before, mut columns, mut next) = (0, vec![column], from);
        while next > 0 {
            let above = next as usize / 2;
            if self.branches[above].column == column && before == 0 {
                before = next;
            }
            columns.push(self.branches[above].column);
            next = self.from[above];
        }
        columns.sort_unstable();
        columns.dedup();
        self.most = self.most.max(columns.len());
        before
    }
}
