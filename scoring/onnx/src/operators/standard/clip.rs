//! `Clip`: between two bounds of the input's type; an absent one is the last finite value of the type. NaN stays NaN.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::tract_num_traits::Bounded;
use tract_onnx::tract_hir::internal::*;

use super::super::attributes::Attributes;
use super::super::operator::{Built, Operator};
use super::super::rows::expect_numbers;
use super::broadcast::{map, values};
use super::{built, expect, for_numbers};

#[derive(Debug)]
struct Clip {
    /// Of the node, before opset 11.
    attributes: Option<(f32, f32)>,
    has_least: bool,
    has_most: bool,
}

impl Clip {
    fn of<T: Datum + Bounded + PartialOrd + Copy>(
        input: &Tensor,
        least: Option<T>,
        most: Option<T>,
    ) -> TractResult<Tensor> {
        let (least, most) = (least.unwrap_or(T::min_value()), most.unwrap_or(T::max_value()));
        map::<T, T>(input, |value| {
            let value = if *value < least { least } else { *value };
            if value > most { most } else { value }
        })
    }

    fn bounds<'a>(&self, inputs: &[&'a Tensor]) -> (Option<&'a Tensor>, Option<&'a Tensor>) {
        let mut rest = inputs.iter().skip(1).copied();
        let least = if self.has_least { rest.next() } else { None };
        (least, if self.has_most { rest.next() } else { None })
    }
}

impl Operator for Clip {
    fn name(&self) -> &'static str {
        "Clip"
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let (input, bounds) = inputs.split_first().context("expected an input, found none")?;
        expect_numbers(input.datum_type)?;
        ensure!(self.attributes.is_none() || input.datum_type == DatumType::F32, "bounds as attributes are float32");
        for bound in bounds {
            expect(bound.datum_type, input.datum_type)?;
            ensure!(bound.shape.volume() == 1.to_dim(), "expected bounds of one value, found {:?}", bound.shape);
        }
        Ok(tvec!(input.without_value()))
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        if let Some((least, most)) = self.attributes {
            return Ok(tvec!(Self::of::<f32>(inputs[0], Some(least), Some(most))?));
        }
        let (least, most) = self.bounds(inputs);
        Ok(tvec!(for_numbers!(inputs[0].datum_type(), T, {
            let first = |bound: Option<&Tensor>| {
                bound
                    .map(|bound| TractResult::Ok(values::<T>(bound)?.first().copied()))
                    .transpose()
                    .map(Option::flatten)
            };
            Self::of::<T>(inputs[0], first(least)?, first(most)?)
        })?))
    }
}

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let attributes = Attributes::new(node, &["min", "max"])?;
    let given = |at: usize| node.input.get(at).is_some_and(|name| !name.is_empty());
    let clip = Clip {
        attributes: match context.onnx_operator_set_version < 11 {
            true => Some((attributes.float("min", f32::MIN)?, attributes.float("max", f32::MAX)?)),
            false => None,
        },
        has_least: given(1),
        has_most: given(2),
    };
    built(context, node, 1, clip)
}
