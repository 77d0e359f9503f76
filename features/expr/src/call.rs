//! The outer call of an aggregate, `count(distinct customer)`, taken apart: its name and the texts of its arguments.
//! What the name means is for the caller.

use sqlparser::ast::{DuplicateTreatment, Expr as Syntax, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use crate::{ExprError, syntax};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    Star,
    /// SQL, in the parser's own spelling.
    Expression(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// In lower case.
    pub function: String,
    pub distinct: bool,
    pub arguments: Vec<Argument>,
}

impl Call {
    pub fn parse(sql: &str) -> Result<Self, ExprError> {
        syntax::on_own_stack(|| match syntax::parse(sql)? {
            Syntax::Function(function) => Self::from_syntax(&function),
            _ => Err(ExprError::Syntax { reason: format!("expected one call as `sum(x)`, found `{sql}`") }),
        })
    }

    fn from_syntax(function: &Function) -> Result<Self, ExprError> {
        if let Some(construct) = clause(function) {
            return Err(ExprError::Unsupported { construct: construct.to_owned() });
        }
        let FunctionArguments::List(list) = &function.args else {
            return Err(ExprError::Unsupported { construct: "a call without an argument list".to_owned() });
        };
        Ok(Self {
            function: function.name.to_string().to_lowercase(),
            distinct: list.duplicate_treatment == Some(DuplicateTreatment::Distinct),
            arguments: list.args.iter().map(argument).collect::<Result<_, _>>()?,
        })
    }
}

fn argument(argument: &FunctionArg) -> Result<Argument, ExprError> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Ok(Argument::Expression(expression.to_string())),
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(Argument::Star),
        other => Err(ExprError::Unsupported { construct: format!("the argument `{other}`") }),
    }
}

/// A clause of a call that has no meaning here.
pub(crate) fn clause(function: &Function) -> Option<&'static str> {
    let listed = match &function.args {
        FunctionArguments::List(list) => !list.clauses.is_empty(),
        FunctionArguments::Subquery(_) => return Some("a subquery"),
        FunctionArguments::None => false,
    };
    if function.over.is_some() {
        Some("a window function")
    } else if function.filter.is_some() {
        Some("a filter clause (use count_if or case)")
    } else if !function.within_group.is_empty() || listed || function.null_treatment.is_some() {
        Some("an order or null clause in a call")
    } else if !matches!(function.parameters, FunctionArguments::None) || function.uses_odbc_syntax {
        Some("a call with two argument lists")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_is_taken_apart() {
        let call = Call::parse("COUNT(DISTINCT customer)").unwrap();
        assert_eq!((call.function.as_str(), call.distinct), ("count", true));
        assert_eq!(call.arguments, [Argument::Expression("customer".to_owned())]);
        assert_eq!(Call::parse("count(*)").unwrap().arguments, [Argument::Star]);
        assert!(Call::parse("seconds_since_last()").unwrap().arguments.is_empty());
    }

    #[test]
    fn what_is_no_call_is_refused_by_name() {
        assert!(Call::parse("a + 1").unwrap_err().to_string().contains("one call"));
        assert!(Call::parse("sum(x) over ()").unwrap_err().to_string().contains("a window function"));
    }
}
