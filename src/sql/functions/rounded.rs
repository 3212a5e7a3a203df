//! `round` and `trunc` to more digits than a number has.
//!
//! The engine multiplies by a power of ten, works on that, and divides: of 2.5 and 308 digits comes infinity, of 400 NaN. A
//! number that is not finite once it is multiplied has no such digits, and is itself.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::around::{self, Work};
use crate::sql::guard::too_large;

/// Puts both in the place of the engine's.
pub(super) fn register(ctx: &SessionContext) {
    for name in ["round", "trunc"] {
        around::register(ctx, name, Digits);
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Digits;

impl Work for Digits {
    fn call(&self, engine: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kind = args.return_field.data_type().clone();
        let [value, digits] = args.args.as_slice() else { return engine.invoke_with_args(args) };
        if !kind.is_floating() {
            return engine.invoke_with_args(args);
        }
        let (value, digits, rows) = (value.clone(), digits.clone(), args.number_rows);
        match engine.invoke_with_args(args)? {
            ColumnarValue::Scalar(made) => {
                let (value, digits) = (value.into_array(1)?, digits.into_array(1)?);
                let made = finite(&made.to_array()?, &value, &digits, &kind)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?))
            }
            ColumnarValue::Array(made) => {
                let (value, digits) = (value.into_array(rows)?, digits.into_array(rows)?);
                Ok(ColumnarValue::Array(finite(&made, &value, &digits, &kind)?))
            }
        }
    }
}

/// What was made of values, with those right of which something came that is no number.
fn finite(made: &ArrayRef, of: &ArrayRef, digits: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    let wide = cast(made, &DataType::Float64)?;
    let wide = wide.as_primitive::<Float64Type>();
    if wide.iter().flatten().all(f64::is_finite) {
        return Ok(Arc::clone(made));
    }
    let (of, digits) = (cast(of, &DataType::Float64)?, cast(digits, &DataType::Int64)?);
    let (of, digits) = (of.as_primitive::<Float64Type>(), digits.as_primitive::<Int64Type>());
    // Half of the next power of ten is more than any number of the kind.
    let most = if *kind == DataType::Float32 { 38 } else { 308 };
    let one = |row: usize| -> Result<Option<f64>> {
        if wide.is_null(row) {
            return Ok(None);
        }
        let (made, value) = (wide.value(row), of.value(row));
        if made.is_finite() {
            return Ok(Some(made));
        }
        if !value.is_finite() {
            return Ok(Some(value));
        }
        match digits.value(row) {
            1.. => Ok(Some(value)),
            digits if digits < -most => Ok(Some(0.0)),
            digits => Err(too_large(&format!("{value:e}, rounded to {digits} digits,"))),
        }
    };
    let right = (0..wide.len()).map(one).collect::<Result<Float64Array>>()?;
    Ok(cast(&(Arc::new(right) as ArrayRef), kind)?)
}
