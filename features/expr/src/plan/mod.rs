//! From a syntax tree to a typed plan. An allowlist: what is not matched here is refused by its name. Types are checked
//! here, so that DataFusion never has to guess a conversion.

mod convert;
mod functions;
mod literal;
mod operators;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Column, DFSchema, DataFusionError};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::type_coercion::functions::fields_with_udf;
use datafusion_expr::{Expr, ExprSchemable, lit};
use datafusion_physical_expr::expressions::BinaryExpr;
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use sqlparser::ast::{Expr as Syntax, Ident};

use crate::total::total;
use crate::{ColumnType, Columns, ExprError};

pub(crate) struct Planned {
    pub(crate) physical: Arc<dyn PhysicalExpr>,
    pub(crate) output: ColumnType,
    pub(crate) reads: Vec<String>,
}

pub(crate) fn plan(syntax: &Syntax, columns: &Columns) -> Result<Planned, ExprError> {
    let mut planner = Planner { columns, reads: BTreeSet::new(), nodes: 0 };
    let typed = planner.typed(syntax, 0)?;
    let output = match typed.kind {
        Kind::Of(output) => output,
        Kind::Null => ColumnType::Text,
        Kind::Interval => return Err(unsupported("a bare interval")),
    };
    let expr = convert::to(typed, output);
    let failed = |source: DataFusionError| ExprError::Plan { expression: excerpt(syntax), source: Box::new(source) };
    let physical = physical(expr, columns).map_err(failed)?;
    Ok(Planned { physical, output, reads: planner.reads.into_iter().collect() })
}

fn physical(expr: Expr, columns: &Columns) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
    let schema = DFSchema::try_from(columns.schema().as_ref().clone())?;
    let expr = expr.transform_up(|expr| called_as_declared(expr, &schema))?.data;
    let plan = create_physical_expr(&expr, &schema, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    // An overflow has to be seen to become null; by default it wraps around.
    let checked = plan.transform_up(|node| {
        let checked = match node.downcast_ref::<BinaryExpr>() {
            Some(binary) => {
                let (left, right) = (Arc::clone(binary.left()), Arc::clone(binary.right()));
                Arc::new(BinaryExpr::new(left, *binary.op(), right).with_fail_on_overflow(true))
            }
            None => node,
        };
        Ok(Transformed::yes(total(checked)))
    })?;
    Ok(checked.data)
}

/// Operators and `case` get types here that DataFusion takes as they are; a function may declare others, such as a
/// shorter integer.
fn called_as_declared(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>, DataFusionError> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return Ok(Transformed::no(expr)) };
    let given = args.iter().map(|argument| argument.to_field(schema).map(|(_, field)| field));
    let declared = fields_with_udf(&given.collect::<Result<Vec<_>, _>>()?, func.as_ref())?;
    let args = args.into_iter().zip(declared).map(|(argument, field)| argument.cast_to(field.data_type(), schema));
    let args = args.collect::<Result<_, _>>()?;
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Of(ColumnType),
    /// The literal null, which takes any type.
    Null,
    Interval,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Of(column) => column.name(),
            Self::Null => "null",
            Self::Interval => "an interval",
        }
    }
}

#[derive(Debug, Clone)]
struct Typed {
    expr: Expr,
    kind: Kind,
}

impl Typed {
    const fn of(column: ColumnType, expr: Expr) -> Self {
        Self { expr, kind: Kind::Of(column) }
    }

    fn null() -> Self {
        Self { expr: lit(datafusion_common::ScalarValue::Null), kind: Kind::Null }
    }
}

struct Planner<'a> {
    columns: &'a Columns,
    reads: BTreeSet<String>,
    nodes: usize,
}

/// A chain of operators nests once for each; brackets are bounded by the parser already.
const DEEPEST: usize = 128;
/// `between`, `coalesce` and `case x when` plan an operand more than once; nested, that would double at every level.
const LARGEST: usize = 8 * 1024;

impl Planner<'_> {
    fn typed(&mut self, syntax: &Syntax, depth: usize) -> Result<Typed, ExprError> {
        if depth > DEEPEST {
            return Err(ExprError::TooDeep { limit: DEEPEST });
        }
        self.nodes += 1;
        if self.nodes > LARGEST {
            return Err(ExprError::TooLarge { limit: LARGEST });
        }
        let depth = depth + 1;
        match syntax {
            Syntax::Nested(inner) => self.typed(inner, depth),
            Syntax::Identifier(name) => self.column(name),
            Syntax::Value(value) => literal::value(&value.value),
            Syntax::TypedString(text) => literal::typed(&text.data_type, &text.value.value),
            Syntax::Interval(interval) => literal::interval(interval),
            Syntax::UnaryOp { op, expr } => self.unary(*op, expr, depth),
            Syntax::BinaryOp { left, op, right } => self.binary(left, op, right, depth),
            Syntax::IsDistinctFrom(left, right) => self.distinct(left, right, true, depth),
            Syntax::IsNotDistinctFrom(left, right) => self.distinct(left, right, false, depth),
            Syntax::IsNull(inner) => Ok(boolean(self.typed(inner, depth)?.expr.is_null())),
            Syntax::IsNotNull(inner) => Ok(boolean(self.typed(inner, depth)?.expr.is_not_null())),
            Syntax::IsTrue(inner) => self.truth(inner, depth, Expr::is_true),
            Syntax::IsNotTrue(inner) => self.truth(inner, depth, Expr::is_not_true),
            Syntax::IsFalse(inner) => self.truth(inner, depth, Expr::is_false),
            Syntax::IsNotFalse(inner) => self.truth(inner, depth, Expr::is_not_false),
            Syntax::IsUnknown(inner) => self.truth(inner, depth, Expr::is_unknown),
            Syntax::IsNotUnknown(inner) => self.truth(inner, depth, Expr::is_not_unknown),
            Syntax::Between { expr, negated, low, high } => self.between(expr, *negated, low, high, depth),
            Syntax::InList { expr, list, negated } => self.in_list(expr, list, *negated, depth),
            Syntax::Like { negated, any: false, expr, pattern, escape_char: None } => {
                self.like(*negated, expr, pattern, false, depth)
            }
            Syntax::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                self.like(*negated, expr, pattern, true, depth)
            }
            Syntax::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), depth)
            }
            Syntax::Cast { expr, data_type, format: None, array: false, .. } => self.cast(expr, data_type, depth),
            Syntax::Function(function) => self.function(function, depth),
            Syntax::Extract { field, expr, .. } => self.part(&field.to_string(), expr, depth),
            Syntax::Ceil { expr, field } => self.rounded("ceil", expr, field, depth),
            Syntax::Floor { expr, field } => self.rounded("floor", expr, field, depth),
            Syntax::Trim { expr, trim_where: None, trim_what: None, trim_characters: None } => {
                self.call("trim", &[expr.as_ref()], depth)
            }
            Syntax::Subquery(_) | Syntax::InSubquery { .. } | Syntax::Exists { .. } => Err(unsupported("a subquery")),
            other => Err(unsupported(construct(other))),
        }
    }

    fn column(&mut self, name: &Ident) -> Result<Typed, ExprError> {
        let lower = name.value.to_lowercase();
        let candidates = if name.quote_style.is_some() { vec![&name.value] } else { vec![&name.value, &lower] };
        let found = candidates.into_iter().find_map(|name| Some((name, self.columns.column_type(name)?)));
        let Some((column, kind)) = found else {
            return Err(ExprError::UnknownColumn {
                name: name.value.clone(),
                line: name.span.start.line,
                column: name.span.start.column,
                hint: self.hint(&lower),
            });
        };
        self.reads.insert(column.clone());
        Ok(Typed::of(kind, Expr::Column(Column::from_name(column.clone()))))
    }

    /// A column that begins alike, for the error.
    fn hint(&self, name: &str) -> String {
        let alike = |known: &str| known.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
        let best = self.columns.iter().map(|(known, _)| (alike(known), known)).max_by_key(|(length, _)| *length);
        match best {
            Some((length, known)) if length >= 3 => format!("; did you mean `{known}`?"),
            Some(_) | None => String::new(),
        }
    }
}

fn boolean(expr: Expr) -> Typed {
    Typed::of(ColumnType::Bool, expr)
}

fn unsupported(construct: &str) -> ExprError {
    ExprError::Unsupported { construct: construct.to_owned() }
}

/// A name for what is not offered. Never its text, which may be too deep to print.
fn construct(syntax: &Syntax) -> &'static str {
    match syntax {
        Syntax::CompoundIdentifier(_) | Syntax::CompoundFieldAccess { .. } => "a name with a dot or a subscript",
        Syntax::AtTimeZone { .. } => "a time zone (all times are UTC)",
        Syntax::SimilarTo { .. } | Syntax::RLike { .. } => "a regular expression",
        Syntax::AnyOp { .. } | Syntax::AllOp { .. } => "any or all",
        Syntax::Like { .. } | Syntax::ILike { .. } => "like with an escape character",
        Syntax::Substring { .. } | Syntax::Position { .. } | Syntax::Overlay { .. } => "substring, position or overlay",
        Syntax::Trim { .. } => "trim with characters or a side",
        Syntax::Tuple(_) | Syntax::Array(_) | Syntax::Struct { .. } => "a tuple, array or struct",
        Syntax::Wildcard(_) | Syntax::QualifiedWildcard(..) => "`*`",
        _ => "this construct",
    }
}

fn mismatch(place: &Syntax, expected: impl ToString, found: Kind) -> ExprError {
    ExprError::Mismatch { place: excerpt(place), expected: expected.to_string(), found: found.name().to_owned() }
}

/// The start of an expression's text. A long one is written only in part, so that a deep one costs little.
fn excerpt(syntax: &Syntax) -> String {
    const LONGEST: usize = 80;
    struct Bounded(String);
    impl std::fmt::Write for Bounded {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.extend(text.chars().take(LONGEST.saturating_sub(self.0.len())));
            if self.0.len() < LONGEST { Ok(()) } else { Err(std::fmt::Error) }
        }
    }
    let mut text = Bounded(String::new());
    match std::fmt::write(&mut text, format_args!("{syntax}")) {
        Ok(()) => text.0,
        Err(_) => text.0 + "…",
    }
}
