//! The two kinds of float that ONNX Runtime computes trees in.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use tract_onnx::tract_hir::internal::Datum;

pub(crate) trait Real:
    Datum
    + Copy
    + Debug
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    const ZERO: Self;
    const ONE: Self;

    fn is_nan(self) -> bool;
    /// Without what is behind the point.
    fn cut(self) -> Self;
    /// Rounded to the nearest where it does not fit.
    fn to_f32(self) -> f32;
    fn to_f64(self) -> f64;
    fn from_f32(value: f32) -> Self;
    /// Rounded to the nearest where it does not fit.
    fn from_f64(value: f64) -> Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn is_nan(self) -> bool {
        self.is_nan()
    }

    fn cut(self) -> Self {
        self.trunc()
    }

    fn to_f32(self) -> f32 {
        self
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn from_f32(value: f32) -> Self {
        value
    }

    #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn is_nan(self) -> bool {
        self.is_nan()
    }

    fn cut(self) -> Self {
        self.trunc()
    }

    #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
    fn to_f32(self) -> f32 {
        self as f32
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn from_f32(value: f32) -> Self {
        Self::from(value)
    }

    fn from_f64(value: f64) -> Self {
        value
    }
}
