//! Sums that do not wrap, and extremes with one place for NaN.
//!
//! Whole numbers are added in 128 bits and looked at when they are done, so that the order of rows does not decide
//! whether a sum fits. NaN is larger than every number, as in sorting.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int64Array,
    UInt64Array,
};
use arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::sql::guard::too_large;

/// How values come together.
pub(super) trait Fold: Debug + Send + Sync + 'static {
    /// What is kept of them.
    type Value: Copy + Debug + Send + Sync + 'static;

    fn join(old: Self::Value, new: Self::Value) -> Self::Value;

    /// Reads the values of a column by place.
    fn read(array: &ArrayRef) -> Result<Box<dyn Fn(usize) -> Self::Value + '_>>;

    /// A column of a type.
    fn write(kind: &DataType, values: Vec<Option<Self::Value>>) -> Result<ArrayRef>;
}

/// The sum of whole numbers or decimals.
#[derive(Debug)]
pub(super) struct Sum;

/// The largest of numbers.
#[derive(Debug)]
pub(super) struct Largest;

/// The smallest of numbers.
#[derive(Debug)]
pub(super) struct Smallest;

impl Fold for Sum {
    type Value = i128;

    fn join(old: i128, new: i128) -> i128 {
        // What is beyond 128 bits is beyond the precision of every type.
        old.saturating_add(new)
    }

    fn read(array: &ArrayRef) -> Result<Box<dyn Fn(usize) -> i128 + '_>> {
        Ok(match array.data_type() {
            DataType::Int64 => {
                let values = array.as_primitive::<Int64Type>();
                Box::new(|i| i128::from(values.value(i)))
            }
            DataType::UInt64 => {
                let values = array.as_primitive::<UInt64Type>();
                Box::new(|i| i128::from(values.value(i)))
            }
            DataType::Decimal128(..) => {
                let values = array.as_primitive::<Decimal128Type>();
                Box::new(|i| values.value(i))
            }
            other => return internal_err!("a sum of {other}"),
        })
    }

    fn write(kind: &DataType, values: Vec<Option<i128>>) -> Result<ArrayRef> {
        let too = |sum: i128| too_large(&format!("the sum {sum}"));
        Ok(match kind {
            DataType::Int64 => {
                let narrow =
                    |sum: Option<i128>| sum.map(|s| i64::try_from(s).map_err(|_| too(s))).transpose();
                Arc::new(values.into_iter().map(narrow).collect::<Result<Int64Array>>()?)
            }
            DataType::UInt64 => {
                let narrow =
                    |sum: Option<i128>| sum.map(|s| u64::try_from(s).map_err(|_| too(s))).transpose();
                Arc::new(values.into_iter().map(narrow).collect::<Result<UInt64Array>>()?)
            }
            DataType::Decimal128(precision, scale) => {
                let sums = Decimal128Array::from(values).with_precision_and_scale(*precision, *scale)?;
                sums.validate_decimal_precision(*precision)
                    .map_err(|_| too_large(&format!("a sum of more than {precision} digits")))?;
                Arc::new(sums)
            }
            other => return internal_err!("a sum of {other}"),
        })
    }
}

/// NaN without a sign.
fn one_nan(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}

fn read_floats(array: &ArrayRef) -> Result<Box<dyn Fn(usize) -> f64 + '_>> {
    Ok(match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Box::new(|i| one_nan(values.value(i)))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            Box::new(|i| one_nan(f64::from(values.value(i))))
        }
        other => return internal_err!("an extreme of {other}"),
    })
}

fn write_floats(kind: &DataType, values: Vec<Option<f64>>) -> Result<ArrayRef> {
    Ok(match kind {
        DataType::Float64 => Arc::new(Float64Array::from(values)),
        DataType::Float32 => {
            Arc::new(values.into_iter().map(|v| v.map(|v| v as f32)).collect::<Float32Array>())
        }
        other => return internal_err!("an extreme of {other}"),
    })
}

impl Fold for Largest {
    type Value = f64;

    fn join(old: f64, new: f64) -> f64 {
        if old.is_nan() || new.is_nan() {
            f64::NAN
        } else if new > old {
            new
        } else {
            old
        }
    }

    fn read(array: &ArrayRef) -> Result<Box<dyn Fn(usize) -> f64 + '_>> {
        read_floats(array)
    }

    fn write(kind: &DataType, values: Vec<Option<f64>>) -> Result<ArrayRef> {
        write_floats(kind, values)
    }
}

impl Fold for Smallest {
    type Value = f64;

    fn join(old: f64, new: f64) -> f64 {
        // Whatever is compared with NaN is not smaller.
        if old.is_nan() || new < old { new } else { old }
    }

    fn read(array: &ArrayRef) -> Result<Box<dyn Fn(usize) -> f64 + '_>> {
        read_floats(array)
    }

    fn write(kind: &DataType, values: Vec<Option<f64>>) -> Result<ArrayRef> {
        write_floats(kind, values)
    }
}

/// Values that are there and pass the filter, by place.
pub(super) fn present<'a>(
    array: &'a ArrayRef,
    filter: Option<&'a BooleanArray>,
) -> impl Fn(usize) -> bool + 'a {
    move |i| array.is_valid(i) && filter.is_none_or(|f| f.is_valid(i) && f.value(i))
}

/// One group.
#[derive(Debug)]
pub(super) struct One<F: Fold> {
    kind: DataType,
    state: DataType,
    value: Option<F::Value>,
}

impl<F: Fold> One<F> {
    pub(super) fn new(kind: &DataType, state: &DataType) -> Self {
        Self { kind: kind.clone(), state: state.clone(), value: None }
    }

    fn scalar(&self, kind: &DataType) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&F::write(kind, vec![self.value])?, 0)
    }
}

impl<F: Fold> Accumulator for One<F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (read, is_there) = (F::read(&values[0])?, present(&values[0], None));
        for i in (0..values[0].len()).filter(|i| is_there(*i)) {
            let new = read(i);
            self.value = Some(self.value.map_or(new, |old| F::join(old, new)));
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.scalar(&self.state)?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.scalar(&self.kind)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// Many groups.
#[derive(Debug)]
pub(super) struct Groups<F: Fold> {
    kind: DataType,
    state: DataType,
    values: Vec<Option<F::Value>>,
    fold: PhantomData<F>,
}

impl<F: Fold> Groups<F> {
    pub(super) fn new(kind: &DataType, state: &DataType) -> Self {
        Self { kind: kind.clone(), state: state.clone(), values: Vec::new(), fold: PhantomData }
    }
}

impl<F: Fold> GroupsAccumulator for Groups<F> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.values.resize(count, None);
        let (read, is_there) = (F::read(&values[0])?, present(&values[0], filter));
        for (i, group) in groups.iter().enumerate() {
            if is_there(i) {
                let (new, value) = (read(i), &mut self.values[*group]);
                *value = Some(value.map_or(new, |old| F::join(old, new)));
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.update_batch(values, groups, None, count)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        F::write(&self.kind, emit_to.take_needed(&mut self.values))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![F::write(&self.state, emit_to.take_needed(&mut self.values))?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let (read, is_there) = (F::read(&values[0])?, present(&values[0], filter));
        let states = (0..values[0].len()).map(|i| is_there(i).then(|| read(i))).collect();
        Ok(vec![F::write(&self.state, states)?])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<Option<F::Value>>()
    }
}
