//! `ai.onnx.ml.LabelEncoder` in all its forms: the list of opset 1, the pairs of lists of opset 2, the tensors of opset 4.

use std::collections::HashMap;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use super::attributes::{Attributes, values};
use super::lookup::{Key, Lookup, Values};
use super::operator::{Built, built};

const KINDS: [&str; 3] = ["strings", "int64s", "floats"];

pub(super) fn build(context: &ParsingContext, node: &NodeProto) -> Built {
    let version = Attributes::version_of(context);
    let honoured: &[&str] = match version {
        ..=1 => &["classes_strings", "default_int64", "default_string"],
        2..=3 => &[
            "keys_strings",
            "keys_int64s",
            "keys_floats",
            "values_strings",
            "values_int64s",
            "values_floats",
            "default_string",
            "default_int64",
            "default_float",
        ],
        4.. => &[
            "keys_strings",
            "keys_int64s",
            "keys_floats",
            "keys_tensor",
            "values_strings",
            "values_int64s",
            "values_floats",
            "values_tensor",
            "default_string",
            "default_int64",
            "default_float",
            "default_tensor",
        ],
    };
    let attributes = Attributes::new(node, honoured)?;
    if version <= 1 {
        return built(node, 1, of_classes(&attributes)?);
    }
    let (keys, values) = (listed(&attributes, "keys")?, listed(&attributes, "values")?);
    let (expected, found) = (keys.len(), values.len());
    ensure!(expected == found, "expected as many values as keys, found {found} for {expected}");
    let default = default(&attributes, &values)?;
    // From opset 4 on a key that is NaN means every NaN.
    let nan_is_key = version >= 4;
    built(node, 1, Lookup::new("LabelEncoder", vec![table(&keys, values, default, nan_is_key)?]))
}

/// Texts to their places, and places to texts.
fn of_classes(attributes: &Attributes) -> TractResult<Lookup> {
    let texts = attributes.texts("classes_strings")?;
    ensure!(!texts.is_empty(), "attribute `classes_strings` is empty");
    let places: Vec<i64> = (0..).take(texts.len()).collect();
    Ok(Lookup::of_pairs(
        "LabelEncoder",
        places,
        texts,
        attributes.integer("default_int64", -1)?,
        attributes.text("default_string", "_Unused")?,
    ))
}

fn listed(attributes: &Attributes, part: &str) -> TractResult<Values> {
    let names: Vec<String> = KINDS.iter().map(|kind| format!("{part}_{kind}")).collect();
    let tensor = format!("{part}_tensor");
    let given: Vec<&str> =
        names.iter().chain([&tensor]).map(String::as_str).filter(|name| attributes.has(name)).collect();
    let [given] = given[..] else { bail!("expected one attribute of {part}, found {}", given.len()) };
    if given == names[0] {
        Ok(Values::Texts(attributes.texts(given)?))
    } else if given == names[1] {
        Ok(Values::Integers(attributes.integers(given)?))
    } else if given == names[2] {
        Ok(Values::Singles(attributes.floats(given)?))
    } else {
        tensor_values(attributes, given)
    }
}

fn tensor_values(attributes: &Attributes, name: &str) -> TractResult<Values> {
    let Some(tensor) = attributes.tensor(name)? else { bail!("attribute `{name}` is absent") };
    match tensor.datum_type() {
        DatumType::String => Ok(Values::Texts(values(&tensor, name)?)),
        DatumType::I64 => Ok(Values::Integers(values(&tensor, name)?)),
        DatumType::I16 => Ok(Values::Shorts(values(&tensor, name)?)),
        DatumType::F32 => Ok(Values::Singles(values(&tensor, name)?)),
        DatumType::F64 => Ok(Values::Doubles(values(&tensor, name)?)),
        other => bail!("attribute `{name}` of {other:?} is not supported"),
    }
}

/// One value, for keys that are not listed.
fn default(attributes: &Attributes, values: &Values) -> TractResult<Values> {
    if attributes.has("default_tensor") {
        let default = tensor_values(attributes, "default_tensor")?;
        ensure!(
            default.len() == 1 && default.datum_type() == values.datum_type(),
            "attribute `default_tensor`: expected one {:?}",
            values.datum_type()
        );
        return Ok(default);
    }
    Ok(match values {
        Values::Texts(_) => Values::Texts(vec![attributes.text("default_string", "_Unused")?]),
        Values::Integers(_) => Values::Integers(vec![attributes.integer("default_int64", -1)?]),
        Values::Shorts(_) => Values::Shorts(vec![-1]),
        Values::Singles(_) => Values::Singles(vec![attributes.float("default_float", -0.0)?]),
        Values::Doubles(_) => Values::Doubles(vec![-0.0]),
    })
}

fn table(keys: &Values, values: Values, default: Values, nan_is_key: bool) -> TractResult<super::lookup::Table> {
    let mut places = HashMap::with_capacity(keys.len());
    for (at, key) in keys.keys().into_iter().enumerate() {
        if nan_is_key || key != Key::NAN {
            places.entry(key).or_insert(at);
        }
    }
    Ok(super::lookup::Table { takes: keys.datum_type(), places, values, default })
}
