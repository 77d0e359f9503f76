//! Values of several tensors put beside each other as numpy broadcasts them.

use tract_onnx::tract_core::broadcast::multi_broadcast;
use tract_onnx::tract_hir::internal::*;

use crate::tensor::array;

/// The values of a tensor in row order.
pub(super) fn values<T: Datum>(tensor: &Tensor) -> TractResult<&[T]> {
    tensor.try_as_plain_ram()?.as_slice::<T>()
}

/// A tensor of the same shape.
pub(super) fn map<A: Datum, B: Datum>(input: &Tensor, f: impl Fn(&A) -> B) -> TractResult<Tensor> {
    array(input.shape(), values::<A>(input)?.iter().map(f).collect())
}

/// The shape of tensors that are broadcast against each other.
pub(super) fn broadcast_shape(inputs: &[&TypedFact]) -> TractResult<TVec<TDim>> {
    multi_broadcast(&inputs.iter().map(|input| &*input.shape).collect::<TVec<_>>())
}

/// How operands lie over the result: axes from the outermost, each with its length and the step of every operand, which is
/// zero where it repeats. Axes that every operand walks in one go are one.
pub(super) struct Runs<const N: usize> {
    axes: Vec<(usize, [usize; N])>,
}

impl<const N: usize> Runs<N> {
    pub(super) fn new(shape: &[usize], operands: [&[usize]; N]) -> Self {
        let mut axes: Vec<(usize, [usize; N])> = Vec::new();
        let mut strides = [1_usize; N];
        for (from_end, length) in shape.iter().rev().enumerate() {
            let steps = std::array::from_fn(|at| {
                let own = operands[at].iter().rev().nth(from_end).copied().unwrap_or(1);
                let step = if own == 1 { 0 } else { strides[at] };
                strides[at] *= own;
                step
            });
            match axes.last_mut() {
                _ if *length == 1 => {}
                Some((inner, inner_steps)) if (0..N).all(|at| steps[at] == inner_steps[at] * *inner) => {
                    *inner *= length;
                }
                _ => axes.push((*length, steps)),
            }
        }
        axes.reverse();
        Self { axes }
    }

    /// Calls `run` with every operand's first place, its step, and the number of places.
    pub(super) fn each(&self, mut run: impl FnMut([usize; N], [usize; N], usize)) {
        let Some(((length, steps), outer)) = self.axes.split_last() else { return run([0; N], [0; N], 1) };
        if self.axes.iter().any(|(length, _)| *length == 0) {
            return;
        }
        let (mut index, mut places) = (vec![0_usize; outer.len()], [0_usize; N]);
        loop {
            run(places, *steps, *length);
            let mut axis = outer.len();
            loop {
                let Some(next) = axis.checked_sub(1) else { return };
                axis = next;
                let (length, steps) = outer[axis];
                index[axis] += 1;
                if index[axis] < length {
                    (0..N).for_each(|at| places[at] += steps[at]);
                    break;
                }
                index[axis] = 0;
                (0..N).for_each(|at| places[at] -= steps[at] * (length - 1));
            }
        }
    }
}

/// Each value of the one with its counterpart of the other.
pub(super) fn zip<A: Datum, B: Datum, C: Datum>(
    a: &Tensor,
    b: &Tensor,
    f: impl Fn(&A, &B) -> C,
) -> TractResult<Tensor> {
    let shape: TVec<usize> = multi_broadcast(&[a.shape(), b.shape()])?;
    let runs = Runs::new(&shape, [a.shape(), b.shape()]);
    let (a, b) = (values::<A>(a)?, values::<B>(b)?);
    let mut joined = Vec::with_capacity(shape.iter().product());
    runs.each(|[at, bt], steps, length| match steps {
        [1, 1] => joined.extend(a[at..][..length].iter().zip(&b[bt..][..length]).map(|(a, b)| f(a, b))),
        [1, 0] => joined.extend(a[at..][..length].iter().map(|a| f(a, &b[bt]))),
        [0, 1] => joined.extend(b[bt..][..length].iter().map(|b| f(&a[at], b))),
        [step, stride] => joined.extend((0..length).map(|n| f(&a[at + n * step], &b[bt + n * stride]))),
    });
    array(&shape, joined)
}

/// From `yes` where the condition holds, else from `no`.
pub(super) fn choose<T: Datum>(condition: &Tensor, yes: &Tensor, no: &Tensor) -> TractResult<Tensor> {
    let shapes = [condition.shape(), yes.shape(), no.shape()];
    let shape: TVec<usize> = multi_broadcast(&shapes)?;
    let (condition, yes, no) = (values::<bool>(condition)?, values::<T>(yes)?, values::<T>(no)?);
    let mut chosen = Vec::with_capacity(shape.iter().product());
    Runs::new(&shape, shapes).each(|[c, y, n], [c_step, y_step, n_step], length| {
        let place = |at: usize| match condition[c + at * c_step] {
            true => yes[y + at * y_step].clone(),
            false => no[n + at * n_step].clone(),
        };
        chosen.extend((0..length).map(place));
    });
    array(&shape, chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_of_any_shape_are_broadcast_as_numpy_does() {
        let tensor = |shape: &[usize]| {
            let values: Vec<i64> = (0..shape.iter().product::<usize>()).map(|value| value as i64).collect();
            array(shape, values).unwrap()
        };
        for (a, b) in [
            (vec![2, 3, 4], vec![4]),
            (vec![2, 3, 4], vec![3, 1]),
            (vec![2, 1, 4], vec![3, 1]),
            (vec![1, 3], vec![2, 1, 1]),
            (vec![], vec![2, 2]),
            (vec![], vec![]),
            (vec![0, 3], vec![1, 3]),
        ] {
            let (a, b) = (tensor(&a), tensor(&b));
            let joined = zip::<i64, i64, i64>(&a, &b, |a, b| a * 100 + b).unwrap();
            let (x, y) = (a.to_plain_array_view::<i64>().unwrap(), b.to_plain_array_view::<i64>().unwrap());
            let (x, y) = (x.broadcast(joined.shape()).unwrap(), y.broadcast(joined.shape()).unwrap());
            let expected: Vec<i64> = x.iter().zip(y.iter()).map(|(x, y)| x * 100 + y).collect();
            assert_eq!(values::<i64>(&joined).unwrap(), expected, "{:?} {:?}", a.shape(), b.shape());
        }
    }
}
