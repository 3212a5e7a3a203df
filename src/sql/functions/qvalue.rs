//! Correction for multiple testing as window functions.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDFImpl};

use super::arguments::{as_doubles, one_number};

/// How p-values become q-values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Correction {
    /// See [`results_numerics::numerics::stats::benjamini_hochberg`].
    BenjaminiHochberg,
    /// See [`results_numerics::numerics::stats::benjamini_yekutieli`].
    BenjaminiYekutieli,
}

impl Correction {
    fn name(self) -> &'static str {
        match self {
            Self::BenjaminiHochberg => "bh_qvalue",
            Self::BenjaminiYekutieli => "by_qvalue",
        }
    }
}

/// `bh_qvalue` or `by_qvalue`: the q-value of each row among all rows of its partition.
///
/// An `ORDER BY` or a frame within `OVER` changes nothing: the family is always the whole partition.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct QValue {
    correction: Correction,
    signature: Signature,
}

impl QValue {
    pub(super) fn new(correction: Correction) -> Self {
        Self { correction, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl WindowUDFImpl for QValue {
    fn name(&self) -> &'static str {
        self.correction.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(as_doubles(types))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        let types: Vec<&DataType> = args.input_fields().iter().map(|f| f.data_type()).collect();
        one_number(self.name(), &types)?;
        Ok(Arc::new(Field::new(args.name(), DataType::Float64, true)))
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Family(self.correction)))
    }
}

/// The rows of a partition are one family of tests.
#[derive(Debug)]
struct Family(Correction);

impl PartitionEvaluator for Family {
    fn evaluate_all(&mut self, values: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        let p: Vec<Option<f64>> = values[0].as_primitive::<Float64Type>().iter().collect();
        if let Some(p) = p.iter().flatten().find(|p| !(0.0..=1.0).contains(*p)) {
            return exec_err!(
                "{} takes p-values, and {p} is not between 0 and 1\n(hint: a condition that leaves such rows out, or the column that has p)",
                self.0.name()
            );
        }
        let q = match self.0 {
            Correction::BenjaminiHochberg => results_numerics::numerics::stats::benjamini_hochberg(&p),
            Correction::BenjaminiYekutieli => results_numerics::numerics::stats::benjamini_yekutieli(&p),
        };
        Ok(Arc::new(Float64Array::from(q)))
    }
}
