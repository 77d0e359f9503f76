//! A planned expression: its type, what it reads, and its values over a batch or over one row.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::Column;

use crate::{ColumnType, Columns, EvaluateError, ExprError, Scalar, plan, syntax};

/// Parsed once against `Columns`, evaluated over batches of exactly that schema.
#[derive(Clone)]
pub struct Expression {
    sql: String,
    schema: SchemaRef,
    plan: Arc<dyn PhysicalExpr>,
    output: ColumnType,
    reads: Vec<String>,
}

impl Expression {
    /// Parses, checks and plans `sql`. A bare `null` counts as text.
    pub fn parse(sql: &str, columns: &Columns) -> Result<Self, ExprError> {
        let planned = syntax::on_own_stack(|| plan::plan(&syntax::parse(sql)?, columns))?;
        Ok(Self {
            sql: sql.to_owned(),
            schema: Arc::clone(columns.schema()),
            plan: planned.physical,
            output: planned.output,
            reads: planned.reads,
        })
    }

    /// Like `parse`, for a condition: anything but a truth value is an error.
    pub fn condition(sql: &str, columns: &Columns) -> Result<Self, ExprError> {
        let expression = Self::parse(sql, columns)?;
        if expression.output == ColumnType::Bool {
            return Ok(expression);
        }
        Err(ExprError::Mismatch {
            place: sql.to_owned(),
            expected: ColumnType::Bool.to_string(),
            found: expression.output.to_string(),
        })
    }

    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    #[must_use]
    pub const fn output_type(&self) -> ColumnType {
        self.output
    }

    /// Names of the columns it reads, sorted, each once.
    #[must_use]
    pub fn reads(&self) -> &[String] {
        &self.reads
    }

    /// The one column that it reads, where it is no more than the name of it.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.plan.downcast_ref::<Column>().map(Column::name)
    }

    /// One value a row, as an array of `output_type().arrow()`. A row whose value cannot be computed is null and
    /// disturbs no other row.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef, EvaluateError> {
        self.check(batch)?;
        if let Some(values) = self.attempt(batch) {
            return Ok(values);
        }
        let rows: Vec<ArrayRef> = (0..batch.num_rows()).map(|row| self.one(&batch.slice(row, 1))).collect();
        let rows: Vec<&dyn Array> = rows.iter().map(AsRef::as_ref).collect();
        concat(&rows).map_err(|error| EvaluateError::Schema { reason: error.to_string() })
    }

    /// The value over a batch of one row, as `Columns::row` makes it.
    pub fn value(&self, row: &RecordBatch) -> Result<Scalar, EvaluateError> {
        self.check(row)?;
        if row.num_rows() != 1 {
            return Err(EvaluateError::Schema { reason: format!("expected one row, found {}", row.num_rows()) });
        }
        Ok(Scalar::at(&self.one(row), 0))
    }

    /// A condition over a batch of one row: true, false, or `None` for unknown (also when it is no condition).
    pub fn holds(&self, row: &RecordBatch) -> Result<Option<bool>, EvaluateError> {
        self.value(row).map(|value| if let Scalar::Bool(holds) = value { Some(holds) } else { None })
    }

    fn attempt(&self, batch: &RecordBatch) -> Option<ArrayRef> {
        self.plan.evaluate(batch).and_then(|value| value.into_array(batch.num_rows())).ok()
    }

    fn one(&self, row: &RecordBatch) -> ArrayRef {
        self.attempt(row).unwrap_or_else(|| new_null_array(&self.output.arrow(), 1))
    }

    fn check(&self, batch: &RecordBatch) -> Result<(), EvaluateError> {
        if Arc::ptr_eq(batch.schema_ref(), &self.schema) || batch.schema_ref().fields() == self.schema.fields() {
            return Ok(());
        }
        let differs =
            self.schema.fields().iter().zip(batch.schema_ref().fields()).find(|(ours, theirs)| ours != theirs);
        let reason = match differs {
            Some((ours, theirs)) => format!("expected `{}`, found `{}`", ours.name(), theirs.name()),
            None => format!("expected {} columns, found {}", self.schema.fields().len(), batch.num_columns()),
        };
        Err(EvaluateError::Schema { reason })
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expression").field("sql", &self.sql).field("output", &self.output).finish_non_exhaustive()
    }
}
