//! Functions that make much of little: what they would make is counted before they make it.
//!
//! The engine counts what it sorts and groups, and not what a function returns; a text of 2 GB would end the process
//! that asks for more than there is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::around::{self, Work};
use crate::progress::bytes;
use crate::sql::guard::Refusal;
use crate::system;

/// What a column of text or lists may hold in a batch.
const LARGEST: u64 = i32::MAX as u64;

/// Less than this is made without looking at the memory of the process.
const SMALL: u64 = 16 << 20;

/// What an element of a list takes at least while the list is made: its place, and what says where it comes from.
const ELEMENT: u64 = 16;

/// Seconds about 1970 that a time holds.
const SECONDS: f64 = 9.2e9;

/// What is counted, by name of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Growth {
    /// A text, a number of times.
    Repeat,
    /// A text of a length.
    Pad,
    /// Texts behind each other.
    Concat,
    /// Texts behind each other, with the first one between them.
    ConcatWith,
    /// A text with texts in it exchanged.
    Replace,
    /// A list of numbers between two.
    Range,
    /// A value, a number of times.
    List,
    /// A list of a length.
    Resize,
    /// Values behind each other.
    Together,
    /// Grows nothing: the seconds of a time.
    Time,
}

const GROWING: &[(&str, Growth)] = &[
    ("repeat", Growth::Repeat),
    ("lpad", Growth::Pad),
    ("rpad", Growth::Pad),
    ("concat", Growth::Concat),
    ("concat_ws", Growth::ConcatWith),
    ("replace", Growth::Replace),
    ("regexp_replace", Growth::Replace),
    ("range", Growth::Range),
    ("generate_series", Growth::Range),
    ("array_repeat", Growth::List),
    ("array_resize", Growth::Resize),
    ("array_concat", Growth::Together),
    ("array_append", Growth::Together),
    ("array_prepend", Growth::Together),
    ("make_array", Growth::Together),
    ("array_to_string", Growth::Together),
    ("to_timestamp", Growth::Time),
];

/// Puts counted functions in the place of the engine's.
pub(super) fn register(ctx: &SessionContext, memory: Option<u64>) {
    for &(name, growth) in GROWING {
        around::register(ctx, name, Counted { name, growth, memory });
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Counted {
    name: &'static str,
    growth: Growth,
    memory: Option<u64>,
}

impl Counted {
    /// Refuses what there is no room for.
    fn room(&self, wanted: u64) -> Result<()> {
        if wanted > LARGEST {
            return Err(DataFusionError::External(Box::new(Refusal::new(
                format!(
                    "{} would make {} at once, and a column of text or lists holds {} for some thousand rows",
                    self.name,
                    bytes(wanted),
                    bytes(LARGEST)
                ),
                "shorter texts or lists, or fewer rows",
            ))));
        }
        let Some(memory) = self.memory.filter(|_| wanted > SMALL) else { return Ok(()) };
        // Old and new stand beside each other while a buffer grows.
        let taken = system::memory_bytes().unwrap_or(0).saturating_add(wanted.saturating_mul(2));
        if taken > memory { Err(DataFusionError::ResourcesExhausted(bytes(memory))) } else { Ok(()) }
    }

    /// Bytes that a call makes.
    fn wanted(&self, args: &ScalarFunctionArgs) -> Result<u64> {
        let values = &args.args;
        if values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_))) {
            return self.of_rows(values, 1);
        }
        self.of_rows(values, args.number_rows)
    }

    fn of_rows(&self, values: &[ColumnarValue], rows: usize) -> Result<u64> {
        let of_row: Box<dyn Fn(usize) -> u64> = match (self.growth, values) {
            (Growth::Repeat, [text, times]) => product(sizes(text)?, numbers(times)?),
            (Growth::List, [value, times]) => product(elements(value)?, numbers(times)?),
            (Growth::Pad, [_, to, ..]) => numbers(to)?,
            (Growth::Resize, [_, to, with]) => product(elements(with)?, numbers(to)?),
            (Growth::Resize, [_, to]) => product(Box::new(|_| ELEMENT), numbers(to)?),
            (Growth::Concat | Growth::Together, values) => sum(values)?,
            (Growth::ConcatWith, [between, texts @ ..]) => {
                let (between, all, gaps) = (sizes(between)?, sum(texts)?, texts.len() as u64);
                Box::new(move |row| all(row).saturating_add(between(row).saturating_mul(gaps)))
            }
            (Growth::Replace, [text, from, to, ..]) => {
                let (text, from, to) = (sizes(text)?, sizes(from)?, sizes(to)?);
                let shortest = if self.name == "replace" { from } else { Box::new(|_| 1) };
                Box::new(move |row| {
                    let places = text(row) / shortest(row).max(1) + 1;
                    text(row).saturating_add(places.saturating_mul(to(row)))
                })
            }
            (Growth::Range, values) => return length_of_range(values, rows),
            _ => return Ok(0),
        };
        Ok((0..rows).map(of_row).fold(0, u64::saturating_add))
    }
}

type OfRow = Box<dyn Fn(usize) -> u64>;

fn product(a: OfRow, b: OfRow) -> OfRow {
    Box::new(move |row| a(row).saturating_mul(b(row)))
}

fn sum(values: &[ColumnarValue]) -> Result<OfRow> {
    let all = values.iter().map(sizes).collect::<Result<Vec<_>>>()?;
    Ok(Box::new(move |row| all.iter().map(|of| of(row)).fold(0, u64::saturating_add)))
}

/// The values of an argument by row; a constant is the same in each.
fn by_row<T: Copy + Default + 'static>(
    value: &ColumnarValue,
    read: impl Fn(ArrayRef) -> Result<Vec<T>>,
) -> Result<Box<dyn Fn(usize) -> T>> {
    Ok(match value {
        ColumnarValue::Scalar(one) => {
            let one = read(one.to_array()?)?.first().copied().unwrap_or_default();
            Box::new(move |_| one)
        }
        ColumnarValue::Array(array) => {
            let all = read(Arc::clone(array))?;
            Box::new(move |row| all.get(row).copied().unwrap_or_default())
        }
    })
}

/// Bytes of texts; other values are counted by the average.
fn sizes(value: &ColumnarValue) -> Result<OfRow> {
    by_row(value, |array| {
        if !matches!(array.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
            let each = array.get_array_memory_size() / array.len().max(1);
            return Ok(vec![each.max(1) as u64; array.len()]);
        }
        whole(&length(&array)?)
    })
}

/// Bytes of values as elements of a list.
fn elements(value: &ColumnarValue) -> Result<OfRow> {
    let of = sizes(value)?;
    Ok(Box::new(move |row| of(row).max(ELEMENT)))
}

/// Numbers from 0; what is less, or no number, makes nothing.
fn numbers(value: &ColumnarValue) -> Result<OfRow> {
    by_row(value, |array| whole(&array))
}

fn whole(array: &ArrayRef) -> Result<Vec<u64>> {
    let numbers = cast(array, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    Ok(numbers.iter().map(|n| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)).collect())
}

fn length_of_range(values: &[ColumnarValue], rows: usize) -> Result<u64> {
    // Times count their steps themselves.
    if values.iter().any(|value| !value.data_type().is_integer()) {
        return Ok(0);
    }
    let read = |array: ArrayRef| -> Result<Vec<i128>> {
        let numbers = cast(&array, &DataType::Int64)?;
        Ok(numbers.as_primitive::<Int64Type>().iter().map(|n| n.map_or(0, i128::from)).collect())
    };
    let values = values.iter().map(|value| by_row(value, read)).collect::<Result<Vec<_>>>()?;
    let of_row = |row: usize| {
        let at = |i: usize| values.get(i).map(|of| of(row));
        let (start, end) = if values.len() == 1 { (0, at(0)?) } else { (at(0)?, at(1)?) };
        let step = at(2).filter(|step| *step != 0).unwrap_or(1);
        u64::try_from((end - start) / step).ok()
    };
    Ok((0..rows).filter_map(of_row).map(|length| length.saturating_mul(8)).fold(0, u64::saturating_add))
}

/// Seconds that no time holds would come out as the last one that there is.
fn within_times(values: &[ColumnarValue]) -> Result<()> {
    let Some(value) = values.first().filter(|value| value.data_type().is_numeric()) else { return Ok(()) };
    let array = match value {
        ColumnarValue::Array(array) => Arc::clone(array),
        ColumnarValue::Scalar(one) => one.to_array()?,
    };
    let seconds = cast(&array, &DataType::Float64)?;
    let mut seconds = seconds.as_primitive::<Float64Type>().iter().flatten();
    match seconds.find(|s| s.is_nan() || s.abs() > SECONDS) {
        None => Ok(()),
        Some(seconds) => Err(DataFusionError::External(Box::new(Refusal::new(
            format!("{seconds} seconds after 1970 is outside the times there are, 1677 to 2262"),
            "to_timestamp_millis(x), to_timestamp_micros(x) or to_timestamp_nanos(x), if those are what it holds",
        )))),
    }
}

impl Work for Counted {
    fn call(&self, engine: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if self.growth == Growth::Time {
            within_times(&args.args)?;
        } else {
            self.room(self.wanted(&args)?)?;
        }
        engine.invoke_with_args(args)
    }
}
