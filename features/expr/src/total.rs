//! An operation that fails on a row, such as an overflow, is null in that row, and all that stands around it sees the null:
//! `coalesce(m + 1, 0)` is 0 where `m + 1` has no value.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Schema};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Operator};
use datafusion_physical_expr::expressions::{BinaryExpr, CastExpr, NegativeExpr, TryCastExpr};
use datafusion_physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use crate::finite;

/// `operation`, made total where it may fail. Its operands are total already.
pub(crate) fn total(operation: Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
    if may_fail(operation.as_ref()) { Arc::new(Total { operation }) } else { operation }
}

fn may_fail(operation: &dyn PhysicalExpr) -> bool {
    if let Some(binary) = operation.downcast_ref::<BinaryExpr>() {
        let op = *binary.op();
        return op.is_numerical_operators() || op == Operator::StringConcat;
    }
    let function = operation.downcast_ref::<ScalarFunctionExpr>();
    function.is_some_and(|function| function.name() != finite::NAME)
        || operation.downcast_ref::<CastExpr>().is_some()
        || operation.downcast_ref::<TryCastExpr>().is_some()
        || operation.downcast_ref::<NegativeExpr>().is_some()
}

#[derive(Debug, Eq)]
struct Total {
    operation: Arc<dyn PhysicalExpr>,
}

impl PartialEq for Total {
    fn eq(&self, other: &Self) -> bool {
        self.operation.eq(&other.operation)
    }
}

impl Hash for Total {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.operation.hash(state);
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)
    }
}

impl PhysicalExpr for Total {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.operation.data_type(schema)
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let rows = match self.operation.evaluate(batch) {
            Ok(values) => return Ok(values),
            Err(_) => batch.num_rows(),
        };
        let null = new_null_array(&self.data_type(batch.schema_ref())?, 1);
        if rows < 2 {
            return Ok(ColumnarValue::Array(null.slice(0, rows)));
        }
        let each = (0..rows).map(|row| {
            let value = self.operation.evaluate(&batch.slice(row, 1)).and_then(|value| value.into_array(1));
            value.unwrap_or_else(|_| Arc::clone(&null))
        });
        let each: Vec<ArrayRef> = each.collect();
        let each: Vec<&dyn Array> = each.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&each)?))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.operation]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let operation = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.operation));
        Ok(Arc::new(Self { operation }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operation.fmt_sql(f)
    }
}
