//! What was seen of the values of each column while they were written: enough to know, without a query,
//! that none is absent or out of range.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use arrow::record_batch::RecordBatch;

/// Of every column, by name.
#[derive(Debug, Clone, Default)]
pub struct Facts(Vec<(String, ColumnFacts)>);

/// Of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnFacts {
    /// Absent values.
    pub nulls: u64,
    /// Smallest and largest value of a column of numbers; NaN if there is one. None if there is no value, or
    /// the column has no numbers.
    pub range: Option<(f64, f64)>,
}

impl Facts {
    /// Of no rows.
    pub(super) fn of(columns: &SchemaRef) -> Self {
        let none = ColumnFacts { nulls: 0, range: None };
        Self(columns.fields().iter().map(|field| (field.name().clone(), none)).collect())
    }

    /// Of the rows of a batch.
    pub(super) fn seen(batch: &RecordBatch) -> Self {
        let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
        Self(names.zip(batch.columns().iter().map(ColumnFacts::seen)).collect())
    }

    /// Adds those of further rows of the same columns.
    pub(super) fn add(&mut self, other: &Self) {
        for ((_, facts), (_, further)) in self.0.iter_mut().zip(&other.0) {
            facts.nulls += further.nulls;
            facts.range = match (facts.range, further.range) {
                (Some(a), Some(b)) => Some((least(a.0, b.0), most(a.1, b.1))),
                (a, b) => a.or(b),
            };
        }
    }

    /// Of a column.
    pub fn column(&self, name: &str) -> Option<ColumnFacts> {
        self.0.iter().find(|(column, _)| column == name).map(|(_, facts)| *facts)
    }
}

impl ColumnFacts {
    fn seen(values: &ArrayRef) -> Self {
        let range = match values.data_type() {
            DataType::Float64 => {
                let values = values.as_primitive::<Float64Type>();
                // The largest of all in the order of bits is NaN if there is one.
                min(values)
                    .zip(max(values))
                    .map(|(low, high)| if high.is_nan() { (high, high) } else { (low, high) })
            }
            DataType::Int64 => {
                let values = values.as_primitive::<Int64Type>();
                min(values).zip(max(values)).map(|(low, high)| (low as f64, high as f64))
            }
            _ => None,
        };
        Self { nulls: values.null_count() as u64, range }
    }

    /// Whether every value is known to be a number within the bounds.
    pub fn is_within(&self, low: Option<f64>, high: Option<f64>, rows: u64) -> bool {
        match self.range {
            None => self.nulls == rows,
            Some((least, most)) => {
                !least.is_nan()
                    && !most.is_nan()
                    && low.is_none_or(|low| least >= low)
                    && high.is_none_or(|high| most <= high)
            }
        }
    }
}

/// NaN stays.
fn least(a: f64, b: f64) -> f64 {
    if a.is_nan() || a < b { a } else { b }
}

fn most(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn batch(x: Vec<Option<f64>>) -> RecordBatch {
        let rows = x.len();
        RecordBatch::try_from_iter_with_nullable([
            ("x", Arc::new(Float64Array::from(x)) as ArrayRef, true),
            ("n", Arc::new(Int64Array::from_iter_values(0..rows as i64)) as ArrayRef, true),
            ("t", Arc::new(StringArray::from_iter_values((0..rows).map(|_| "t"))) as ArrayRef, true),
        ])
        .unwrap()
    }

    proptest! {
        #[test]
        fn facts_are_those_of_all_rows(
            parts in prop::collection::vec(
                prop::collection::vec(prop::option::of(prop_oneof![9 => -2.0..2.0, 1 => Just(f64::NAN), 1 => Just(-f64::NAN)]), 0..5),
                1..5,
            ),
        ) {
            let mut facts = Facts::of(&batch(vec![]).schema());
            for part in &parts {
                facts.add(&Facts::seen(&batch(part.clone())));
            }
            let all: Vec<Option<f64>> = parts.concat();
            let x = facts.column("x").unwrap();
            prop_assert_eq!(x.nulls, all.iter().filter(|v| v.is_none()).count() as u64);
            for (low, high) in [(None, None), (Some(-1.0), None), (None, Some(1.0)), (Some(-1.5), Some(1.5))] {
                let ok = |v: f64| !v.is_nan() && low.is_none_or(|l| v >= l) && high.is_none_or(|h| v <= h);
                prop_assert_eq!(x.is_within(low, high, all.len() as u64), all.iter().flatten().all(|v| ok(*v)));
            }
        }
    }
}
