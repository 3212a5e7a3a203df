//! SQL functions of the field.
//!
//! | function | gives |
//! |---|---|
//! | `wilcoxon_p(x)` | two-sided p of the Wilcoxon signed-rank test that `x` is symmetric about 0; null for fewer than 3 values |
//! | `wilcoxon_greater_p(x)` | the same, one-sided: that `x` does not lie above 0 |
//! | `hodges_lehmann(x)` | the Hodges–Lehmann estimate of where `x` lies, the median of its Walsh averages |
//! | `hodges_lehmann_interval(x)` | its 95 % bootstrap interval, a list of two; null for fewer than 2 values |
//! | `signed_ranks(x)` | a list of median, p of the signed-rank test, its one-sided p, Hodges–Lehmann estimate and both ends of its interval; of many values few are in memory |
//! | `bh_qvalue(p) OVER (…)` | Benjamini–Hochberg q-values over the partition |
//! | `by_qvalue(p) OVER (…)` | Benjamini–Yekutieli q-values over the partition |
//! | `ks_uniform(p)` | Kolmogorov–Smirnov distance of `p` from uniform |
//! | `clopper_pearson_low(k, n)`, `clopper_pearson_high(k, n)` | the ends of the exact 95 % interval of the share `k / n` |
//! | `harmonic(n)` | 1 + 1/2 + … + 1/n, the factor of Benjamini–Yekutieli |

mod aggregate;
mod arguments;
mod around;
mod fold;
mod frames;
mod growing;
mod mended;
mod moving;
mod qvalue;
mod ranked;
mod rounded;
mod shares;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{AggregateUDF, ColumnarValue, Volatility, WindowUDF, create_udf};

use aggregate::{OfValues, Statistic};
use qvalue::{Correction, QValue};
use ranked::SignedRanks;

/// Makes the functions known to a session.
pub(super) fn register(ctx: &SessionContext, memory: Option<u64>) {
    mended::register(ctx);
    growing::register(ctx, memory);
    rounded::register(ctx);
    for statistic in Statistic::ALL {
        ctx.register_udaf(AggregateUDF::from(OfValues::new(statistic)));
    }
    ctx.register_udaf(AggregateUDF::from(SignedRanks::new()));
    shares::register(ctx);
    for correction in [Correction::BenjaminiHochberg, Correction::BenjaminiYekutieli] {
        ctx.register_udwf(WindowUDF::from(QValue::new(correction)));
    }
    ctx.register_udf(create_udf(
        "harmonic",
        vec![DataType::Int64],
        DataType::Float64,
        Volatility::Immutable,
        Arc::new(|args: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(args)?;
            let n = arrays[0].as_primitive::<Int64Type>();
            let sums: Float64Array = n.iter().map(|n| n.filter(|n| *n >= 0).map(harmonic)).collect();
            Ok(ColumnarValue::Array(Arc::new(sums) as ArrayRef))
        }),
    ));
}

/// 1 + 1/2 + … + 1/n. Beyond what can be added in no time, what it comes to is as near as doubles are.
fn harmonic(n: i64) -> f64 {
    const ADDED: i64 = 10_000_000;
    if n <= ADDED {
        // An empty sum of floats is -0.0.
        return (1..=n).rev().map(|i| 1.0 / i as f64).sum::<f64>() + 0.0;
    }
    let n = n as f64;
    n.ln() + std::f64::consts::EULER_GAMMA + 0.5 / n
}
