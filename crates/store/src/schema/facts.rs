//! What was seen of the values of each column while they were written: enough to know, without a query,
//! that none is absent, out of range, or none of those that are allowed.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use super::table::TableSchema;

/// Of every column, by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Facts(Vec<(String, ColumnFacts)>);

/// Of one column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ColumnFacts {
    /// Absent values.
    pub nulls: u64,
    /// Smallest and largest value of a column of numbers; NaN if there is one. None if there is no value, or
    /// the column has no numbers.
    #[serde(with = "bits")]
    pub range: Option<(f64, f64)>,
    /// Whether every value is known to be one of those its schema lists.
    pub is_listed: bool,
}

/// The values that schemas allow, by place of the column; none where they list none, and for columns that
/// come after the last.
#[derive(Debug, Default)]
pub struct Lists(Vec<Option<Vec<String>>>);

impl Lists {
    /// Of the columns of a table.
    pub fn of(schema: &TableSchema, columns: &SchemaRef) -> Self {
        let list = |name: &str| schema.column(name).and_then(|column| column.values.clone());
        Self(columns.fields().iter().map(|field| list(field.name())).collect())
    }

    fn column(&self, place: usize) -> Option<&[String]> {
        self.0.get(place)?.as_deref()
    }
}

impl Facts {
    /// Of no rows.
    pub fn of(columns: &SchemaRef) -> Self {
        let none = ColumnFacts { nulls: 0, range: None, is_listed: true };
        Self(columns.fields().iter().map(|field| (field.name().clone(), none)).collect())
    }

    /// Of the rows of a batch.
    pub fn seen(batch: &RecordBatch, lists: &Lists) -> Self {
        let names = batch.schema_ref().fields().iter().map(|field| field.name().clone());
        let columns = batch.columns().iter().enumerate();
        Self(
            names
                .zip(columns.map(|(place, values)| ColumnFacts::seen(values, lists.column(place))))
                .collect(),
        )
    }

    /// Adds those of further rows of the same columns.
    pub fn add(&mut self, other: &Self) {
        for ((_, facts), (_, further)) in self.0.iter_mut().zip(&other.0) {
            facts.nulls += further.nulls;
            facts.range = match (facts.range, further.range) {
                (Some(a), Some(b)) => Some((least(a.0, b.0), most(a.1, b.1))),
                (a, b) => a.or(b),
            };
            facts.is_listed &= further.is_listed;
        }
    }

    /// Of a column.
    pub fn column(&self, name: &str) -> Option<ColumnFacts> {
        self.0.iter().find(|(column, _)| column == name).map(|(_, facts)| *facts)
    }
}

impl ColumnFacts {
    fn seen(values: &ArrayRef, list: Option<&[String]>) -> Self {
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
        let is_listed = list.is_some_and(|list| all_listed(values, list));
        Self { nulls: values.null_count() as u64, range, is_listed }
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

/// Whether all values of a column of text are in a list, which has a few. Null is no value.
fn all_listed(values: &ArrayRef, list: &[String]) -> bool {
    let is_in = |value: &str| list.iter().any(|allowed| allowed == value);
    values.as_string_opt::<i32>().is_some_and(|texts| texts.iter().flatten().all(is_in))
}

/// NaN stays.
fn least(a: f64, b: f64) -> f64 {
    if a.is_nan() || a < b { a } else { b }
}

fn most(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// Numbers as their bits: JSON knows no NaN.
mod bits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature serde asks for")]
    pub(super) fn serialize<S: Serializer>(range: &Option<(f64, f64)>, to: S) -> Result<S::Ok, S::Error> {
        range.map(|(least, most)| (least.to_bits(), most.to_bits())).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<(f64, f64)>, D::Error> {
        let range = Option::<(u64, u64)>::deserialize(from)?;
        Ok(range.map(|(least, most)| (f64::from_bits(least), f64::from_bits(most))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::from_yaml;
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
                facts.add(&Facts::seen(&batch(part.clone()), &Lists::default()));
            }
            let all: Vec<Option<f64>> = parts.concat();
            let x = facts.column("x").unwrap();
            prop_assert_eq!(x.nulls, all.iter().filter(|v| v.is_none()).count() as u64);
            for (low, high) in [(None, None), (Some(-1.0), None), (None, Some(1.0)), (Some(-1.5), Some(1.5))] {
                let ok = |v: f64| !v.is_nan() && low.is_none_or(|l| v >= l) && high.is_none_or(|h| v <= h);
                prop_assert_eq!(x.is_within(low, high, all.len() as u64), all.iter().flatten().all(|v| ok(*v)));
            }
        }

        #[test]
        fn a_column_is_listed_if_every_value_is_in_the_list(
            parts in prop::collection::vec(
                prop::collection::vec(prop::option::of(prop_oneof![9 => Just("a"), 9 => Just("b"), 1 => Just("c")]), 0..5),
                1..5,
            ),
        ) {
            let batch = |part: &[Option<&str>]| {
                let texts = || Arc::new(part.iter().copied().collect::<StringArray>()) as ArrayRef;
                RecordBatch::try_from_iter_with_nullable([("free", texts(), true), ("t", texts(), true)]).unwrap()
            };
            let schema: TableSchema = from_yaml(
                "table: t\nversion: 1\ndescription: d\ncolumns: [{name: t, type: text, values: [a, b]}]\n",
            ).unwrap();
            let columns = batch(&[]).schema();
            let lists = Lists::of(&schema, &columns);
            let mut facts = Facts::of(&columns);
            for part in &parts {
                facts.add(&Facts::seen(&batch(part), &lists));
            }
            let all_allowed = !parts.concat().contains(&Some("c"));
            prop_assert_eq!(facts.column("t").unwrap().is_listed, all_allowed);
            prop_assert!(!facts.column("free").unwrap().is_listed);
        }
    }
}
