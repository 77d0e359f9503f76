//! What has no value is null where it stands, and not the whole of what stands around it.

use weir_expr::{ColumnType, Columns, Expression, Scalar};

#[test]
fn an_operation_without_a_value_is_null_for_what_reads_it() {
    let columns: Columns = [
        ("a", ColumnType::Integer),
        ("m", ColumnType::Integer),
        ("n", ColumnType::Integer),
        ("y", ColumnType::Number),
        ("t", ColumnType::Bool),
        ("time", ColumnType::Time),
        ("until", ColumnType::Text),
    ]
    .into_iter()
    .collect();
    let given = |name: &str| match name {
        "a" => Scalar::Integer(3_037_000_500),
        "m" => Scalar::Integer(i64::MAX),
        "n" => Scalar::Integer(i64::MIN),
        "y" => Scalar::Number(-2.5),
        "t" => Scalar::Bool(true),
        "time" => Scalar::Time(1_767_261_612_345_678),
        _ => Scalar::Text("9999-12-31T23:59:59.999999Z".to_owned()),
    };
    let row = columns.row(given).unwrap();
    for (sql, expected) in [
        ("coalesce(m + 1, 0)", Scalar::Integer(0)),
        ("coalesce(a * a * 2, 0)", Scalar::Integer(0)),
        ("coalesce(-n, 0)", Scalar::Integer(0)),
        ("coalesce(abs(n), 0)", Scalar::Integer(0)),
        ("coalesce(null, m + 1, 3)", Scalar::Integer(3)),
        ("greatest(1, m + 1)", Scalar::Integer(1)),
        ("m + 1 > 0 or t", Scalar::Bool(true)),
        ("m + 1 > 0 and not t", Scalar::Bool(false)),
        ("a * a > 5 or t", Scalar::Bool(true)),
        ("case when m + 1 > 0 then 1 else 2 end", Scalar::Integer(2)),
        ("coalesce(sqrt(y), -5)", Scalar::Number(-5.0)),
        ("sqrt(y) is null", Scalar::Bool(true)),
        ("coalesce(cast('x' as bigint), 4)", Scalar::Integer(4)),
        ("coalesce(time + interval '900000 years', time) = time", Scalar::Bool(true)),
        ("cast(2.8 as bigint)", Scalar::Integer(2)),
        ("cast('2.8' as bigint) is null", Scalar::Bool(true)),
        ("cast(cast('2.8' as double) as bigint)", Scalar::Integer(2)),
        ("nullif(y, null)", Scalar::Number(-2.5)),
        ("nullif(m, m + 1)", Scalar::Integer(i64::MAX)),
        ("-9223372036854775808", Scalar::Integer(i64::MIN)),
        ("-9223372036854775808 = n", Scalar::Bool(true)),
        ("-9223372036854775809", Scalar::Number(-9_223_372_036_854_775_808.0)),
        ("round(y, 400) is null", Scalar::Bool(true)),
        ("round(y, m) is null", Scalar::Bool(true)),
        ("round(y, null) is null", Scalar::Bool(true)),
        ("round(-1.7e308, -308) is null", Scalar::Bool(true)),
        ("round(1250, -2)", Scalar::Number(1300.0)),
        ("round(2.675, 2)", Scalar::Number(2.68)),
        ("round(y)", Scalar::Number(-3.0)),
        ("cast(-2.8 as bigint)", Scalar::Integer(-2)),
        ("cast(1e300 as bigint) is null", Scalar::Bool(true)),
        ("time < '9999-12-31T00:00:00Z'", Scalar::Bool(true)),
        ("time > '0001-01-01T00:00:00Z'", Scalar::Bool(true)),
        ("cast(until as timestamp) >= '9999-12-31'", Scalar::Bool(true)),
        ("extract(second from time)", Scalar::Number(12.345_678)),
        ("extract(second from timestamp '1969-12-31T23:59:58.5Z')", Scalar::Number(58.5)),
        ("extract(epoch from time)", Scalar::Number(1_767_261_612.345_678)),
    ] {
        let found = Expression::parse(sql, &columns).unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(found.value(&row).unwrap(), expected, "{sql}");
    }
}
