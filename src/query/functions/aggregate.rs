//! Aggregates that need all values of a group at once.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

/// What is computed of the values; nulls are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Statistic {
    /// See [`crate::stats::wilcoxon_signed_rank`].
    WilcoxonP,
    /// See [`crate::stats::hodges_lehmann`].
    HodgesLehmann,
}

impl Statistic {
    fn of(self, values: &[f64]) -> Option<f64> {
        match self {
            Self::WilcoxonP => crate::stats::wilcoxon_signed_rank(values).map(|test| test.p),
            Self::HodgesLehmann => crate::stats::hodges_lehmann(values),
        }
    }
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
        match self.statistic {
            Statistic::WilcoxonP => "wilcoxon_p",
            Statistic::HodgesLehmann => "hodges_lehmann",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(super::as_doubles(types))
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        super::one_number(self.name(), &types.iter().collect::<Vec<_>>())?;
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true)));
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "values"), list, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Collected { statistic: self.statistic, distinct: args.is_distinct, values: Vec::new() }))
    }
}

/// Collects the values: both statistics need their ranks.
#[derive(Debug)]
struct Collected {
    statistic: Statistic,
    distinct: bool,
    values: Vec<f64>,
}

impl Accumulator for Collected {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.extend(values[0].as_primitive::<Float64Type>().iter().flatten());
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.values.extend(values.as_primitive::<Float64Type>().iter().flatten());
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = self.values.iter().map(|v| ScalarValue::from(*v)).collect();
        let list = ScalarValue::new_list_nullable(&values, &DataType::Float64);
        Ok(vec![ScalarValue::List(list)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.distinct {
            self.values.sort_unstable_by(f64::total_cmp);
            self.values.dedup();
        }
        Ok(ScalarValue::Float64(self.statistic.of(&self.values)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }
}
