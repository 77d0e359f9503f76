//! Operators and `case`, with the types they take and give.

use arrow::datatypes::DataType;
use datafusion_common::ScalarValue;
use datafusion_expr::{BinaryExpr, Case, Expr, Like, Operator, lit, try_cast};
use datafusion_functions::core;
use sqlparser::ast::{BinaryOperator, CaseWhen, Expr as Syntax, UnaryOperator};

use super::convert::to;
use super::{ColumnType, ExprError, Kind, Planner, Typed, boolean, excerpt, literal, mismatch, unsupported};
use crate::finite::finite;

fn apply(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

impl Planner<'_> {
    pub(super) fn unary(&mut self, op: UnaryOperator, place: &Syntax, depth: usize) -> Result<Typed, ExprError> {
        match op {
            UnaryOperator::Not => Ok(boolean(Expr::Not(Box::new(self.wanted(place, ColumnType::Bool, depth)?)))),
            UnaryOperator::Minus if literal::is_least(place) => Ok(Typed::of(ColumnType::Integer, lit(i64::MIN))),
            UnaryOperator::Plus | UnaryOperator::Minus => {
                let typed = self.typed(place, depth)?;
                match typed.kind {
                    Kind::Null => Ok(typed),
                    Kind::Of(kind) if kind.is_numeric() && op == UnaryOperator::Plus => Ok(typed),
                    // Subtraction is checked for overflow; negation would wrap.
                    Kind::Of(ColumnType::Integer) => {
                        Ok(Typed::of(ColumnType::Integer, apply(lit(0_i64), Operator::Minus, typed.expr)))
                    }
                    Kind::Of(ColumnType::Number) => {
                        Ok(Typed::of(ColumnType::Number, Expr::Negative(Box::new(typed.expr))))
                    }
                    Kind::Of(_) | Kind::Interval => Err(mismatch(place, ColumnType::Number, typed.kind)),
                }
            }
            other => Err(unsupported(&format!("the operator `{other}`"))),
        }
    }

    pub(super) fn binary(
        &mut self,
        left: &Syntax,
        op: &BinaryOperator,
        right: &Syntax,
        depth: usize,
    ) -> Result<Typed, ExprError> {
        let compared = match op {
            BinaryOperator::Eq => Operator::Eq,
            BinaryOperator::NotEq => Operator::NotEq,
            BinaryOperator::Lt => Operator::Lt,
            BinaryOperator::LtEq => Operator::LtEq,
            BinaryOperator::Gt => Operator::Gt,
            BinaryOperator::GtEq => Operator::GtEq,
            BinaryOperator::And => return self.logic(left, Operator::And, right, depth),
            BinaryOperator::Or => return self.logic(left, Operator::Or, right, depth),
            BinaryOperator::StringConcat => {
                let (left, right) =
                    (self.wanted(left, ColumnType::Text, depth)?, self.wanted(right, ColumnType::Text, depth)?);
                return Ok(Typed::of(ColumnType::Text, apply(left, Operator::StringConcat, right)));
            }
            BinaryOperator::Plus => return self.arithmetic(left, Operator::Plus, right, depth),
            BinaryOperator::Minus => return self.arithmetic(left, Operator::Minus, right, depth),
            BinaryOperator::Multiply => return self.arithmetic(left, Operator::Multiply, right, depth),
            BinaryOperator::Divide => return self.arithmetic(left, Operator::Divide, right, depth),
            BinaryOperator::Modulo => return self.arithmetic(left, Operator::Modulo, right, depth),
            other => return Err(unsupported(&format!("the operator `{other}`"))),
        };
        self.compare(left, compared, right, depth)
    }

    fn compare(&mut self, left: &Syntax, op: Operator, right: &Syntax, depth: usize) -> Result<Typed, ExprError> {
        let (mut pair, _) = self.alike(&[left, right], depth)?;
        let (right, left) = (pair.pop(), pair.pop());
        let (Some(left), Some(right)) = (left, right) else { return Err(unsupported("an empty comparison")) };
        Ok(boolean(apply(left, op, right)))
    }

    fn logic(&mut self, left: &Syntax, op: Operator, right: &Syntax, depth: usize) -> Result<Typed, ExprError> {
        let (left, right) = (self.wanted(left, ColumnType::Bool, depth)?, self.wanted(right, ColumnType::Bool, depth)?);
        Ok(boolean(apply(left, op, right)))
    }

    fn arithmetic(
        &mut self,
        left_place: &Syntax,
        op: Operator,
        right_place: &Syntax,
        depth: usize,
    ) -> Result<Typed, ExprError> {
        let (left, right) = (self.typed(left_place, depth)?, self.typed(right_place, depth)?);
        let time = Kind::Of(ColumnType::Time);
        let shift = matches!(op, Operator::Plus | Operator::Minus);
        if left.kind == time && right.kind == Kind::Interval && shift {
            return Ok(Typed::of(
                ColumnType::Time,
                try_cast(apply(left.expr, op, right.expr), ColumnType::Time.arrow()),
            ));
        }
        if left.kind == time && right.kind == time && op == Operator::Minus {
            return Ok(seconds_between(left.expr, right.expr));
        }
        for (place, typed) in [(left_place, &left), (right_place, &right)] {
            if !matches!(typed.kind, Kind::Null | Kind::Of(ColumnType::Integer | ColumnType::Number)) {
                return Err(mismatch(place, ColumnType::Number, typed.kind));
            }
        }
        let whole = [left.kind, right.kind].iter().all(|kind| *kind == Kind::Of(ColumnType::Integer));
        if op == Operator::Modulo && whole {
            let divisor = core::nullif().call(vec![right.expr, lit(0_i64)]);
            return Ok(Typed::of(ColumnType::Integer, apply(left.expr, op, divisor)));
        }
        if whole && op != Operator::Divide {
            return Ok(Typed::of(ColumnType::Integer, apply(left.expr, op, right.expr)));
        }
        let (left, right) = (to(left, ColumnType::Number), to(right, ColumnType::Number));
        Ok(Typed::of(ColumnType::Number, finite(apply(left, op, right))))
    }

    pub(super) fn distinct(
        &mut self,
        left: &Syntax,
        right: &Syntax,
        distinct: bool,
        depth: usize,
    ) -> Result<Typed, ExprError> {
        let op = if distinct { Operator::IsDistinctFrom } else { Operator::IsNotDistinctFrom };
        self.compare(left, op, right, depth)
    }

    pub(super) fn truth(
        &mut self,
        place: &Syntax,
        depth: usize,
        test: impl FnOnce(Expr) -> Expr,
    ) -> Result<Typed, ExprError> {
        Ok(boolean(test(self.wanted(place, ColumnType::Bool, depth)?)))
    }

    pub(super) fn between(
        &mut self,
        value: &Syntax,
        negated: bool,
        low: &Syntax,
        high: &Syntax,
        depth: usize,
    ) -> Result<Typed, ExprError> {
        let from = self.compare(value, Operator::GtEq, low, depth)?.expr;
        let to = self.compare(value, Operator::LtEq, high, depth)?.expr;
        let inside = apply(from, Operator::And, to);
        Ok(boolean(if negated { Expr::Not(Box::new(inside)) } else { inside }))
    }

    pub(super) fn in_list(
        &mut self,
        value: &Syntax,
        list: &[Syntax],
        negated: bool,
        depth: usize,
    ) -> Result<Typed, ExprError> {
        let places: Vec<&Syntax> = std::iter::once(value).chain(list).collect();
        let (mut exprs, shared) = self.alike(&places, depth)?;
        let value = exprs.remove(0);
        // DataFusion takes what is no literal (a `case`) for a constant list, and there 0.0 is not -0.0.
        let literals = exprs.iter().all(|expr| matches!(expr, Expr::Literal(..)));
        if literals && shared != Some(ColumnType::Number) {
            return Ok(boolean(value.in_list(exprs, negated)));
        }
        let found = any_equal(&value, &exprs).ok_or_else(|| unsupported("`in` without a list"))?;
        Ok(boolean(if negated { Expr::Not(Box::new(found)) } else { found }))
    }

    pub(super) fn like(
        &mut self,
        negated: bool,
        value: &Syntax,
        pattern: &Syntax,
        insensitive: bool,
        depth: usize,
    ) -> Result<Typed, ExprError> {
        let value = self.wanted(value, ColumnType::Text, depth)?;
        let pattern = self.wanted(pattern, ColumnType::Text, depth)?;
        Ok(boolean(Expr::Like(Like::new(negated, Box::new(value), Box::new(pattern), None, insensitive))))
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&Syntax>,
        branches: &[CaseWhen],
        otherwise: Option<&Syntax>,
        depth: usize,
    ) -> Result<Typed, ExprError> {
        let results: Vec<&Syntax> = branches.iter().map(|branch| &branch.result).chain(otherwise).collect();
        let (mut results, shared) = self.alike(&results, depth)?;
        let otherwise = if otherwise.is_some() { results.pop() } else { None };
        let mut pairs = Vec::with_capacity(branches.len());
        for (branch, result) in branches.iter().zip(results) {
            let when = match operand {
                Some(operand) => self.compare(operand, Operator::Eq, &branch.condition, depth)?.expr,
                None => self.wanted(&branch.condition, ColumnType::Bool, depth)?,
            };
            pairs.push((Box::new(when), Box::new(result)));
        }
        let shared = shared.ok_or_else(|| unsupported(&format!("a case of nulls only, `{}`", results_of(branches))))?;
        Ok(Typed::of(shared, Expr::Case(Case::new(None, pairs, otherwise.map(Box::new)))))
    }
}

/// `value = one or value = another`, no deeper than it must be.
fn any_equal(value: &Expr, list: &[Expr]) -> Option<Expr> {
    match list {
        [] => None,
        [one] => Some(apply(value.clone(), Operator::Eq, one.clone())),
        _ => {
            let (left, right) = list.split_at(list.len() / 2);
            Some(apply(any_equal(value, left)?, Operator::Or, any_equal(value, right)?))
        }
    }
}

fn results_of(branches: &[CaseWhen]) -> String {
    branches.first().map(|branch| excerpt(&branch.result)).unwrap_or_default()
}

/// Seconds from `right` to `left`.
fn seconds_between(left: Expr, right: Expr) -> Typed {
    let micros = |time: Expr| try_cast(time, DataType::Int64);
    let difference = try_cast(apply(micros(left), Operator::Minus, micros(right)), DataType::Float64);
    let seconds = apply(difference, Operator::Divide, lit(ScalarValue::Float64(Some(1e6))));
    Typed::of(ColumnType::Number, seconds)
}
