//! The columns of a payload, from its JSON Schema. Fields that hold lists or objects are no columns.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_expr::ColumnType;

pub(super) fn columns(schema: &Value) -> BTreeMap<String, ColumnType> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return BTreeMap::new() };
    properties.iter().filter_map(|(name, field)| Some((name.clone(), kind(field, schema)?))).collect()
}

fn kind(field: &Value, root: &Value) -> Option<ColumnType> {
    if let Some(reference) = field.get("$ref").and_then(Value::as_str) {
        return kind(root.pointer(reference.strip_prefix('#')?)?, root);
    }
    if let Some(choices) = field.get("anyOf").or_else(|| field.get("oneOf")).and_then(Value::as_array) {
        return choice(choices, root);
    }
    if let Some(values) = field.get("enum").and_then(Value::as_array) {
        return values.iter().all(Value::is_string).then_some(ColumnType::Text);
    }
    if let Some(value) = field.get("const") {
        return value.is_string().then_some(ColumnType::Text);
    }
    match type_of(field)? {
        "string" if field.get("format").and_then(Value::as_str) == Some("date-time") => Some(ColumnType::Time),
        "string" => Some(ColumnType::Text),
        "integer" => Some(ColumnType::Integer),
        "number" => Some(ColumnType::Number),
        "boolean" => Some(ColumnType::Bool),
        _ => None,
    }
}

/// A time may be given as text or as an integer; null is always one of the choices that do not count.
fn choice(choices: &[Value], root: &Value) -> Option<ColumnType> {
    let given = choices.iter().filter(|choice| type_of(choice) != Some("null"));
    let kinds: Vec<ColumnType> = given.map(|choice| kind(choice, root)).collect::<Option<_>>()?;
    if kinds.contains(&ColumnType::Time) {
        return Some(ColumnType::Time);
    }
    let (first, rest) = kinds.split_first()?;
    rest.iter().all(|kind| kind == first).then_some(*first)
}

/// The one type beside null.
fn type_of(field: &Value) -> Option<&str> {
    match field.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => {
            match names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect::<Vec<_>>()[..] {
                [name] => Some(name),
                _ => None,
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}
