//! Expressions drawn from a seed mean what they mean in DataFusion (`oracle/make.py`), each row alone and all rows together.
//! `WEIR_EXPRESSIONS` names another file of the same form.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use serde_json::Value;
use weir_expr::{ColumnType, Columns, Expression, Scalar};

/// In units of the last place: what logarithms and powers of two C libraries differ by.
const TOLERANCE: f64 = 4.0 * f64::EPSILON;

fn columns() -> Columns {
    use ColumnType::{Bool, Integer, Number, Text, Time};
    let named = [("a", Integer), ("b", Integer), ("x", Number), ("y", Number), ("t", Text), ("u", Text)];
    named.into_iter().chain([("p", Bool), ("q", Bool), ("at", Time), ("until", Time)]).collect()
}

fn scalar(value: &Value, kind: ColumnType) -> Scalar {
    match (kind, value) {
        (_, Value::Null) => Scalar::Null,
        (ColumnType::Bool, value) => Scalar::Bool(value.as_bool().unwrap()),
        (ColumnType::Integer, value) => Scalar::Integer(value.as_i64().unwrap()),
        (ColumnType::Number, value) => Scalar::Number(value.as_f64().unwrap()),
        (ColumnType::Text, value) => Scalar::Text(value.as_str().unwrap().to_owned()),
        (ColumnType::Time, value) => Scalar::Time(value.as_i64().unwrap()),
    }
}

fn kind(name: &Value) -> ColumnType {
    match name.as_str().unwrap() {
        "i" => ColumnType::Integer,
        "n" => ColumnType::Number,
        "t" => ColumnType::Text,
        "b" => ColumnType::Bool,
        "s" => ColumnType::Time,
        other => panic!("no kind {other}"),
    }
}

#[allow(clippy::float_cmp, reason = "zeros and huge numbers that are the same")]
fn same(ours: &Scalar, theirs: &Scalar) -> bool {
    match (ours, theirs) {
        (Scalar::Number(ours), Scalar::Number(theirs)) => {
            ours == theirs || (ours - theirs).abs() <= TOLERANCE * theirs.abs()
        }
        (ours, theirs) => ours == theirs,
    }
}

#[test]
fn expressions_mean_what_they_mean_in_datafusion() {
    let shipped = format!("{}/tests/meaning/oracle/expressions.jsonl", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    let text = std::fs::read_to_string(std::env::var("WEIR_EXPRESSIONS").unwrap_or(shipped)).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let table = lines.next().unwrap();
    let height = table["columns"]["a"].as_array().unwrap().len();
    let columns = columns();
    let row = |at: usize| {
        let value = |name: &str| scalar(&table["columns"][name][at], columns.column_type(name).unwrap());
        columns.row(value).unwrap()
    };
    let rows: Vec<RecordBatch> = (0..height).map(row).collect();
    let together = concat_batches(columns.schema(), &rows).unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in lines {
        let sql = line["sql"].as_str().unwrap();
        let expression = Expression::parse(sql, &columns).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let values = expression.evaluate(&together).unwrap();
        for (at, row) in rows.iter().enumerate() {
            let expected = scalar(&line["values"][at], kind(&line["kind"]));
            for (ours, how) in [(expression.value(row).unwrap(), "alone"), (Scalar::at(&values, at), "together")] {
                compared += 1;
                if !same(&ours, &expected) {
                    wrong.push(format!("{sql}: row {at} {how}: expected {expected:?}, found {ours:?}"));
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared} values");
    let first = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {compared} values differ:\n{first}", wrong.len());
}
