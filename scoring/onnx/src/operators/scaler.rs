//! `ai.onnx.ml.Scaler`: `(x - offset) * scale`, each per column or one for all. Numbers of any kind become float32.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::Attributes;
use super::operator::{Built, Operator, built};
use super::real::Real;
use super::rows::{expect_numbers, matrix, numbers, only};
use crate::plan::{Step, Symbol};

#[derive(Debug)]
struct Scaler {
    offset: Vec<f32>,
    scale: Vec<f32>,
}

pub(super) fn build(_: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::new(node, &["offset", "scale"])?;
    let (offset, scale) = (attributes.finite("offset")?, attributes.finite("scale")?);
    ensure!(
        !offset.is_empty() && offset.len() == scale.len(),
        "attributes `offset` and `scale` must be of one length, and not empty"
    );
    built(node, 1, Scaler { offset, scale })
}

impl Scaler {
    fn scaled<T: Real>(&self, input: &Tensor) -> TractResult<Tensor> {
        let width = self.offset.len();
        let scaled = numbers::<T>(input)?.into_iter().enumerate().map(|(at, x)| {
            let (offset, scale) = (T::from_f32(self.offset[at % width]), T::from_f32(self.scale[at % width]));
            ((x - offset) * scale).to_f32()
        });
        Tensor::from_shape(input.shape(), &scaled.collect::<Vec<f32>>())
    }
}

impl Operator for Scaler {
    fn name(&self) -> &'static str {
        "Scaler"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        expect_numbers(input.datum_type)?;
        let (_, columns) = matrix(&input.shape)?;
        let width = self.offset.len();
        ensure!(width == 1 || width.to_dim() == columns, "expected {width} columns, found {columns}");
        Ok(tvec!(f32::fact(input.shape.iter().cloned().collect::<TVec<TDim>>())))
    }

    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        let width = self.offset.len();
        let step = |at: usize| Some(Step::Scale { offset: self.offset[at % width], scale: self.scale[at % width] });
        Some(vec![Symbol::Columns(Symbol::only_numbers(inputs)?.with(step)?)])
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let (_, columns) = matrix(input.shape())?;
        let width = self.offset.len();
        ensure!(width == 1 || width == columns, "expected {width} columns, found {columns}");
        let scaled = match input.datum_type() {
            DatumType::F64 => self.scaled::<f64>(input)?,
            _ => self.scaled::<f32>(input)?,
        };
        Ok(tvec!(scaled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_its_own_offset_and_scale() {
        let op = Scaler { offset: vec![1.0, 2.0], scale: vec![10.0, 0.5] };
        let output = op.eval(&[&tensor2(&[[1.0_f32, 4.0], [3.0, 2.0]])]).unwrap();
        assert_eq!(output[0], tensor2(&[[0.0_f32, 1.0], [20.0, 0.0]]));
    }
}
