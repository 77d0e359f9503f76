//! Values looked up by key, one by one: what label encoders and category mappers do.

use std::collections::HashMap;

use tract_onnx::tract_hir::internal::*;

use super::operator::Operator;
use super::rows::only;
use crate::plan::{Column, Columns, Numbers, Source, Symbol};
use crate::tensor::array;

/// Floats are equal as numbers are: minus zero is zero.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Text(String),
    Integer(i64),
    /// The bits of a float64.
    Real(u64),
}

#[derive(Debug, Clone)]
pub(super) enum Values {
    Texts(Vec<String>),
    Integers(Vec<i64>),
    /// Only as values.
    Shorts(Vec<i16>),
    Singles(Vec<f32>),
    Doubles(Vec<f64>),
}

#[derive(Debug)]
pub(super) struct Table {
    pub takes: DatumType,
    pub places: HashMap<Key, usize>,
    pub values: Values,
    /// One value.
    pub default: Values,
}

/// The table for the input's type answers.
#[derive(Debug)]
pub(super) struct Lookup {
    name: &'static str,
    tables: Vec<Table>,
}

impl Key {
    pub(super) const NAN: Self = Self::Real(f64::NAN.to_bits());

    fn real(value: f64) -> Self {
        if value.is_nan() { Self::NAN } else { Self::Real((value + 0.0).to_bits()) }
    }
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Shorts(values) => values.len(),
            Self::Singles(values) => values.len(),
            Self::Doubles(values) => values.len(),
        }
    }

    pub(super) const fn datum_type(&self) -> DatumType {
        match self {
            Self::Texts(_) => DatumType::String,
            Self::Integers(_) => DatumType::I64,
            Self::Shorts(_) => DatumType::I16,
            Self::Singles(_) => DatumType::F32,
            Self::Doubles(_) => DatumType::F64,
        }
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        match self {
            Self::Texts(values) => values.iter().cloned().map(Key::Text).collect(),
            Self::Integers(values) => values.iter().copied().map(Key::Integer).collect(),
            Self::Shorts(values) => values.iter().map(|value| Key::Integer(i64::from(*value))).collect(),
            Self::Singles(values) => values.iter().map(|value| Key::real(f64::from(*value))).collect(),
            Self::Doubles(values) => values.iter().copied().map(Key::real).collect(),
        }
    }

    fn of(tensor: &Tensor) -> TractResult<Self> {
        let plain = tensor.try_as_plain_ram()?;
        match tensor.datum_type() {
            DatumType::String => Ok(Self::Texts(plain.as_slice()?.to_vec())),
            DatumType::I64 => Ok(Self::Integers(plain.as_slice()?.to_vec())),
            DatumType::F32 => Ok(Self::Singles(plain.as_slice()?.to_vec())),
            DatumType::F64 => Ok(Self::Doubles(plain.as_slice()?.to_vec())),
            other => bail!("an input of {other:?} is not supported"),
        }
    }
}

impl Table {
    fn look_up(&self, input: &Tensor) -> TractResult<Tensor> {
        let places = Values::of(input)?.keys().into_iter().map(|key| self.places.get(&key).copied());
        let shape = input.shape();
        match (&self.values, &self.default) {
            (Values::Texts(values), Values::Texts(default)) => picked(shape, places, values, default),
            (Values::Integers(values), Values::Integers(default)) => picked(shape, places, values, default),
            (Values::Shorts(values), Values::Shorts(default)) => picked(shape, places, values, default),
            (Values::Singles(values), Values::Singles(default)) => picked(shape, places, values, default),
            (Values::Doubles(values), Values::Doubles(default)) => picked(shape, places, values, default),
            _ => bail!("values and default are of two kinds"),
        }
    }
}

impl Table {
    /// What texts stand for, where those are numbers.
    fn numbers(&self) -> Option<Numbers> {
        #[allow(clippy::cast_precision_loss, reason = "so does a cast in the graph")]
        let singles = |values: &Values| -> Option<Vec<f32>> {
            match values {
                Values::Integers(values) => Some(values.iter().map(|value| *value as f32).collect()),
                Values::Singles(values) => Some(values.clone()),
                Values::Texts(_) | Values::Shorts(_) | Values::Doubles(_) => None,
            }
        };
        let values = singles(&self.values)?;
        let known = self.places.iter().map(|(key, place)| match key {
            Key::Text(text) => Some((text.clone(), values[*place])),
            Key::Integer(_) | Key::Real(_) => None,
        });
        Some(Numbers { known: known.collect::<Option<_>>()?, default: *singles(&self.default)?.first()? })
    }
}

fn picked<T: Datum>(
    shape: &[usize],
    places: impl Iterator<Item = Option<usize>>,
    values: &[T],
    default: &[T],
) -> TractResult<Tensor> {
    array(shape, places.map(|place| place.map_or(&default[0], |at| &values[at]).clone()).collect())
}

impl Lookup {
    pub(super) const fn new(name: &'static str, tables: Vec<Table>) -> Self {
        Self { name, tables }
    }

    /// Both ways between integers and texts; of equal keys the last counts.
    pub(super) fn of_pairs(
        name: &'static str,
        integers: Vec<i64>,
        texts: Vec<String>,
        default_integer: i64,
        default_text: String,
    ) -> Self {
        let by_text = Table {
            takes: DatumType::String,
            places: texts.iter().cloned().map(Key::Text).zip(0..).collect(),
            values: Values::Integers(integers.clone()),
            default: Values::Integers(vec![default_integer]),
        };
        let by_integer = Table {
            takes: DatumType::I64,
            places: integers.into_iter().map(Key::Integer).zip(0..).collect(),
            values: Values::Texts(texts),
            default: Values::Texts(vec![default_text]),
        };
        Self::new(name, vec![by_text, by_integer])
    }

    fn table(&self, kind: DatumType) -> TractResult<&Table> {
        let table = self.tables.iter().find(|table| table.takes == kind);
        table.with_context(|| format!("an input of {kind:?} is not supported where the keys are of another kind"))
    }
}

impl Operator for Lookup {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let input = only(inputs)?;
        let kind = self.table(input.datum_type)?.values.datum_type();
        Ok(tvec!(kind.fact(input.shape.iter().cloned().collect::<TVec<TDim>>())))
    }

    /// Texts that stand for numbers.
    fn symbols(&self, inputs: &[Symbol]) -> Option<Vec<Symbol>> {
        let [Symbol::Columns(input)] = inputs else { return None };
        let table = self.table(DatumType::String).ok()?;
        let is_integer = matches!(table.values, Values::Integers(_));
        let numbers = Arc::new(table.numbers()?);
        let columns = input.columns.iter().map(|column| match column.source {
            Source::Text(text) => {
                let source = Source::Looked { text, numbers: Arc::clone(&numbers), is_integer };
                Some(Column { source, steps: Vec::new() })
            }
            _ => None,
        });
        let columns = columns.collect::<Option<Vec<_>>>()?;
        Some(vec![Symbol::Columns(Columns { shape: input.shape.clone(), columns })])
    }

    fn eval(&self, inputs: &[&Tensor]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        Ok(tvec!(self.table(input.datum_type())?.look_up(input)?))
    }
}
