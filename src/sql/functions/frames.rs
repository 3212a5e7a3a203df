//! Sums of whole numbers and extremes over moving frames.

use std::collections::{HashMap, VecDeque};
use std::marker::PhantomData;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::fold::{Fold, Sum, present};

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
