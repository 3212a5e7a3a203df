//! The exact interval of a share, end by end.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use results_numerics::numerics::stats::clopper_pearson;

/// Level of the interval.
const LEVEL: f64 = 0.95;

/// Makes the functions known to a session.
pub(super) fn register(ctx: &SessionContext) {
    end(ctx, "clopper_pearson_low", |(low, _)| low);
    end(ctx, "clopper_pearson_high", |(_, high)| high);
}

/// A function of hits and trials; null where there is no share.
fn end(ctx: &SessionContext, name: &str, which: fn((f64, f64)) -> f64) {
    let work = move |args: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let (hits, trials) = (arrays[0].as_primitive::<Int64Type>(), arrays[1].as_primitive::<Int64Type>());
        let one = |hits: Option<i64>, trials: Option<i64>| {
            clopper_pearson(u64::try_from(hits?).ok()?, u64::try_from(trials?).ok()?, LEVEL).map(which)
        };
        let ends: Float64Array =
            hits.iter().zip(trials.iter()).map(|(hits, trials)| one(hits, trials)).collect();
        Ok(ColumnarValue::Array(Arc::new(ends) as ArrayRef))
    };
    let types = vec![DataType::Int64, DataType::Int64];
    ctx.register_udf(create_udf(name, types, DataType::Float64, Volatility::Immutable, Arc::new(work)));
}
