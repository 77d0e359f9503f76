//! The functions there are. All are pure: nothing that reads a clock, draws at random, or grows without bound.

use std::sync::Arc;

use datafusion_expr::{Case, Expr, ScalarUDF, lit, try_cast};
use datafusion_functions::{core, datetime, math, string};
use sqlparser::ast::{CeilFloorKind, Expr as Syntax, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::{ColumnType, ExprError, Kind, Planner, Typed, boolean, mismatch, unsupported};
use crate::call::clause;
use crate::finite::finite;

/// What a function takes and gives.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Numbers in, `n` of them, a number out.
    Numbers(usize),
    TextToText,
    /// Two texts in, a truth value out.
    TextTest,
    /// One or more alike, the same out.
    Alike,
}

fn known(name: &str) -> Option<(Arc<ScalarUDF>, Shape, &'static str)> {
    Some(match name {
        "ceil" | "ceiling" => (math::ceil(), Shape::Numbers(1), "ceil(number)"),
        "floor" => (math::floor(), Shape::Numbers(1), "floor(number)"),
        "trunc" => (math::trunc(), Shape::Numbers(1), "trunc(number)"),
        "sqrt" => (math::sqrt(), Shape::Numbers(1), "sqrt(number)"),
        "ln" => (math::ln(), Shape::Numbers(1), "ln(number)"),
        "log10" => (math::log10(), Shape::Numbers(1), "log10(number)"),
        "log2" => (math::log2(), Shape::Numbers(1), "log2(number)"),
        "exp" => (math::exp(), Shape::Numbers(1), "exp(number)"),
        "signum" | "sign" => (math::signum(), Shape::Numbers(1), "signum(number)"),
        "power" | "pow" => (math::power(), Shape::Numbers(2), "power(number, number)"),
        "lower" => (string::lower(), Shape::TextToText, "lower(text)"),
        "upper" => (string::upper(), Shape::TextToText, "upper(text)"),
        "trim" | "btrim" => (string::btrim(), Shape::TextToText, "trim(text)"),
        "starts_with" => (string::starts_with(), Shape::TextTest, "starts_with(text, text)"),
        "ends_with" => (string::ends_with(), Shape::TextTest, "ends_with(text, text)"),
        "contains" => (string::contains(), Shape::TextTest, "contains(text, text)"),
        "greatest" => (core::greatest(), Shape::Alike, "greatest(value, …)"),
        "least" => (core::least(), Shape::Alike, "least(value, …)"),
        _ => return None,
    })
}

const AGGREGATES: [&str; 18] = [
    "count",
    "count_if",
    "sum",
    "avg",
    "min",
    "max",
    "first",
    "last",
    "stddev",
    "seconds_since_last",
    "top_k",
    "quantile",
    "entropy",
    "jaccard",
    "array_agg",
    "median",
    "variance",
    "string_agg",
];
const WINDOWS: [&str; 6] = ["row_number", "rank", "dense_rank", "lag", "lead", "ntile"];

impl Planner<'_> {
    pub(super) fn function(&mut self, function: &Function, depth: usize) -> Result<Typed, ExprError> {
        let name = function.name.to_string().to_lowercase();
        if let Some(construct) = clause(function) {
            return Err(unsupported(construct));
        }
        if AGGREGATES.contains(&name.as_str()) {
            return Err(unsupported(&format!("the aggregate function `{name}`")));
        }
        if WINDOWS.contains(&name.as_str()) {
            return Err(unsupported(&format!("the window function `{name}`")));
        }
        let arguments = arguments(function)?;
        self.call(&name, &arguments, depth).map_err(|error| match error {
            ExprError::UnknownFunction { name, line: 0, column: 0 } => {
                let start = function.name.0.first().and_then(|part| part.as_ident()).map(|name| name.span.start);
                let (line, column) = start.map_or((0, 0), |start| (start.line, start.column));
                ExprError::UnknownFunction { name, line, column }
            }
            other => other,
        })
    }

    pub(super) fn call(&mut self, name: &str, places: &[&Syntax], depth: usize) -> Result<Typed, ExprError> {
        let arity = |expected: &'static str| ExprError::Arguments { expected, found: places.len() };
        match (name, places) {
            ("abs", [place]) => return self.abs(place, depth),
            ("abs", _) => return Err(arity("abs(number)")),
            ("round", [place]) => return self.round(place, None, depth),
            ("round", [place, digits]) => return self.round(place, Some(digits), depth),
            ("round", _) => return Err(arity("round(number, digits)")),
            ("nullif", [_, _]) => {
                let (exprs, shared) = self.alike(places, depth)?;
                return Ok(shared.map_or_else(Typed::null, |shared| Typed::of(shared, core::nullif().call(exprs))));
            }
            ("nullif", _) => return Err(arity("nullif(value, value)")),
            ("coalesce", [_, ..]) => return self.coalesce(places, depth),
            ("coalesce", []) => return Err(arity("coalesce(value, …)")),
            ("date_bin", [width, time]) => return self.date_bin(width, time, depth),
            ("date_bin", _) => return Err(arity("date_bin(interval, time)")),
            ("date_part", [Syntax::Value(part), time]) => return self.part(&part.value.to_string(), time, depth),
            ("date_part", _) => return Err(arity("date_part('part', time)")),
            _ => {}
        }
        let Some((udf, shape, usage)) = known(name) else {
            return Err(ExprError::UnknownFunction { name: name.to_owned(), line: 0, column: 0 });
        };
        let wanted = match shape {
            Shape::Numbers(count) => Some((ColumnType::Number, count)),
            Shape::TextToText => Some((ColumnType::Text, 1)),
            Shape::TextTest => Some((ColumnType::Text, 2)),
            Shape::Alike => None,
        };
        let Some((wanted, count)) = wanted else {
            if places.is_empty() {
                return Err(arity(usage));
            }
            let (exprs, shared) = self.alike(places, depth)?;
            return Ok(shared.map_or_else(Typed::null, |shared| Typed::of(shared, udf.call(exprs))));
        };
        if places.len() != count {
            return Err(arity(usage));
        }
        let exprs = places.iter().map(|place| self.wanted(place, wanted, depth)).collect::<Result<Vec<_>, _>>()?;
        let called = udf.call(exprs);
        Ok(match shape {
            Shape::Numbers(_) => Typed::of(ColumnType::Number, finite(called)),
            Shape::TextToText => Typed::of(ColumnType::Text, try_cast(called, ColumnType::Text.arrow())),
            Shape::TextTest | Shape::Alike => boolean(called),
        })
    }

    fn abs(&mut self, place: &Syntax, depth: usize) -> Result<Typed, ExprError> {
        let typed = self.typed(place, depth)?;
        match typed.kind {
            Kind::Null => Ok(typed),
            Kind::Of(kind) if kind.is_numeric() => Ok(Typed::of(kind, math::abs().call(vec![typed.expr]))),
            Kind::Of(_) | Kind::Interval => Err(mismatch(place, ColumnType::Number, typed.kind)),
        }
    }

    fn round(&mut self, place: &Syntax, digits: Option<&Syntax>, depth: usize) -> Result<Typed, ExprError> {
        let mut exprs = vec![self.wanted(place, ColumnType::Number, depth)?];
        if let Some(digits) = digits {
            exprs.push(self.wanted(digits, ColumnType::Integer, depth)?);
        }
        Ok(Typed::of(ColumnType::Number, finite(math::round().call(exprs))))
    }

    /// As the case it stands for, so that a later argument is not evaluated where an earlier one has a value.
    fn coalesce(&mut self, places: &[&Syntax], depth: usize) -> Result<Typed, ExprError> {
        let (mut values, shared) = self.alike(places, depth)?;
        let (Some(shared), Some(last)) = (shared, values.pop()) else { return Ok(Typed::null()) };
        if values.is_empty() {
            return Ok(Typed::of(shared, last));
        }
        let (tested, _) = self.alike(places, depth)?;
        let pairs = tested.into_iter().zip(values).map(|(test, value)| (Box::new(test.is_not_null()), Box::new(value)));
        let pairs = pairs.collect();
        Ok(Typed::of(shared, Expr::Case(Case::new(None, pairs, Some(Box::new(last))))))
    }

    /// Bins from 1970-01-01T00:00Z.
    fn date_bin(&mut self, width: &Syntax, time: &Syntax, depth: usize) -> Result<Typed, ExprError> {
        let interval = self.typed(width, depth)?;
        if interval.kind != Kind::Interval {
            return Err(mismatch(width, Kind::Interval.name(), interval.kind));
        }
        let time = self.wanted(time, ColumnType::Time, depth)?;
        let binned = datetime::date_bin().call(vec![interval.expr, time]);
        Ok(Typed::of(ColumnType::Time, try_cast(binned, ColumnType::Time.arrow())))
    }

    /// A part of a time as a number, as in PostgreSQL.
    pub(super) fn part(&mut self, part: &str, time: &Syntax, depth: usize) -> Result<Typed, ExprError> {
        const PARTS: [&str; 9] = ["year", "quarter", "month", "week", "day", "dow", "doy", "hour", "minute"];
        let part = part.trim_matches('\'').to_lowercase();
        if !PARTS.contains(&part.as_str()) && part != "second" && part != "epoch" {
            return Err(unsupported(&format!(
                "the part `{part}` of a time (only {}, second, epoch)",
                PARTS.join(", ")
            )));
        }
        let time = self.wanted(time, ColumnType::Time, depth)?;
        if part == "second" {
            return Ok(Typed::of(ColumnType::Number, seconds_of(time)));
        }
        let value = datetime::date_part().call(vec![lit(part), time]);
        Ok(Typed::of(ColumnType::Number, try_cast(value, ColumnType::Number.arrow())))
    }

    pub(super) fn rounded(
        &mut self,
        name: &str,
        place: &Syntax,
        field: &CeilFloorKind,
        depth: usize,
    ) -> Result<Typed, ExprError> {
        match field {
            CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) => self.call(name, &[place], depth),
            CeilFloorKind::DateTimeField(_) | CeilFloorKind::Scale(_) => Err(unsupported("a scale of ceil or floor")),
        }
    }
}

/// Seconds into the minute, to the microsecond; also before 1970.
fn seconds_of(time: Expr) -> Expr {
    const MINUTE: i64 = 60_000_000;
    let rest = (try_cast(time, ColumnType::Integer.arrow()) % lit(MINUTE) + lit(MINUTE)) % lit(MINUTE);
    try_cast(rest, ColumnType::Number.arrow()) / lit(1e6)
}

fn arguments(function: &Function) -> Result<Vec<&Syntax>, ExprError> {
    let FunctionArguments::List(list) = &function.args else {
        return Err(unsupported(&format!("`{}` without an argument list", function.name)));
    };
    if list.duplicate_treatment.is_some() {
        return Err(unsupported("distinct"));
    }
    let plain = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expression)) => Ok(expression),
        other => Err(unsupported(&format!("the argument `{other}`"))),
    };
    list.args.iter().map(plain).collect()
}
