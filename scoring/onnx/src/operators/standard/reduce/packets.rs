//! Sums of floats that lie side by side, in the order in which ONNX Runtime adds them (Eigen's `redux`, sixteen bytes at a
//! time): another order is another sum, and a likelihood that is one float32 beside is a probability that is 1e-5 beside.

use std::array::from_fn;
use std::ops::Add;

/// `at` is the place of the first value behind a boundary of `N` values.
pub(super) fn sum<F: Copy + Default + Add<Output = F>, const N: usize>(values: &[F], at: usize) -> F {
    let head = (N - at % N) % N;
    let (head, rest) = values.split_at(head.min(values.len()));
    let (packets, tail) = rest.as_chunks::<N>();
    let beside = head.iter().chain(tail).copied();
    let Some(packed) = packed(packets) else { return beside.reduce(F::add).unwrap_or_default() };
    beside.fold(halved(packed), F::add)
}

/// Packets of even and of odd number, and a last one that has no other.
fn packed<F: Copy + Add<Output = F>, const N: usize>(packets: &[[F; N]]) -> Option<[F; N]> {
    let (pairs, last) = packets.as_chunks::<2>();
    let Some(([even, odd], others)) = pairs.split_first() else { return last.first().copied() };
    let (mut even, mut odd) = (*even, *odd);
    for [one, other] in others {
        (even, odd) = (added(even, *one), added(odd, *other));
    }
    Some(last.iter().fold(added(even, odd), |sum, last| added(sum, *last)))
}

fn added<F: Copy + Add<Output = F>, const N: usize>(one: [F; N], other: [F; N]) -> [F; N] {
    from_fn(|lane| one[lane] + other[lane])
}

/// Halves are added to each other until one value is left.
fn halved<F: Copy + Add<Output = F>, const N: usize>(mut packet: [F; N]) -> F {
    let mut length = N;
    while length > 1 {
        length /= 2;
        for lane in 0..length {
            packet[lane] = packet[lane] + packet[lane + length];
        }
    }
    packet[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers add up to the same in any order.
    #[test]
    fn every_value_counts_once_wherever_it_lies() {
        let values: Vec<f64> = (1..=40).map(f64::from).collect();
        for at in 0..8 {
            for length in 0..=values.len() {
                let expected = values[..length].iter().sum::<f64>();
                assert_eq!(sum::<f64, 2>(&values[..length], at), expected);
                assert_eq!(sum::<f64, 4>(&values[..length], at), expected);
            }
        }
    }
}
