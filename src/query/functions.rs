//! SQL functions of the field.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{Accumulator, ColumnarValue, Volatility, create_udaf, create_udf};

/// Makes the functions known to a session.
///
/// - `wilcoxon_p(x)`: two-sided p of the Wilcoxon signed-rank test that `x` is symmetric about 0;
///   null for fewer than 3 values.
/// - `harmonic(n)`: 1 + 1/2 + … + 1/n, the factor of Benjamini–Yekutieli.
pub(super) fn register(ctx: &SessionContext) {
    ctx.register_udaf(create_udaf(
        "wilcoxon_p",
        vec![DataType::Float64],
        Arc::new(DataType::Float64),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::new(Wilcoxon::default()))),
        Arc::new(vec![DataType::List(Arc::new(arrow::datatypes::Field::new_list_field(
            DataType::Float64,
            true,
        )))]),
    ));
    ctx.register_udf(create_udf(
        "harmonic",
        vec![DataType::Int64],
        DataType::Float64,
        Volatility::Immutable,
        Arc::new(|args: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(args)?;
            let n = arrays[0].as_primitive::<Int64Type>();
            let sums: Float64Array =
                n.iter().map(|n| n.map(|n| (1..=n).rev().map(|i| 1.0 / i as f64).sum::<f64>())).collect();
            Ok(ColumnarValue::Array(Arc::new(sums) as ArrayRef))
        }),
    ));
}

/// Collects the values: the test needs their ranks.
#[derive(Debug, Default)]
struct Wilcoxon(Vec<f64>);

impl Accumulator for Wilcoxon {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.extend(values[0].as_primitive::<Float64Type>().iter().flatten());
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.0.extend(values.as_primitive::<Float64Type>().iter().flatten());
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = self.0.iter().map(|v| ScalarValue::from(*v)).collect();
        let list = ScalarValue::new_list_nullable(&values, &DataType::Float64);
        Ok(vec![ScalarValue::List(list)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(crate::stats::wilcoxon_signed_rank(&self.0).map(|test| test.p)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.capacity() * size_of::<f64>()
    }
}
