//! Tensors as the outside sees them: a shape and its values in row order, with no word of the runtime behind.

use std::fmt;

use tract_onnx::tract_hir::internal::{
    Datum, DatumType, IntoTensor, SymbolValues, TDim, TractResult, bail, tract_data, tract_ndarray,
};

type Inner = tract_data::prelude::Tensor;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Float32,
    Float64,
    Int64,
    Int32,
    Int16,
    Bool,
    Text,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Int64(Vec<i64>),
    Int32(Vec<i32>),
    Int16(Vec<i16>),
    Bool(Vec<bool>),
    Text(Vec<String>),
}

/// As many values as the shape says.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Values,
}

impl Tensor {
    /// `None` unless there are as many values as the shape says.
    #[must_use]
    pub fn new(shape: Vec<usize>, values: Values) -> Option<Self> {
        let volume = shape.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
        (volume == Some(values.len())).then_some(Self { shape, values })
    }

    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    #[must_use]
    pub const fn values(&self) -> &Values {
        &self.values
    }

    pub(crate) fn into_inner(self) -> TractResult<Inner> {
        match self.values {
            Values::Float32(values) => array(&self.shape, values),
            Values::Float64(values) => array(&self.shape, values),
            Values::Int64(values) => array(&self.shape, values),
            Values::Int32(values) => array(&self.shape, values),
            Values::Int16(values) => array(&self.shape, values),
            Values::Bool(values) => array(&self.shape, values),
            Values::Text(values) => array(&self.shape, values),
        }
    }

    /// `rows` says how many rows each symbol of a dimension stands for.
    pub(crate) fn of(inner: &Inner, rows: &SymbolValues) -> TractResult<Self> {
        // tract computes with symbolic dimensions where ONNX has int64.
        if inner.datum_type() == DatumType::TDim {
            let plain = inner.try_as_plain_ram()?;
            let dims = plain.as_slice::<TDim>()?.iter().map(|dim| dim.eval(rows).to_i64());
            return Ok(Self { shape: inner.shape().to_vec(), values: Values::Int64(dims.collect::<Result<_, _>>()?) });
        }
        let plain = inner.try_as_plain_ram()?;
        let values = match Kind::of(inner.datum_type()) {
            Some(Kind::Float32) => Values::Float32(plain.as_slice()?.to_vec()),
            Some(Kind::Float64) => Values::Float64(plain.as_slice()?.to_vec()),
            Some(Kind::Int64) => Values::Int64(plain.as_slice()?.to_vec()),
            Some(Kind::Int32) => Values::Int32(plain.as_slice()?.to_vec()),
            Some(Kind::Int16) => Values::Int16(plain.as_slice()?.to_vec()),
            Some(Kind::Bool) => Values::Bool(plain.as_slice()?.to_vec()),
            Some(Kind::Text) => Values::Text(plain.as_slice()?.to_vec()),
            None => bail!("data type {:?} cannot be given out", inner.datum_type()),
        };
        Ok(Self { shape: inner.shape().to_vec(), values })
    }
}

pub(crate) fn array<T: Datum>(shape: &[usize], values: Vec<T>) -> TractResult<Inner> {
    Ok(tract_ndarray::ArrayD::from_shape_vec(shape, values)?.into_tensor())
}

impl Values {
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Float32(values) => values.len(),
            Self::Float64(values) => values.len(),
            Self::Int64(values) => values.len(),
            Self::Int32(values) => values.len(),
            Self::Int16(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Float32(_) => Kind::Float32,
            Self::Float64(_) => Kind::Float64,
            Self::Int64(_) => Kind::Int64,
            Self::Int32(_) => Kind::Int32,
            Self::Int16(_) => Kind::Int16,
            Self::Bool(_) => Kind::Bool,
            Self::Text(_) => Kind::Text,
        }
    }
}

impl Kind {
    pub(crate) const fn of(inner: DatumType) -> Option<Self> {
        match inner {
            DatumType::F32 => Some(Self::Float32),
            DatumType::F64 => Some(Self::Float64),
            DatumType::I64 | DatumType::TDim => Some(Self::Int64),
            DatumType::I32 => Some(Self::Int32),
            DatumType::I16 => Some(Self::Int16),
            DatumType::Bool => Some(Self::Bool),
            DatumType::String => Some(Self::Text),
            DatumType::U8
            | DatumType::U16
            | DatumType::U32
            | DatumType::U64
            | DatumType::I8
            | DatumType::F16
            | DatumType::Blob
            | DatumType::QI8(_)
            | DatumType::QU8(_)
            | DatumType::QI32(_) => None,
        }
    }

    pub(crate) const fn inner(self) -> DatumType {
        match self {
            Self::Float32 => DatumType::F32,
            Self::Float64 => DatumType::F64,
            Self::Int64 => DatumType::I64,
            Self::Int32 => DatumType::I32,
            Self::Int16 => DatumType::I16,
            Self::Bool => DatumType::Bool,
            Self::Text => DatumType::String,
        }
    }
}

/// The name that numpy has for it.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int64 => "int64",
            Self::Int32 => "int32",
            Self::Int16 => "int16",
            Self::Bool => "bool",
            Self::Text => "string",
        })
    }
}
