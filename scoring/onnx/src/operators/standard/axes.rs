//! Axes of a tensor: those that a node names, and the lines of values along one of them.

use tract_onnx::tract_hir::internal::*;

/// An axis counted from the front, of `rank` many; one below zero counts from the end.
pub(super) fn axis_of(axis: i64, rank: usize) -> TractResult<usize> {
    let rank = i64::try_from(rank)?;
    ensure!((-rank..rank).contains(&axis), "expected an axis of {rank}, found {axis}");
    Ok(usize::try_from(if axis < 0 { axis + rank } else { axis })?)
}

/// The values along one axis, line by line: line `at` starts at `first(at)` and goes on every `step` values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    pub count: usize,
    pub length: usize,
    pub step: usize,
}

impl Lines {
    pub(super) fn along(shape: &[usize], axis: usize) -> Self {
        let step: usize = shape[axis + 1..].iter().product();
        let outer: usize = shape[..axis].iter().product();
        Self { count: outer * step, length: shape[axis], step }
    }

    /// Everything from the axis on as one line.
    pub(super) fn from(shape: &[usize], axis: usize) -> Self {
        Self { count: shape[..axis].iter().product(), length: shape[axis..].iter().product(), step: 1 }
    }

    pub(super) fn first(&self, at: usize) -> usize {
        at / self.step * self.step * self.length + at % self.step
    }

    pub(super) fn places(&self, at: usize) -> impl DoubleEndedIterator<Item = usize> + Clone + use<> {
        let (first, step) = (self.first(at), self.step);
        (0..self.length).map(move |place| first + place * step)
    }
}
