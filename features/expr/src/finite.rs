//! `finite(x)`: x, or null where x is infinite or undefined. Put around everything that can make such a number.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, Float64Array};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

pub(crate) const NAME: &str = "finite";

static FINITE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Arc::new(ScalarUDF::from(Finite { signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable) }))
});

pub(crate) fn finite(number: Expr) -> Expr {
    FINITE.call(vec![number])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Finite {
    signature: Signature,
}

impl ScalarUDFImpl for Finite {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.first() {
            Some(ColumnarValue::Scalar(ScalarValue::Float64(number))) => {
                Ok(ColumnarValue::Scalar(ScalarValue::Float64(number.filter(|number| number.is_finite()))))
            }
            Some(ColumnarValue::Array(array)) => {
                let Some(numbers) = array.as_any().downcast_ref::<Float64Array>() else {
                    return exec_err!("finite takes doubles, found {}", array.data_type());
                };
                if numbers.iter().flatten().all(f64::is_finite) {
                    return Ok(ColumnarValue::Array(Arc::clone(array)));
                }
                let kept: Float64Array =
                    numbers.iter().map(|number| number.filter(|number| number.is_finite())).collect();
                Ok(ColumnarValue::Array(Arc::new(kept)))
            }
            Some(ColumnarValue::Scalar(_)) | None => exec_err!("finite takes one double"),
        }
    }
}
