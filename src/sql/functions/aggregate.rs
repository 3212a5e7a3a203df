//! Aggregates that need all values of a group at once.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::arguments::{as_doubles, one_number};

/// What is computed of the values; nulls are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Statistic {
    /// See [`results_numerics::numerics::stats::wilcoxon_signed_rank`].
    WilcoxonP,
    /// The same, one-sided: whether values lie above 0.
    WilcoxonGreaterP,
    /// See [`results_numerics::numerics::stats::hodges_lehmann`].
    HodgesLehmann,
    /// See [`results_numerics::numerics::stats::hodges_lehmann_interval`]: a list of two.
    HodgesLehmannInterval,
    /// See [`results_numerics::numerics::stats::ks_uniform`].
    KsUniform,
}

impl Statistic {
    pub(super) const ALL: [Self; 5] = [
        Self::WilcoxonP,
        Self::WilcoxonGreaterP,
        Self::HodgesLehmann,
        Self::HodgesLehmannInterval,
        Self::KsUniform,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::WilcoxonP => "wilcoxon_p",
            Self::WilcoxonGreaterP => "wilcoxon_greater_p",
            Self::HodgesLehmann => "hodges_lehmann",
            Self::HodgesLehmannInterval => "hodges_lehmann_interval",
            Self::KsUniform => "ks_uniform",
        }
    }

    fn of(self, values: &[f64]) -> ScalarValue {
        match self {
            Self::WilcoxonP => ScalarValue::Float64(
                results_numerics::numerics::stats::wilcoxon_signed_rank(values).map(|test| test.p),
            ),
            Self::WilcoxonGreaterP => ScalarValue::Float64(
                results_numerics::numerics::stats::wilcoxon_signed_rank(values).map(|test| test.p_greater),
            ),
            Self::HodgesLehmann => {
                ScalarValue::Float64(results_numerics::numerics::stats::hodges_lehmann(values))
            }
            Self::HodgesLehmannInterval => {
                // Resamples depend on the values alone, so that the same table gives the same interval.
                let interval = results_numerics::numerics::stats::hodges_lehmann_interval(
                    values,
                    0,
                    "hodges_lehmann_interval",
                );
                list(interval.map(|(low, high)| vec![low, high]))
            }
            Self::KsUniform => ScalarValue::Float64(results_numerics::numerics::stats::ks_uniform(values)),
        }
    }

    fn kind(self) -> DataType {
        match self {
            Self::WilcoxonP | Self::WilcoxonGreaterP | Self::HodgesLehmann | Self::KsUniform => {
                DataType::Float64
            }
            Self::HodgesLehmannInterval => list_type(),
        }
    }
}

/// The type of a list of numbers.
pub(super) fn list_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true)))
}

/// One list of numbers, or null.
pub(super) fn list(values: Option<Vec<f64>>) -> ScalarValue {
    let nulls = NullBuffer::from(vec![values.is_some()]);
    let values = values.unwrap_or_default();
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    let field = Arc::new(Field::new_list_field(DataType::Float64, true));
    let values = Arc::new(Float64Array::from(values));
    ScalarValue::List(Arc::new(ListArray::new(field, offsets, values, Some(nulls))))
}

/// An aggregate function of one column of numbers.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct OfValues {
    statistic: Statistic,
    signature: Signature,
}

impl OfValues {
    pub(super) fn new(statistic: Statistic) -> Self {
        Self { statistic, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for OfValues {
    fn name(&self) -> &'static str {
        self.statistic.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(as_doubles(types))
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        one_number(self.name(), &types.iter().collect::<Vec<_>>())?;
        Ok(self.statistic.kind())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "values"), list_type(), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Collected { statistic: self.statistic, distinct: args.is_distinct, values: Vec::new() }))
    }
}

/// A number, unless it is NaN or infinite.
pub(super) fn finite(function: &str, value: f64) -> Result<f64> {
    if value.is_nan() {
        return exec_err!(
            "{function} takes numbers, and one is NaN\n(hint: WHERE NOT isnan(x), or nanvl(x, NULL), leaves them out)"
        );
    }
    if value.is_infinite() {
        return exec_err!(
            "{function} takes numbers, and one is infinite\n\
             (hint: WHERE abs(x) < CAST('inf' AS DOUBLE) leaves such rows out)"
        );
    }
    Ok(value)
}

/// Collects the values: all statistics need their ranks.
#[derive(Debug)]
struct Collected {
    statistic: Statistic,
    distinct: bool,
    values: Vec<f64>,
}

impl Accumulator for Collected {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<Float64Type>().iter().flatten() {
            let value = finite(self.statistic.name(), value)?;
            if self.statistic == Statistic::KsUniform && !(0.0..=1.0).contains(&value) {
                return exec_err!(
                    "ks_uniform takes p-values, and {value} is not between 0 and 1\n\
                     (hint: a condition that leaves such rows out, or the column that has p)"
                );
            }
            self.values.push(value);
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let gone = values[0].len() - values[0].null_count();
        self.values.drain(..gone.min(self.values.len()));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.values.extend(values.as_primitive::<Float64Type>().iter().flatten());
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![list(Some(std::mem::take(&mut self.values)))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.distinct {
            let mut values = self.values.clone();
            values.sort_unstable_by(f64::total_cmp);
            values.dedup();
            return Ok(self.statistic.of(&values));
        }
        Ok(self.statistic.of(&self.values))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }
}
