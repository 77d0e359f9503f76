//! Values as the elements of a JSON list: flat in row order, or nested as the shape says. Of floats, null is what is no number,
//! and "inf" and "-inf" are infinities, as `weir models score` has them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use weir_scoring::model::{Kind, Values};

use super::datatype::name;

/// The elements of `json`, which are `count` values of `shape`. The error says what was expected and found, and shows no value.
pub(super) fn read(kind: Kind, json: &str, shape: &[usize], count: usize) -> Result<Values, String> {
    let list = List { kind, json, shape, count };
    Ok(match kind {
        Kind::Float32 => Values::Float32(list.values(single)?),
        Kind::Float64 => Values::Float64(list.values(double)?),
        Kind::Int64 => Values::Int64(list.values(whole)?),
        Kind::Int32 => Values::Int32(list.values(whole)?),
        Kind::Int16 => Values::Int16(list.values(whole)?),
        Kind::Bool => Values::Bool(list.values(truth)?),
        Kind::Text => Values::Text(list.values(text)?),
    })
}

/// An element that is no list.
#[derive(Debug, Clone, Copy)]
enum Scalar<'a> {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(&'a str),
}

struct List<'a> {
    kind: Kind,
    json: &'a str,
    shape: &'a [usize],
    count: usize,
}

impl List<'_> {
    fn values<T>(&self, read: fn(Scalar<'_>) -> Option<T>) -> Result<Vec<T>, String> {
        // A value takes two bytes at least, so a large shape alone reserves nothing.
        let values = Vec::with_capacity(self.count.min(self.json.len() / 2 + 1));
        let mut found = Found { values, read, lengths: Vec::new(), depth: None, is_ragged: false, unfit: None };
        let mut json = serde_json::Deserializer::from_str(self.json);
        Place { found: &mut found, depth: 0 }.deserialize(&mut json).map_err(|error| error.to_string())?;
        if let Some(at) = found.unfit {
            return Err(format!("expected a value of {} as element {at}, found another", name(self.kind)));
        }
        let is_flat = found.lengths == [self.count];
        if found.is_ragged || !(is_flat || found.lengths == self.shape) {
            let (shape, count) = (self.shape, self.count);
            let lists = if found.is_ragged { "ragged lists".to_owned() } else { format!("{:?}", found.lengths) };
            return Err(format!("expected {count} elements, flat or nested as {shape:?}, found {lists}"));
        }
        Ok(found.values)
    }
}

/// What stood in the list so far.
struct Found<T> {
    values: Vec<T>,
    read: fn(Scalar<'_>) -> Option<T>,
    /// Of the lists at each depth.
    lengths: Vec<usize>,
    /// At which the values stand.
    depth: Option<usize>,
    is_ragged: bool,
    /// The first element that is no value of the kind.
    unfit: Option<usize>,
}

impl<T> Found<T> {
    fn scalar(&mut self, scalar: Scalar<'_>, depth: usize) {
        self.is_ragged |= *self.depth.get_or_insert(depth) != depth;
        match (self.read)(scalar) {
            Some(value) => self.values.push(value),
            None => self.unfit = self.unfit.or(Some(self.values.len())),
        }
    }

    fn list(&mut self, depth: usize, length: usize, is_first: bool) {
        if is_first {
            self.lengths[depth] = length;
        }
        self.is_ragged |= self.lengths[depth] != length;
    }
}

/// Where in the list an element stands.
struct Place<'f, T> {
    found: &'f mut Found<T>,
    depth: usize,
}

impl<'de, T> DeserializeSeed<'de> for Place<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T> Visitor<'de> for Place<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.found.scalar(Scalar::Null, self.depth);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.found.scalar(Scalar::Bool(value), self.depth);
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.found.scalar(Scalar::Signed(value), self.depth);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.found.scalar(Scalar::Unsigned(value), self.depth);
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.found.scalar(Scalar::Float(value), self.depth);
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.found.scalar(Scalar::Text(value), self.depth);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { found, depth } = self;
        let is_first = found.lengths.len() == depth;
        if is_first {
            found.lengths.push(0);
        }
        let mut length = 0;
        while elements.next_element_seed(Place { found: &mut *found, depth: depth + 1 })?.is_some() {
            length += 1;
        }
        found.list(depth, length, is_first);
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "so does every client that turns a whole number into a float")]
fn double(scalar: Scalar<'_>) -> Option<f64> {
    match scalar {
        Scalar::Null => Some(f64::NAN),
        Scalar::Signed(value) => Some(value as f64),
        Scalar::Unsigned(value) => Some(value as f64),
        Scalar::Float(value) => Some(value),
        Scalar::Text("inf") => Some(f64::INFINITY),
        Scalar::Text("-inf") => Some(f64::NEG_INFINITY),
        Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

/// A number that is too large for a float32 is refused, not made infinite.
#[allow(clippy::cast_possible_truncation, reason = "the model takes float32")]
fn single(scalar: Scalar<'_>) -> Option<f32> {
    let value = double(scalar)?;
    let single = value as f32;
    (single.is_infinite() == value.is_infinite()).then_some(single)
}

fn whole<T: TryFrom<i64> + TryFrom<u64>>(scalar: Scalar<'_>) -> Option<T> {
    match scalar {
        Scalar::Signed(value) => T::try_from(value).ok(),
        Scalar::Unsigned(value) => T::try_from(value).ok(),
        Scalar::Null | Scalar::Bool(_) | Scalar::Float(_) | Scalar::Text(_) => None,
    }
}

const fn truth(scalar: Scalar<'_>) -> Option<bool> {
    match scalar {
        Scalar::Bool(value) => Some(value),
        Scalar::Null | Scalar::Signed(_) | Scalar::Unsigned(_) | Scalar::Float(_) | Scalar::Text(_) => None,
    }
}

fn text(scalar: Scalar<'_>) -> Option<String> {
    match scalar {
        Scalar::Text(value) => Some(value.to_owned()),
        Scalar::Null | Scalar::Bool(_) | Scalar::Signed(_) | Scalar::Unsigned(_) | Scalar::Float(_) => None,
    }
}

/// The values as one flat list.
#[derive(Debug)]
pub(super) struct Elements<'a>(pub &'a Values);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Values::Float32(values) => serializer.collect_seq(values.iter().map(|value| Real(f64::from(*value)))),
            Values::Float64(values) => serializer.collect_seq(values.iter().map(|value| Real(*value))),
            Values::Int64(values) => serializer.collect_seq(values),
            Values::Int32(values) => serializer.collect_seq(values),
            Values::Int16(values) => serializer.collect_seq(values),
            Values::Bool(values) => serializer.collect_seq(values),
            Values::Text(values) => serializer.collect_seq(values),
        }
    }
}

struct Real(f64);

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value) = *self;
        match (value.is_infinite(), value.is_sign_negative()) {
            (true, false) => serializer.serialize_str("inf"),
            (true, true) => serializer.serialize_str("-inf"),
            // Of what is no number, serde_json makes null.
            (false, _) => serializer.serialize_f64(value),
        }
    }
}
