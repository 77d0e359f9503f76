//! Which types go together, and the conversions between them that lose nothing a user would miss.

use datafusion_common::ScalarValue;
use datafusion_expr::{Expr, lit, try_cast};
use sqlparser::ast::{DataType as SqlType, Expr as Syntax};

use super::{ColumnType, ExprError, Kind, Planner, Typed, literal, mismatch, unsupported};
use crate::finite::finite;

/// `typed` as `target`, which must be its own type, or number for an integer, or anything for null.
pub(super) fn to(typed: Typed, target: ColumnType) -> Expr {
    match (typed.kind, typed.expr) {
        (Kind::Null, _) => lit(ScalarValue::try_from(target.arrow()).expect("each of the five types has a null")),
        (Kind::Of(ColumnType::Integer), Expr::Literal(ScalarValue::Int64(Some(value)), _))
            if target == ColumnType::Number =>
        {
            #[allow(clippy::cast_precision_loss, reason = "rounded to the nearest double, as SQL does")]
            let number = value as f64;
            lit(number)
        }
        (Kind::Of(ColumnType::Integer), expr) if target == ColumnType::Number => try_cast(expr, target.arrow()),
        (Kind::Of(_) | Kind::Interval, expr) => expr,
    }
}

/// The type that all of `typed` share: `None` when all are null. `places` are for the error.
pub(super) fn common(places: &[&Syntax], typed: &[Typed]) -> Result<Option<ColumnType>, ExprError> {
    let mut shared: Option<ColumnType> = None;
    for (place, typed) in places.iter().zip(typed) {
        let kind = match typed.kind {
            Kind::Null => continue,
            Kind::Interval => return Err(mismatch(place, "a value", typed.kind)),
            Kind::Of(kind) => kind,
        };
        shared = Some(match shared {
            None => kind,
            Some(shared) if shared == kind => kind,
            Some(shared) if shared.is_numeric() && kind.is_numeric() => ColumnType::Number,
            Some(shared) => return Err(mismatch(place, shared, typed.kind)),
        });
    }
    Ok(shared)
}

impl Planner<'_> {
    /// Plans `places` to one shared type; a text literal beside a time is read as a time.
    pub(super) fn alike(
        &mut self,
        places: &[&Syntax],
        depth: usize,
    ) -> Result<(Vec<Expr>, Option<ColumnType>), ExprError> {
        let mut typed: Vec<Typed> = places.iter().map(|place| self.typed(place, depth)).collect::<Result<_, _>>()?;
        if typed.iter().any(|typed| typed.kind == Kind::Of(ColumnType::Time)) {
            for typed in &mut typed {
                if let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &typed.expr {
                    *typed = literal::time(text)?;
                }
            }
        }
        let shared = common(places, &typed)?;
        let exprs = typed.into_iter().map(|typed| to(typed, shared.unwrap_or(ColumnType::Text))).collect();
        Ok((exprs, shared))
    }

    pub(super) fn wanted(&mut self, place: &Syntax, wanted: ColumnType, depth: usize) -> Result<Expr, ExprError> {
        let typed = self.typed(place, depth)?;
        let fits = match typed.kind {
            Kind::Null => true,
            Kind::Of(kind) => kind == wanted || (wanted == ColumnType::Number && kind == ColumnType::Integer),
            Kind::Interval => false,
        };
        if fits { Ok(to(typed, wanted)) } else { Err(mismatch(place, wanted, typed.kind)) }
    }

    /// `cast(x as t)`: what cannot be converted is null.
    pub(super) fn cast(&mut self, place: &Syntax, target: &SqlType, depth: usize) -> Result<Typed, ExprError> {
        let target = match target {
            SqlType::Boolean | SqlType::Bool => ColumnType::Bool,
            SqlType::Int(None)
            | SqlType::Integer(None)
            | SqlType::BigInt(None)
            | SqlType::Int8(None)
            | SqlType::Int64 => ColumnType::Integer,
            SqlType::Double(_) | SqlType::DoublePrecision | SqlType::Float8 | SqlType::Float64 => ColumnType::Number,
            SqlType::Text | SqlType::String(None) | SqlType::Varchar(None) => ColumnType::Text,
            SqlType::Timestamp(None, _) => ColumnType::Time,
            other => {
                return Err(unsupported(&format!("a cast to {other} (only boolean, bigint, double, text, timestamp)")));
            }
        };
        let typed = self.typed(place, depth)?;
        let expr = match typed.kind {
            Kind::Null => to(typed, target),
            Kind::Of(kind) if kind == target => typed.expr,
            Kind::Of(ColumnType::Time) | Kind::Of(ColumnType::Bool) if target.is_numeric() => {
                return Err(mismatch(place, "text or a number", typed.kind));
            }
            Kind::Of(_) => try_cast(typed.expr, target.arrow()),
            Kind::Interval => return Err(mismatch(place, "a value", typed.kind)),
        };
        Ok(Typed::of(target, if target == ColumnType::Number { finite(expr) } else { expr }))
    }
}
