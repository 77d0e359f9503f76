//! The numbers of a reduction, each in the arithmetic in which ONNX Runtime has it.

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as ONNX Runtime rounds")]

use tract_onnx::tract_hir::internal::*;

use super::packets;

pub(super) trait Number: Datum + Copy + PartialOrd {
    const LEAST: Self;
    const GREATEST: Self;

    fn double(self) -> f64;

    /// What the type cannot hold becomes its end, and NaN the least of an integer.
    fn narrowed(value: f64) -> Self;

    /// What has been added up so far; an integer is cut at the end alone.
    fn rounded(so_far: f64) -> f64 {
        so_far
    }

    /// As far as the type goes.
    fn square(self) -> f64 {
        self.double() * self.double()
    }

    fn exp(difference: f64) -> Self {
        Self::narrowed(difference.exp())
    }

    fn ln(self) -> f64 {
        self.double().ln()
    }

    /// The sum of floats that lie side by side, as `packets` says; integers have none of their own.
    fn packed(_values: &[Self], _at: usize) -> Option<Self> {
        None
    }
}

impl Number for f32 {
    const LEAST: Self = Self::NEG_INFINITY;
    const GREATEST: Self = Self::INFINITY;

    fn double(self) -> f64 {
        f64::from(self)
    }

    fn narrowed(value: f64) -> Self {
        value as Self
    }

    fn rounded(so_far: f64) -> f64 {
        f64::from(so_far as Self)
    }

    fn square(self) -> f64 {
        f64::from(self * self)
    }

    fn exp(difference: f64) -> Self {
        Self::exp(difference as Self)
    }

    fn ln(self) -> f64 {
        f64::from(Self::ln(self))
    }

    fn packed(values: &[Self], at: usize) -> Option<Self> {
        Some(packets::sum::<Self, 4>(values, at))
    }
}

impl Number for f64 {
    const LEAST: Self = Self::NEG_INFINITY;
    const GREATEST: Self = Self::INFINITY;

    fn double(self) -> f64 {
        self
    }

    fn narrowed(value: f64) -> Self {
        value
    }

    fn packed(values: &[Self], at: usize) -> Option<Self> {
        Some(packets::sum::<Self, 2>(values, at))
    }
}

impl Number for i32 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;

    fn double(self) -> f64 {
        f64::from(self)
    }

    fn narrowed(value: f64) -> Self {
        if value.is_nan() { Self::MIN } else { value as Self }
    }
}

impl Number for i64 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;

    fn double(self) -> f64 {
        self as f64
    }

    fn narrowed(value: f64) -> Self {
        if value.is_nan() { Self::MIN } else { value as Self }
    }
}
