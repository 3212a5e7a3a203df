//! Functions that differ from the engine's.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The square root; of a negative number there is none, as there is no logarithm: a missing value.
///
/// The engine's own fails with all rows of the user.
pub(super) fn root() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Root {
        signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Root {
    signature: Signature,
}

impl ScalarUDFImpl for Root {
    fn name(&self) -> &'static str {
        "sqrt"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [of] = take_function_args(self.name(), args.args)?;
        let of = of.into_array(rows)?;
        let roots: Float64Array =
            of.as_primitive::<Float64Type>().unary_opt(|x| (x >= 0.0).then(|| x.sqrt()));
        Ok(ColumnarValue::Array(Arc::new(roots) as ArrayRef))
    }
}
