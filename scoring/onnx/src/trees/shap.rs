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

use super::{Child, Ensemble, Node};

/// Points of the quadrature that are taken at once.
const POINTS: usize = 4;

/// Values at some points of the quadrature.
type Points = [f64; POINTS];

#[derive(Debug, Clone)]
pub(crate) struct Shap {
    trees: Vec<Explained>,
    /// By how many groups of points.
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
struct Explained {
    /// Node by node as in the ensemble, each with its two sides.
    branches: Vec<Branch>,
    groups: usize,
}

#[derive(Debug, Clone)]
struct Branch {
    /// In the ensemble.
    node: u32,
    sides: [Edge; 2],
    /// The edge that leads here.
    from: Option<(u32, usize)>,
}

/// The way from a node to one of its sides.
#[derive(Debug, Clone)]
struct Edge {
    /// Share of covers, of all edges of this column down to here.
    share: f64,
    /// The last edge above that asks the same column: branch and side.
    before: Option<(u32, usize)>,
    to: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Branch(u32),
    Leaf(f64),
}

/// Memory that rows take in turn.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// Whether the row follows an edge, and every edge of its column above.
    follows: Vec<[bool; 2]>,
    above: Vec<Points>,
    below: Vec<[Points; 2]>,
    columns: Vec<Points>,
}

impl Shap {
    /// For the votes that `value` takes of a leaf; `None` for an ensemble whose file holds no covers.
    pub(crate) fn of(ensemble: &Ensemble<f32>, value: impl Fn(&[super::Vote<f32>]) -> f64) -> Option<Self> {
        let covers = ensemble.covers.as_ref()?;
        let mut shap = Self { trees: Vec::new(), quadratures: Vec::new(), average: 0.0 };
        for root in &ensemble.roots {
            let growing = Growing { ensemble, covers, value: &value };
            let (tree, average) = growing.tree(*root);
            shap.average += average;
            if let Some(tree) = tree {
                while shap.quadratures.len() <= tree.groups {
                    shap.quadratures.push(quadrature(shap.quadratures.len() * POINTS));
                }
                shap.trees.push(tree);
            }
        }
        Some(shap)
    }

    pub(crate) const fn average(&self) -> f64 {
        self.average
    }

    /// Adds what each column of the row contributes.
    pub(crate) fn add(&self, ensemble: &Ensemble<f32>, row: &[f32], sweep: &mut Sweep, contributions: &mut [f64]) {
        for tree in &self.trees {
            tree.follow(&ensemble.nodes, row, sweep);
            for quadrature in &self.quadratures[tree.groups] {
                sweep.columns.clear();
                sweep.columns.resize(contributions.len(), [0.0; POINTS]);
                tree.sweep(&ensemble.nodes, quadrature, sweep);
                for (contribution, points) in contributions.iter_mut().zip(&sweep.columns) {
                    *contribution +=
                        points.iter().zip(quadrature.weights).map(|(value, weight)| value * weight).sum::<f64>();
                }
            }
        }
    }
}

impl Explained {
    fn follow(&self, nodes: &[Node<f32>], row: &[f32], sweep: &mut Sweep) {
        sweep.follows.clear();
        for branch in &self.branches {
            let node = &nodes[branch.node as usize];
            let value = row[node.feature as usize];
            let holds = node.test.holds(value) || (node.missing_is_true && value.is_nan());
            // Both sides have the same edge before them.
            let before = branch.sides[0].before.is_none_or(|(branch, side)| sweep.follows[branch as usize][side]);
            sweep.follows.push([holds && before, !holds && before]);
        }
    }

    fn sweep(&self, nodes: &[Node<f32>], quadrature: &Quadrature, sweep: &mut Sweep) {
        let Sweep { follows, above, below, columns } = sweep;
        above.resize(self.branches.len(), [1.0; POINTS]);
        below.resize(self.branches.len(), [[0.0; POINTS]; 2]);
        let factor = |branch: u32, side: usize| {
            let edge = &self.branches[branch as usize].sides[side];
            quadrature.factor(edge.share, follows[branch as usize][side])
        };
        for (at, branch) in self.branches.iter().enumerate().rev() {
            for (side, edge) in branch.sides.iter().enumerate() {
                below[at][side] = match edge.to {
                    End::Leaf(value) => [value; POINTS],
                    End::Branch(to) => {
                        let sides = [0, 1].map(|side| self.relative(to, side, &factor));
                        let [first, second] = below[to as usize];
                        std::array::from_fn(|q| sides[0][q] * first[q] + sides[1][q] * second[q])
                    }
                };
            }
        }
        above[0] = [1.0; POINTS];
        for (at, branch) in self.branches.iter().enumerate() {
            let column = &mut columns[nodes[branch.node as usize].feature as usize];
            for (side, edge) in branch.sides.iter().enumerate() {
                let relative = self.relative(at as u32, side, &factor);
                let own = gain(edge.share, follows[at][side]);
                let (above_here, below_here) = (above[at], below[at][side]);
                match edge.before {
                    None => {
                        for q in 0..POINTS {
                            column[q] += own * above_here[q] * below_here[q];
                        }
                    }
                    Some((branch, side)) => {
                        let earlier = &self.branches[branch as usize].sides[side];
                        let earlier = gain(earlier.share, follows[branch as usize][side]);
                        let before = factor(branch, side);
                        for q in 0..POINTS {
                            column[q] += (own - earlier * relative[q]) * above_here[q] * below_here[q] / before[q];
                        }
                    }
                }
                if let End::Branch(to) = edge.to {
                    above[to as usize] = std::array::from_fn(|q| above_here[q] * relative[q]);
                }
            }
        }
    }

    /// The factor of an edge, in the place of that of the edge before it.
    fn relative(&self, branch: u32, side: usize, factor: &impl Fn(u32, usize) -> Points) -> Points {
        let own = factor(branch, side);
        match self.branches[branch as usize].sides[side].before {
            None => own,
            Some((branch, side)) => {
                let before = factor(branch, side);
                std::array::from_fn(|q| own[q] / before[q])
            }
        }
    }
}

const fn gain(share: f64, follows: bool) -> f64 {
    if follows { 1.0 - share } else { -share }
}

impl Quadrature {
    fn factor(&self, share: f64, follows: bool) -> Points {
        let own = if follows { 1.0 } else { 0.0 };
        self.at.map(|t| share + (own - share) * t)
    }
}

/// A tree on the way from the ensemble's form.
struct Growing<'a, V> {
    ensemble: &'a Ensemble<f32>,
    covers: &'a super::Covers,
    value: &'a V,
}

impl<V: Fn(&[super::Vote<f32>]) -> f64> Growing<'_, V> {
    /// `None` for a tree of one leaf; and what the tree gives on average.
    fn tree(&self, root: Child) -> (Option<Explained>, f64) {
        let mut branches: Vec<Branch> = Vec::new();
        let mut average = 0.0;
        let mut most = 0;
        // Where the branch hangs, and the columns above it: each with its last edge.
        let mut waiting = vec![(root, None::<(u32, usize)>, 1.0_f64)];
        while let Some((child, from, reach)) = waiting.pop() {
            let to = match child {
                Child::Leaf(leaf) => {
                    let value = (self.value)(self.ensemble.votes_at(self.ensemble.leaves[leaf as usize]));
                    average += reach * value;
                    End::Leaf(value)
                }
                Child::Node(node) => End::Branch(self.branch(node, from, &mut branches, &mut most)),
            };
            if let Some((branch, side)) = from {
                branches[branch as usize].sides[side].to = to;
            }
            if let (Child::Node(node), End::Branch(at)) = (child, to) {
                let node = &self.ensemble.nodes[node as usize];
                let shares = self.shares(node);
                waiting.push((node.when_false, Some((at, 1)), reach * shares[1]));
                waiting.push((node.when_true, Some((at, 0)), reach * shares[0]));
            }
        }
        let groups = usize::max(1, most.div_ceil(2 * POINTS));
        ((!branches.is_empty()).then_some(Explained { branches, groups }), average)
    }

    fn shares(&self, node: &Node<f32>) -> [f64; 2] {
        let [first, second] = [node.when_true, node.when_false].map(|side| self.covers.of(side));
        [first / (first + second), second / (first + second)]
    }

    fn branch(&self, node: u32, from: Option<(u32, usize)>, branches: &mut Vec<Branch>, most: &mut usize) -> u32 {
        let at = u32::try_from(branches.len()).expect("as many as the ensemble has nodes");
        let feature = |branch: &Branch| self.ensemble.nodes[branch.node as usize].feature;
        let own = &self.ensemble.nodes[node as usize];
        let (mut before, mut columns) = (None, vec![own.feature]);
        let mut next = from;
        while let Some((branch, side)) = next {
            let above = feature(&branches[branch as usize]);
            if above == own.feature && before.is_none() {
                before = Some((branch, side));
            }
            if !columns.contains(&above) {
                columns.push(above);
            }
            next = branches[branch as usize].from;
        }
        *most = (*most).max(columns.len());
        let earlier = before.map_or(1.0, |(branch, side): (u32, usize)| branches[branch as usize].sides[side].share);
        let sides = self.shares(own).map(|share| Edge { share: share * earlier, before, to: End::Leaf(0.0) });
        branches.push(Branch { node, sides, from });
        at
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
