//! Arrow columns of many types as the few that tables have.

use std::borrow::Cow;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, UInt64Type};

use super::check::Given;

/// A column.
#[derive(Debug)]
pub(super) enum Values {
    Null,
    Bool(BooleanArray),
    Int(Int64Array),
    Large(UInt64Array),
    Float(Float64Array),
    Text(StringArray),
    Time(Int64Array),
}

impl Values {
    /// The values of an array, or why they cannot be taken.
    pub(super) fn of(array: &ArrayRef) -> Result<Self, String> {
        use DataType as T;
        Ok(match array.data_type() {
            T::Null => Self::Null,
            T::Boolean => Self::Bool(array.as_boolean().clone()),
            T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => {
                Self::Int(cast(array, &T::Int64)?.as_primitive::<Int64Type>().clone())
            }
            T::UInt64 => Self::Large(array.as_primitive::<UInt64Type>().clone()),
            T::Float16 | T::Float32 | T::Float64 => {
                Self::Float(cast(array, &T::Float64)?.as_primitive::<Float64Type>().clone())
            }
            T::Utf8 | T::LargeUtf8 | T::Utf8View => {
                Self::Text(cast(array, &T::Utf8)?.as_string::<i32>().clone())
            }
            T::Timestamp(_, zone) => {
                let micros = cast(array, &T::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
                Self::Time(cast(&micros, &T::Int64)?.as_primitive::<Int64Type>().clone())
            }
            T::Dictionary(_, values) => Self::of(&cast(array, values)?)?,
            other => return Err(format!("is of the Arrow type {other}, which no column of a table has")),
        })
    }

    /// The value at a row.
    pub(super) fn get(&self, row: usize) -> Given<'_> {
        match self {
            Self::Bool(a) if a.is_valid(row) => Given::Bool(a.value(row)),
            Self::Int(a) if a.is_valid(row) => Given::Int(a.value(row)),
            Self::Large(a) if a.is_valid(row) => Given::Large(a.value(row)),
            Self::Float(a) if a.is_valid(row) => Given::Float(a.value(row)),
            Self::Text(a) if a.is_valid(row) => Given::Text(Cow::Borrowed(a.value(row))),
            Self::Time(a) if a.is_valid(row) => Given::Time(a.value(row)),
            _ => Given::Null,
        }
    }
}

/// A cast that fails where it would lose a value.
fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    if array.data_type() == to {
        return Ok(ArrayRef::clone(array));
    }
    cast_with_options(array, to, &CastOptions { safe: false, ..CastOptions::default() })
        .map_err(|e| format!("cannot be taken as {to}: {e}"))
}
