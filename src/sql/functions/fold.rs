//! Sums that do not wrap, and extremes with one place for NaN.
//!
//! Whole numbers are added in 128 bits and looked at when they are done, so that the order of rows does not decide
//! whether a sum fits. NaN is larger than every number, as in sorting.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int64Array, UInt64Array,
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
                let narrow = |sum: Option<i128>| sum.map(|s| i64::try_from(s).map_err(|_| too(s))).transpose();
                Arc::new(values.into_iter().map(narrow).collect::<Result<Int64Array>>()?)
            }
            DataType::UInt64 => {
                let narrow = |sum: Option<i128>| sum.map(|s| u64::try_from(s).map_err(|_| too(s))).transpose();
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

fn read_floats(array: &ArrayRef) -> Result<Box<dyn Fn(usize) -> f64 + '_>> {
    Ok(match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Box::new(|i| values.value(i))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            Box::new(|i| f64::from(values.value(i)))
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
        if old.is_nan() || new.is_nan() { f64::NAN } else if new > old { new } else { old }
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
fn present<'a>(array: &'a ArrayRef, filter: Option<&'a BooleanArray>) -> impl Fn(usize) -> bool + 'a {
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

/// A sum over a moving frame, or of distinct values: how often each is there.
#[derive(Debug)]
pub(super) struct Counted {
    kind: DataType,
    distinct: bool,
    sum: i128,
    values: u64,
    times: HashMap<i128, u64>,
}

impl Counted {
    pub(super) fn new(kind: &DataType, distinct: bool) -> Self {
        Self { kind: kind.clone(), distinct, sum: 0, values: 0, times: HashMap::new() }
    }

    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        let (read, is_there) = (Sum::read(array)?, present(array, None));
        for i in (0..array.len()).filter(|i| is_there(*i)) {
            let value = read(i);
            let times = if self.distinct { self.times.entry(value).or_default() } else { &mut 0 };
            *times += 1;
            if *times == 1 {
                self.sum = self.sum.saturating_add(value);
                self.values += 1;
            }
        }
        Ok(())
    }
}

impl Accumulator for Counted {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0])
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (read, is_there) = (Sum::read(&values[0])?, present(&values[0], None));
        for i in (0..values[0].len()).filter(|i| is_there(*i)) {
            let value = read(i);
            if self.distinct {
                let Some(times) = self.times.get_mut(&value) else { continue };
                *times -= 1;
                if *times > 0 {
                    continue;
                }
                self.times.remove(&value);
            }
            self.sum = self.sum.saturating_sub(value);
            self.values -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        states[0].as_list::<i32>().iter().flatten().try_for_each(|values| self.add(&values))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = Sum::write(&self.kind, self.times.keys().map(|v| Some(*v)).collect())
            .and_then(|array| (0..array.len()).map(|i| ScalarValue::try_from_array(&array, i)).collect())?;
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &self.kind))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = (self.values > 0).then_some(self.sum);
        ScalarValue::try_from_array(&Sum::write(&self.kind, vec![sum])?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.times.capacity() * size_of::<(i128, u64)>()
    }
}

/// An extreme over a moving frame: the values that can still become one.
#[derive(Debug)]
pub(super) struct Window<F: Fold<Value = f64>> {
    kind: DataType,
    candidates: VecDeque<(u64, f64)>,
    added: u64,
    gone: u64,
    fold: PhantomData<F>,
}

impl<F: Fold<Value = f64>> Window<F> {
    pub(super) fn new(kind: &DataType) -> Self {
        Self { kind: kind.clone(), candidates: VecDeque::new(), added: 0, gone: 0, fold: PhantomData }
    }
}

impl<F: Fold<Value = f64>> Accumulator for Window<F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (read, is_there) = (F::read(&values[0])?, present(&values[0], None));
        for i in (0..values[0].len()).filter(|i| is_there(*i)) {
            let new = read(i);
            // One that is no better than a later one never comes out.
            while self.candidates.back().is_some_and(|(_, old)| F::join(*old, new).total_cmp(&new).is_eq()) {
                self.candidates.pop_back();
            }
            self.candidates.push_back((self.added, new));
            self.added += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.gone += (values[0].len() - values[0].null_count()) as u64;
        while self.candidates.front().is_some_and(|(place, _)| *place < self.gone) {
            self.candidates.pop_front();
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = self.candidates.front().map(|(_, value)| *value);
        ScalarValue::try_from_array(&F::write(&self.kind, vec![value])?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.candidates.capacity() * size_of::<(u64, f64)>()
    }
}
