//! Each aggregate over rows small enough to work out by hand.

use weir_expr::{Call, ColumnType, Columns, Scalar};
use weir_messages::{EventTime, KnownTime};

use super::{Aggregate, Place, Row, plan};
use crate::view::Slots;

/// Plans `sql`, whose argument is the column x as it stands.
fn planned(sql: &str, column: ColumnType) -> Box<dyn Aggregate> {
    let columns: Columns = [("x", column)].into_iter().collect();
    plan(&Call::parse(sql).unwrap(), &mut Slots::over(&columns)).unwrap()
}

fn rows(values: &[Scalar]) -> Vec<Row> {
    let place = |at: usize| {
        let time = EventTime::from_micros(i64::try_from(at).unwrap() * 1_000_000);
        Place { time, known: KnownTime::from_micros(0), id: at.to_string().into(), source: "".into() }
    };
    values.iter().enumerate().map(|(at, value)| Row { place: place(at), values: [value.clone()].into() }).collect()
}

fn value(sql: &str, column: ColumnType, values: &[Scalar]) -> Scalar {
    planned(sql, column).value(&rows(values), EventTime::from_micros(10_500_000))
}

#[test]
fn every_aggregate_has_its_value_and_skips_nulls() {
    use Scalar::{Integer, Null, Number};
    let numbers = [Number(2.5), Null, Number(-0.5), Number(2.5)];
    for (sql, expected) in [
        ("count(*)", Integer(4)),
        ("count(x)", Integer(3)),
        ("count(distinct x)", Integer(2)),
        ("sum(x)", Number(4.5)),
        ("avg(x)", Number(1.5)),
        ("min(x)", Number(-0.5)),
        ("max(x)", Number(2.5)),
        ("first(x)", Number(2.5)),
        ("last(x)", Number(2.5)),
        ("stddev(x)", Number(3.0_f64.sqrt())),
        ("seconds_since_last()", Number(7.5)),
    ] {
        let found = value(sql, ColumnType::Number, &numbers);
        assert_eq!(found, expected, "{sql}");
    }
}

#[test]
fn unknown_is_not_counted_as_true() {
    let values = [Scalar::Bool(true), Scalar::Null, Scalar::Bool(false)];
    assert_eq!(value("count_if(x)", ColumnType::Bool, &values), Scalar::Integer(1));
}

#[test]
fn over_no_row_counts_are_zero_and_all_else_is_null() {
    for sql in ["count(*)", "count(x)", "count(distinct x)"] {
        assert_eq!(value(sql, ColumnType::Integer, &[]), Scalar::Integer(0), "{sql}");
    }
    for sql in ["sum(x)", "avg(x)", "min(x)", "max(x)", "first(x)", "last(x)", "stddev(x)", "seconds_since_last()"] {
        assert_eq!(value(sql, ColumnType::Integer, &[]), Scalar::Null, "{sql}");
    }
    assert_eq!(value("stddev(x)", ColumnType::Integer, &[Scalar::Integer(3)]), Scalar::Null);
    assert_eq!(value("sum(x)", ColumnType::Integer, &[Scalar::Null]), Scalar::Null);
}

#[test]
fn integers_stay_integers_where_nothing_is_added_up() {
    let values = [Scalar::Integer(i64::MAX), Scalar::Integer(3)];
    for (sql, expected) in [("min(x)", 3), ("max(x)", i64::MAX), ("first(x)", i64::MAX), ("last(x)", 3)] {
        assert_eq!(value(sql, ColumnType::Integer, &values), Scalar::Integer(expected), "{sql}");
    }
    assert_eq!(planned("sum(x)", ColumnType::Integer).output(), ColumnType::Number);
}

#[test]
fn texts_and_times_have_extremes() {
    let texts = ["b", "a", "é"].map(|text| Scalar::Text(text.to_owned()));
    assert_eq!(value("min(x)", ColumnType::Text, &texts), texts[1]);
    assert_eq!(value("max(x)", ColumnType::Text, &texts), texts[2]);
    let times = [5, -5, 3].map(Scalar::Time);
    assert_eq!(value("max(x)", ColumnType::Time, &times), Scalar::Time(5));
}

#[test]
fn a_value_too_large_to_add_up_exactly_makes_the_sum_null() {
    let values = [Scalar::Number(1e30), Scalar::Number(1.0)];
    assert_eq!(value("sum(x)", ColumnType::Number, &values), Scalar::Null);
    assert_eq!(value("max(x)", ColumnType::Number, &values), Scalar::Number(1e30));
}
