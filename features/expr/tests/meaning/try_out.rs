//! What must hold of any text as an expression: it is refused, or it has one value a row, of its type, the same alone
//! as together with other rows and the same when it is asked again.

use std::sync::LazyLock;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use weir_expr::{Argument, Call, ColumnType, Columns, Expression, Scalar};

/// Rows of the table: as many as the longest list of values below.
const ROWS: usize = 12;

const INTEGERS: &[i64] = &[0, 1, -1, 7, 100, i64::MAX, i64::MIN, i64::MAX - 1, 1 << 53, 3_037_000_500, -13];
const NUMBERS: &[f64] = &[0.0, -0.0, 1.0, -2.5, 2.675, 1e300, f64::MAX, f64::MIN_POSITIVE, 5e-324, 9.3e18, -1e15];
const TEXTS: &[&str] =
    &["", "a", "Hello", " 12 ", "1e3", "nan", "99999999999999999999", "ß", "日本語", "2026-01-01", "%_\\"];
/// The first and the last microsecond that there is, and some that a calendar has.
const TIMES: &[i64] = &[0, -1, 1_767_261_612_345_678, 951_782_400_000_000, i64::MAX, i64::MIN, -62_135_596_800_000_000];

struct Table {
    columns: Columns,
    rows: Vec<RecordBatch>,
    together: RecordBatch,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    use ColumnType::{Bool, Integer, Number, Text, Time};
    let named = [("a", Integer), ("b", Integer), ("x", Number), ("y", Number), ("t", Text), ("u", Text)];
    let columns: Columns = named.into_iter().chain([("p", Bool), ("q", Bool), ("at", Time), ("until", Time)]).collect();
    let row = |at: usize| columns.row(|name| value(name, columns.column_type(name), at)).expect("values fit");
    let rows: Vec<RecordBatch> = (0..ROWS).map(row).collect();
    let together = concat_batches(columns.schema(), &rows).expect("rows of one schema");
    Table { columns, rows, together }
});

/// Two columns of a type go through its values at different paces; each is null once.
fn value(name: &str, column: Option<ColumnType>, row: usize) -> Scalar {
    let second = ["b", "y", "u", "q", "until"].contains(&name);
    let at = if second { row * 5 + 3 } else { row };
    if row == if second { 4 } else { ROWS - 1 } {
        return Scalar::Null;
    }
    match column {
        Some(ColumnType::Bool) => Scalar::Bool(at % 2 == 0),
        Some(ColumnType::Integer) => Scalar::Integer(INTEGERS[at % INTEGERS.len()]),
        Some(ColumnType::Number) => Scalar::Number(NUMBERS[at % NUMBERS.len()]),
        Some(ColumnType::Text) => Scalar::Text(TEXTS[at % TEXTS.len()].to_owned()),
        Some(ColumnType::Time) => Scalar::Time(TIMES[at % TIMES.len()]),
        None => Scalar::Null,
    }
}

pub(crate) fn try_out(bytes: &[u8]) {
    let Ok(sql) = std::str::from_utf8(bytes) else { return };
    if let Ok(call) = Call::parse(sql) {
        for argument in &call.arguments {
            if let Argument::Expression(argument) = argument {
                try_expression(argument);
            }
        }
    }
    try_expression(sql);
}

fn try_expression(sql: &str) {
    let Table { columns, rows, together } = &*TABLE;
    let expression = match Expression::parse(sql, columns) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(expression.reads().iter().all(|name| columns.position(name).is_some()), "{:?}", expression.reads());
    assert_eq!(Expression::condition(sql, columns).is_ok(), expression.output_type() == ColumnType::Bool);
    let again = Expression::parse(sql, columns).expect("it was read before");
    let (values, repeated) = (expression.evaluate(together).unwrap(), again.evaluate(together).unwrap());
    assert_eq!(values.len(), ROWS);
    for (at, row) in rows.iter().enumerate() {
        let alone = expression.value(row).unwrap();
        assert!(fits(&alone, expression.output_type()), "row {at}: {alone:?} is no {}", expression.output_type());
        assert_same(&alone, &Scalar::at(&values, at), at);
        assert_same(&alone, &Scalar::at(&repeated, at), at);
    }
}

/// To the bit: a zero of another sign is another value.
fn assert_same(one: &Scalar, other: &Scalar, row: usize) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"), "row {row}");
}

fn fits(value: &Scalar, column: ColumnType) -> bool {
    match value {
        Scalar::Null => true,
        Scalar::Bool(_) => column == ColumnType::Bool,
        Scalar::Integer(_) => column == ColumnType::Integer,
        Scalar::Number(number) => column == ColumnType::Number && number.is_finite(),
        Scalar::Text(_) => column == ColumnType::Text,
        Scalar::Time(_) => column == ColumnType::Time,
    }
}
