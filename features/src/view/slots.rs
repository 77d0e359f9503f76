//! The values that the aggregates of a view take from each row, each expression once.

use weir_expr::{ColumnType, Columns, Expression};

use super::error::Fault;

#[derive(Debug)]
pub(crate) struct Slots<'a> {
    columns: &'a Columns,
    expressions: Vec<Expression>,
}

impl<'a> Slots<'a> {
    pub(crate) const fn over(columns: &'a Columns) -> Self {
        Self { columns, expressions: Vec::new() }
    }

    /// Where the value of `sql` is kept, and its type.
    pub(crate) fn value(&mut self, sql: &str) -> Result<(usize, ColumnType), Fault> {
        if let Some(at) = self.expressions.iter().position(|expression| expression.sql() == sql) {
            return Ok((at, self.expressions[at].output_type()));
        }
        let expression = Expression::parse(sql, self.columns)?;
        let output = expression.output_type();
        self.expressions.push(expression);
        Ok((self.expressions.len() - 1, output))
    }

    pub(super) fn reads(&self) -> impl Iterator<Item = &String> {
        self.expressions.iter().flat_map(Expression::reads)
    }

    pub(super) fn finish(self) -> Vec<Expression> {
        self.expressions
    }
}
