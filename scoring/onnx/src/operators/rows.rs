//! Tensors as rows of numbers: what most operators of ONNX-ML work on.

use tract_onnx::tract_hir::internal::*;

use super::real::Real;

/// The only input of an operator.
pub(super) fn only<'a, V>(inputs: &[&'a V]) -> TractResult<&'a V> {
    match inputs {
        [input] => Ok(input),
        _ => bail!("expected 1 input, found {}", inputs.len()),
    }
}

/// Rows and columns of a tensor of rank one (one row) or two.
pub(super) fn matrix<D: Clone + From<usize>>(shape: &[D]) -> TractResult<(D, D)> {
    match shape {
        [columns] => Ok((1.into(), columns.clone())),
        [rows, columns] => Ok((rows.clone(), columns.clone())),
        _ => bail!("expected a tensor of rank 1 or 2, found rank {}", shape.len()),
    }
}

/// The numbers of a tensor of float32, float64, int64 or int32, each turned into `T` as C++ does.
pub(super) fn numbers<T: Real>(tensor: &Tensor) -> TractResult<Vec<T>> {
    let plain = tensor.try_as_plain_ram()?;
    #[allow(clippy::cast_precision_loss, reason = "the runtime rounds integers to the type of the thresholds too")]
    match tensor.datum_type() {
        DatumType::F32 => Ok(plain.as_slice::<f32>()?.iter().map(|value| T::from_f32(*value)).collect()),
        DatumType::F64 => Ok(plain.as_slice::<f64>()?.iter().map(|value| T::from_f64(*value)).collect()),
        // Through float64 an int64 would be rounded twice.
        DatumType::I64 if T::datum_type() == DatumType::F32 => {
            Ok(plain.as_slice::<i64>()?.iter().map(|value| T::from_f32(*value as f32)).collect())
        }
        DatumType::I64 => Ok(plain.as_slice::<i64>()?.iter().map(|value| T::from_f64(*value as f64)).collect()),
        DatumType::I32 => Ok(plain.as_slice::<i32>()?.iter().map(|value| T::from_f64(f64::from(*value))).collect()),
        other => bail!("expected numbers, found {other:?}"),
    }
}

/// Refuses what is neither float32, float64, int64 nor int32.
pub(super) fn expect_numbers(kind: DatumType) -> TractResult<()> {
    let taken = [DatumType::F32, DatumType::F64, DatumType::I64, DatumType::I32];
    ensure!(taken.contains(&kind), "expected numbers, found {kind:?}");
    Ok(())
}

/// Refuses what is not float32.
pub(super) fn expect_float32(kind: DatumType) -> TractResult<()> {
    ensure!(kind == DatumType::F32, "an input of {kind:?} is not supported");
    Ok(())
}

/// To an integer as the processor does it: what does not fit becomes the lowest.
#[allow(clippy::cast_possible_truncation, reason = "it was seen to fit")]
pub(super) fn cut(value: f64) -> i64 {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if (-END..END).contains(&value) { value as i64 } else { i64::MIN }
}
