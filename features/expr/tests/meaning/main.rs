//! What expressions mean: their values, their types, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod oracle;
#[path = "../../../../fuzz/seeds.rs"]
mod seeds;
mod totality;
mod try_out;

use std::fmt::Write;

use proptest::prelude::*;
use weir_expr::{ColumnType, Columns, Expression, Scalar};

fn columns() -> Columns {
    [
        ("a", ColumnType::Integer),
        ("b", ColumnType::Integer),
        ("x", ColumnType::Number),
        ("t", ColumnType::Text),
        ("ok", ColumnType::Bool),
        ("time", ColumnType::Time),
        ("type", ColumnType::Text),
        ("purpose", ColumnType::Text),
    ]
    .into_iter()
    .collect()
}

fn value_with(sql: &str, given: &[(&str, Scalar)]) -> Scalar {
    let columns = columns();
    let row = columns
        .row(|name| given.iter().find(|(known, _)| *known == name).map_or(Scalar::Null, |(_, value)| value.clone()))
        .unwrap();
    Expression::parse(sql, &columns).unwrap_or_else(|error| panic!("{sql}: {error}")).value(&row).unwrap()
}

fn value(sql: &str) -> Scalar {
    value_with(
        sql,
        &[
            ("a", Scalar::Integer(7)),
            ("b", Scalar::Integer(0)),
            ("x", Scalar::Number(2.5)),
            ("t", Scalar::Text("Hello".to_owned())),
            ("ok", Scalar::Bool(true)),
            ("time", Scalar::Time(1_767_225_600_000_000)),
            ("type", Scalar::Text("device.login".to_owned())),
        ],
    )
}

fn refusal(sql: &str) -> String {
    Expression::parse(sql, &columns()).unwrap_err().to_string()
}

#[test]
fn every_operator_and_function_has_its_value() {
    use Scalar::{Bool, Integer, Null, Number};
    let text = |text: &str| Scalar::Text(text.to_owned());
    for (sql, expected) in [
        ("a + 1", Integer(8)),
        ("a * 2 - b", Integer(14)),
        ("-a", Integer(-7)),
        ("- x", Number(-2.5)),
        ("a / 2", Number(3.5)),
        ("1 / 2", Number(0.5)),
        ("a / b", Null),
        ("x / 0", Null),
        ("a % 4", Integer(3)),
        ("a % b", Null),
        ("x % 0.0", Null),
        ("a + x", Number(9.5)),
        ("a > 3 and not (x = 2.5)", Bool(false)),
        ("null and false", Bool(false)),
        ("null or ok", Bool(true)),
        ("null and ok", Null),
        ("a = null", Null),
        ("null is null", Bool(true)),
        ("a is distinct from null", Bool(true)),
        ("(null = 1) is unknown", Bool(true)),
        ("a in (1, 7)", Bool(true)),
        ("a in (1, null)", Null),
        ("a not in (1, 2.5)", Bool(true)),
        ("t in ('a', case when ok then t else 'b' end)", Bool(true)),
        ("t not in ('a', case when ok then t else 'b' end)", Bool(false)),
        ("-b * 1.0 in (0.0, 2.5)", Bool(true)),
        ("x * -0.0 in (1, 2, 3, 4, 5, 0)", Bool(true)),
        ("(x % -0.0) is null", Bool(true)),
        ("x between 2 and 3", Bool(true)),
        ("a not between 8 and 9", Bool(true)),
        ("t like 'He%'", Bool(true)),
        ("t ilike 'he%'", Bool(true)),
        ("t not like '%z%'", Bool(true)),
        ("case when a > 10 then 'big' when a > 5 then 'middle' end", text("middle")),
        ("case a when 7 then 1 else 2.5 end", Number(1.0)),
        ("case when b > 0 then 1 end", Null),
        ("coalesce(null, b, a)", Integer(0)),
        ("coalesce(null, x, a)", Number(2.5)),
        ("nullif(a, 7)", Null),
        ("nullif(a, 8)", Integer(7)),
        ("abs(-3)", Integer(3)),
        ("abs(-2.5)", Number(2.5)),
        ("round(2.345, 1)", Number(2.3)),
        ("round(a / 2)", Number(4.0)),
        ("floor(x) + ceil(x)", Number(5.0)),
        ("ln(0)", Null),
        ("ln(-1) > 5", Null),
        ("sqrt(-1)", Null),
        ("exp(1000)", Null),
        ("exp(0)", Number(1.0)),
        ("power(a, 2)", Number(49.0)),
        ("greatest(a, 9, 1.5)", Number(9.0)),
        ("least(a, b)", Integer(0)),
        ("lower(t) || '!'", text("hello!")),
        ("upper(trim('  a '))", text("A")),
        ("starts_with(type, 'device.')", Bool(true)),
        ("contains(t, 'ell')", Bool(true)),
        ("cast('12.5' as double)", Number(12.5)),
        ("cast('no' as double)", Null),
        ("cast('inf' as double) > 1", Null),
        ("cast('12' as bigint)", Integer(12)),
        ("cast(a as text)", text("7")),
        ("try_cast(t as double)", Null),
        ("9223372036854775807 + a", Null),
        ("date_part('hour', time)", Number(0.0)),
        ("extract(year from time)", Number(2026.0)),
        ("date_bin(interval '1 hour', time + interval '90 minutes') = time + interval '1' hour", Bool(true)),
        ("time - timestamp '2025-12-31T23:59:58Z'", Number(2.0)),
        ("time >= '2026-01-01T00:00:00Z'", Bool(true)),
        ("time", Scalar::Time(1_767_225_600_000_000)),
        ("type = 'device.login' and purpose is null", Bool(true)),
        ("A + 0", Integer(7)),
        ("null", Null),
    ] {
        assert_eq!(value(sql), expected, "{sql}");
    }
}

#[test]
fn one_bad_row_is_null_and_disturbs_no_other() {
    use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch};
    let columns: Columns = [("a", ColumnType::Integer)].into_iter().collect();
    let values: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![Some(1), Some(i64::MAX), None, Some(4)]));
    let batch = RecordBatch::try_new(columns.schema().clone(), vec![values]).unwrap();
    let sums = Expression::parse("a + 1", &columns).unwrap().evaluate(&batch).unwrap();
    let sums: Vec<Scalar> = (0..sums.len()).map(|row| Scalar::at(&sums, row)).collect();
    assert_eq!(sums, [Scalar::Integer(2), Scalar::Null, Scalar::Null, Scalar::Integer(5)]);
}

#[test]
fn what_is_wrong_is_named() {
    for (sql, words) in [
        ("amont > 1", "unknown column `amont` at line 1, column 1"),
        ("a +\n  foo", "`foo` at line 2, column 3"),
        ("purpos = 'x'", "did you mean `purpose`"),
        ("nope(a)", "unknown function `nope` at line 1, column 1"),
        ("t > 5", "expected text in `5`, found an integer"),
        ("t + 1", "expected a number in `t`, found text"),
        ("a and ok", "expected a truth value in `a`, found an integer"),
        ("case when ok then 1 else 'x' end", "expected an integer in `'x'`, found text"),
        ("sum(a) > 1", "aggregate function `sum`"),
        ("row_number() over ()", "a window function"),
        ("(select 1)", "a subquery"),
        ("a in (select 1)", "a subquery"),
        ("exists (select 1)", "a subquery"),
        ("random() > 1", "unknown function `random`"),
        ("now() > time", "unknown function `now`"),
        ("t ~ 'x'", "operator `~`"),
        ("u.a = 1", "a name with a dot"),
        ("a > 1; drop table x", "found `;`"),
        ("a >", "expected a SQL expression"),
        ("", "expected a SQL expression"),
        ("abs(a, a)", "expected `abs(number)`, found 2"),
        ("interval '1 hour'", "a bare interval"),
        ("time > 'yesterday'", "RFC 3339"),
        ("coalesce()", "coalesce(value, …)"),
    ] {
        let error = refusal(sql);
        assert!(error.contains(words), "{sql}: {error}");
    }
    assert!(Expression::condition("a + 1", &columns()).unwrap_err().to_string().contains("a truth value"));
}

#[test]
fn reads_are_the_columns_it_names() {
    let expression = Expression::parse("coalesce(x, a) > 1 or ok", &columns()).unwrap();
    assert_eq!(expression.reads(), ["a", "ok", "x"]);
    assert_eq!(expression.output_type(), ColumnType::Bool);
}

#[test]
fn hostile_expressions_are_refused_by_the_limit_they_pass() {
    assert!(refusal(&"a".repeat(9000)).contains("at most 8192 bytes"));
    let around = |open: &str, close: &str, times: usize| format!("{}a{}", open.repeat(times), close.repeat(times));
    assert!(refusal(&around("(", ")", 100)).contains("nested"));
    let (large, deep) = ("found a larger one", "found a deeper one");
    for (words, sql) in [
        (large, around("(", ")", 4000)),
        (large, around("- ", "", 4000)),
        (large, around("not ", "", 1500)),
        (large, around("abs(", ")", 1000)),
        (deep, around("case ", " when 1 then 1 when 2 then 2 end", 60)),
        (large, around("case ", " when 1 then 1 when 2 then 2 when 3 then 3 end", 10)),
        (deep, around("coalesce(", ", 1)", 60)),
        (deep, around("case when ", " between 1 and 2 then 1 else 0 end", 60)),
        (large, format!("({} a) collate \"x\"", "a + ".repeat(2000))),
        (large, format!("a{}", " + a".repeat(2000))),
        (deep, format!("ok{}", " or ok".repeat(500))),
        ("a tuple, array or struct", format!("(t{}, 1)", " || t".repeat(450))),
        (deep, around("cast(", " as text)", 60)),
        (deep, around("cast(", ") as text", 11)),
        (deep, around("not(", "", 40)),
        (deep, around("f(", ")", 11)),
        (deep, around("\"f\"((", "", 11)),
        (deep, around("position(", "", 6)),
        (deep, around("case (", "", 11)),
        (deep, around("case when a then ", "", 11)),
        (deep, around("array[", "", 11)),
        (deep, around("point(", "", 40)),
        (deep, around("extract(year from ", "", 40)),
        (deep, around("a in (values (", "))", 40)),
        ("expected a SQL expression", around("(a, ", ") ->", 30)),
        ("expected a SQL expression", around("array<", ">", 120)),
        (deep, around("interval (", ")", 40)),
    ] {
        let error = refusal(&sql);
        assert!(error.contains(words), "{}: {error}", &sql[..40]);
    }
    let mut long = "ok".to_owned();
    for n in 0..120 {
        write!(long, " or a + 0 = {n}").unwrap();
    }
    assert_eq!(value(&long), Scalar::Bool(true));
    let list = (0..1500).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(value(&format!("a in ({list})")), Scalar::Bool(true));
}

#[test]
fn no_seed_of_expressions_breaks_a_promise() {
    seeds::each("expressions", try_out::try_out);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_or_a_row_panic(sql in "[-+*/%()a-cx0-9 .,'=<>]{0,40}|(a|x|t|ok|time|null|1|2.5|'z'|\\+|-|\\*|/|%|=|<|and |or |not |case |when |then |end |\\(|\\)|is |in |abs\\(|ln\\(| ){0,20}") {
        let columns = columns();
        if let Ok(expression) = Expression::parse(&sql, &columns) {
            let row = columns.row(|name| if name == "a" { Scalar::Integer(i64::MIN) } else { Scalar::Null }).unwrap();
            expression.value(&row).unwrap();
        }
    }

    #[test]
    fn a_batch_and_its_rows_agree(rows in proptest::collection::vec((proptest::option::of(-3_i64..3), proptest::option::of(-2.0_f64..2.0)), 1..20)) {
        use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
        let columns: Columns = [("a", ColumnType::Integer), ("x", ColumnType::Number)].into_iter().collect();
        let a: ArrayRef = std::sync::Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.0)));
        let x: ArrayRef = std::sync::Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.1)));
        let batch = RecordBatch::try_new(columns.schema().clone(), vec![a, x]).unwrap();
        for sql in [
            "a / x",
            "ln(x) + a",
            "case when a > x then a % 2 else null end",
            "coalesce(x, a, 1)",
            "a > 1 or x < 0",
            "coalesce(a + 9223372036854775806, sqrt(x), -1) + abs(a - 9223372036854775807)",
            "a * 9223372036854775807 > 0 or x < 0",
        ] {
            let expression = Expression::parse(sql, &columns).unwrap();
            let whole = expression.evaluate(&batch).unwrap();
            for row in 0..rows.len() {
                prop_assert_eq!(Scalar::at(&whole, row), expression.value(&batch.slice(row, 1)).unwrap());
            }
        }
    }
}
