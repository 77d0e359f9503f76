"""Expressions drawn from a seed, and what DataFusion gives for each over a table of edge rows.

    ./make [--seed 1] [--expressions 1000] > expressions.jsonl

Each operation is a query of its own over a table of its operands, so that a row on which DataFusion fails (an overflow, a text that is
no number) is null for what stands around it, and so is NaN or an infinity. Integers are computed as decimals of 38 digits, because
DataFusion's own wrap around. Needs `datafusion` of the version in `Cargo.lock`.
"""

import argparse
import json
import math
import random

import pyarrow as pa
from datafusion import SessionContext

INTEGERS = [None, 0, 1, -1, 2, 7, -13, 100, 2**31 - 1, -(2**31), 2**53 + 1, 3_037_000_500, 2**63 - 1, -(2**63)]
NUMBERS = [None, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 2.675, 1e-300, 5e-324, 1e15 + 0.5, -1e300, 1.7976931348623157e308, 9.3e18]
TEXTS = [None, "", " ", "a", "A", "Hello", "hello", "he%o", " 12 ", "12", "-2.5", "1e3", "nan", "inf", "true", "é", "ß", "İ", "日本語", "a_b", "2026-01-01", "99999999999999999999"]
TRUTHS = [None, True, False]
DAY = 86_400_000_000
TIMES = [None, 0, -1, 1, DAY - 1, 1_767_261_612_345_678, 1_709_164_799_999_999, 951_782_400_000_000, -2_208_988_800_000_000, 253_402_300_799_999_999, -62_135_596_800_000_000]
ARROW = {"i": pa.int64(), "n": pa.float64(), "t": pa.string(), "b": pa.bool_(), "s": pa.timestamp("us")}
COLUMNS = {"a": "i", "b": "i", "x": "n", "y": "n", "t": "t", "u": "t", "p": "b", "q": "b", "at": "s", "until": "s"}
EDGES = {"i": INTEGERS, "n": NUMBERS, "t": TEXTS, "b": TRUTHS, "s": TIMES}
ROWS = 24

WHOLE = "try_cast(cast({0} as decimal(38,0)) OP cast({1} as decimal(38,0)) as bigint)"
DOUBLE = "cast({0} as double) OP cast({1} as double)"
SECOND = "cast((cast({0} as bigint) % 60000000 + 60000000) % 60000000 as double) / 1e6"

# (gives, operands, ours, DataFusion's where it is another)
OPERATIONS = [
    *[("i", "ii", f"({{0}} {op} {{1}})", WHOLE.replace("OP", op)) for op in "+-*"],
    *[("n", pair, f"({{0}} {op} {{1}})", DOUBLE.replace("OP", op)) for op in "+-*" for pair in ("nn", "in", "ni")],
    *[("n", pair, "({0} / {1})", DOUBLE.replace("OP", "/")) for pair in ("nn", "ii", "in")],
    ("i", "ii", "({0} % {1})", WHOLE.replace("OP", "%")), ("n", "nn", "({0} % {1})", None), ("n", "ni", "({0} % {1})", DOUBLE.replace("OP", "%")),
    ("i", "i", "(- {0})", "try_cast(-cast({0} as decimal(38,0)) as bigint)"), ("n", "n", "(- {0})", None),
    ("i", "i", "abs({0})", "try_cast(abs(cast({0} as decimal(38,0))) as bigint)"), ("n", "n", "abs({0})", None),
    *[("n", "n", f"{name}({{0}})", None) for name in ("round", "ceil", "floor", "trunc", "signum", "sqrt", "ln", "log10", "log2", "exp")],
    ("n", "n", "round({0}, 1)", None), ("n", "n", "round({0}, 2)", None), ("n", "i", "floor({0})", "floor(cast({0} as double))"),
    ("n", "nn", "power({0}, {1})", None), ("n", "ii", "power({0}, {1})", "power(cast({0} as double), cast({1} as double))"),
    *[("b", pair, f"({{0}} {op} {{1}})", None) for op in ("=", "<>", "<", "<=", ">", ">=") for pair in ("ii", "nn", "tt", "ss")],
    *[("b", "in", f"({{0}} {op} {{1}})", f"cast({{0}} as double) {op} {{1}}") for op in ("=", "<", ">=")],
    *[("b", pair, f"({{0}} is {n}distinct from {{1}})", None) for n in ("", "not ") for pair in ("ii", "nn", "tt", "bb")],
    *[("b", three, f"({{0}} {n}between {{1}} and {{2}})", None) for n in ("", "not ") for three in ("iii", "nnn", "ttt", "sss")],
    *[("b", three, f"({{0}} {n}in ({{1}}, {{2}}))", None) for n in ("", "not ") for three in ("iii", "nnn", "ttt")],
    *[("b", "bb", f"({{0}} {op} {{1}})", None) for op in ("and", "or") for _ in range(3)], ("b", "b", "(not {0})", None),
    *[("b", one, f"({{0}} is {n}null)", None) for n in ("", "not ") for one in "intbs"],
    *[("b", "b", f"({{0}} is {n}{what})", None) for n in ("", "not ") for what in ("true", "false", "unknown")],
    *[("b", "t", f"({{0}} {n}{like} '{pattern}')", None) for n in ("", "not ") for like in ("like", "ilike") for pattern in ("h%", "%L_o", "_", "he\\%o")],
    *[("b", "tt", f"{name}({{0}}, {{1}})", None) for name in ("starts_with", "ends_with", "contains")],
    *[(one, "b" + one + one, "case when {0} then {1} else {2} end", None) for one in "intbs"],
    *[(one, one + one + "i", "case {0} when {1} then {2} end", None) for one in "i"], ("i", "tti", "case {0} when {1} then {2} end", None),
    *[(one, one + one, "coalesce({0}, {1})", None) for one in "intbs"], *[(one, one + one, "nullif({0}, {1})", None) for one in "int"],
    *[(one, one + one, f"{name}({{0}}, {{1}})", None) for name in ("greatest", "least") for one in "int"],
    ("n", "in", "coalesce({0}, {1})", "coalesce(cast({0} as double), {1})"), ("n", "bin", "case when {0} then {1} else {2} end", "case when {0} then cast({1} as double) else {2} end"),
    *[("t", "t", f"{name}({{0}})", None) for name in ("lower", "upper", "trim")], ("t", "tt", "({0} || {1})", None),
    ("i", "t", "cast({0} as bigint)", None), ("n", "t", "cast({0} as double)", None), ("i", "n", "cast({0} as bigint)", None),
    ("n", "i", "cast({0} as double)", None), ("t", "i", "cast({0} as text)", None), ("t", "b", "cast({0} as text)", None), ("b", "t", "cast({0} as boolean)", None),
    *[("n", "s", f"date_part('{part}', {{0}})", f"cast(date_part('{part}', {{0}}) as double)") for part in ("year", "quarter", "month", "week", "day", "dow", "doy", "hour", "minute")],
    ("n", "s", "date_part('second', {0})", SECOND), ("n", "s", "extract(epoch from {0})", "cast({0} as bigint) / 1e6"),
    ("n", "ss", "({0} - {1})", "cast(try_cast(cast(cast({0} as bigint) as decimal(38,0)) - cast(cast({1} as bigint) as decimal(38,0)) as bigint) as double) / 1e6"),
    *[("s", "s", f"date_bin(interval '{bin}', {{0}})", f"date_bin(interval '{bin}', {{0}}, timestamp '1970-01-01T00:00:00')") for bin in ("1 hour", "1 day", "15 minutes")],
    *[("s", "s", f"({{0}} {op} interval '{what}')", None) for op in "+-" for what in ("1 day", "90 minutes", "1 month")],
]
LITERALS = {
    "i": ["0", "1", "7", "9223372036854775807"], "n": ["0.0", "2.5", "1e300"], "t": ["''", "'a'", "'Hello'"], "b": ["true", "false"],
    "s": ["timestamp '2026-01-01T00:00:00Z'"],
}


class Table:
    """Values of expressions over the rows, each known by its SQL."""

    def __init__(self, draw):
        self.columns = {name: [draw.choice(EDGES[kind]) for _ in range(ROWS)] for name, kind in COLUMNS.items()}

    def leaf(self, draw, kind):
        if draw.random() < 0.15:
            sql = draw.choice(LITERALS[kind])
            bare = sql.replace("Z'", "'")
            return sql, ask(bare, [], [])
        name = draw.choice([name for name, of in COLUMNS.items() if of == kind])
        return name, self.columns[name]


def ask(sql, kinds, operands):
    """One value a row. Where the whole table fails, each row is asked alone."""
    try:
        return query(sql, kinds, operands)
    except Exception:
        if not operands:
            raise
    values = []
    for row in zip(*operands):
        try:
            values += query(sql, kinds, [[value] for value in row])
        except Exception:
            values.append(None)
    return values


def query(sql, kinds, operands):
    context = SessionContext()
    arrays = [pa.array(values, ARROW[kind]) for kind, values in zip(kinds, operands)] or [pa.array([0] * ROWS)]
    batch = pa.RecordBatch.from_arrays(arrays, [f"c{at}" for at in range(len(arrays))])
    context.register_record_batches("edges", [[batch]])
    named = sql.format(*[f"c{at}" for at in range(len(arrays))])
    result = context.sql(f"select {named} as v from edges").collect()
    column = pa.chunked_array([batch.column(0) for batch in result])
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.int64())
    values = column.to_pylist()
    return [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]


def drawn(draw, table, kind, depth):
    """(SQL, values) of an expression."""
    if depth == 0 or draw.random() < 0.1:
        return table.leaf(draw, kind)
    _, takes, ours, theirs = draw.choice([operation for operation in OPERATIONS if operation[0] == kind])
    operands = [drawn(draw, table, one, depth - 1) for one in takes]
    return ours.format(*[sql for sql, _ in operands]), ask(theirs or ours, takes, [values for _, values in operands])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--expressions", type=int, default=1000)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    table = Table(draw)
    print(json.dumps({"seed": given.seed, "columns": table.columns}, ensure_ascii=False))
    alone = list(OPERATIONS)
    for at in range(given.expressions):
        if at < len(alone):  # each operation over the edges themselves first
            kind, takes, ours, theirs = alone[at]
            names = {}
            operands = []
            for one in takes:
                of = [name for name, known in COLUMNS.items() if known == one]
                operands.append(of[names.setdefault(one, 0) % len(of)])
                names[one] += 1
            sql, values = ours.format(*operands), ask(theirs or ours, takes, [table.columns[name] for name in operands])
        else:
            kind = draw.choice("iintbbbs")
            sql, values = drawn(draw, table, kind, draw.choice([2, 2, 3]))
        print(json.dumps({"sql": sql, "kind": kind, "values": values}, ensure_ascii=False))


main()
