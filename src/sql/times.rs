//! Times that are out of range: a formatter puts a complaint in their place, as a text that looks like a value.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, DurationMillisecondType, DurationSecondType, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Whether there are times in values of a type.
fn has_times(kind: &DataType) -> bool {
    holds(kind, &DataType::is_temporal)
}

/// Whether a cast of the type to text may put a complaint into the place of a time.
pub(super) fn may_hide_times(kind: &DataType) -> bool {
    has_times(kind) && (kind.is_nested() || has_durations(kind))
}

fn has_durations(kind: &DataType) -> bool {
    holds(kind, &|kind| matches!(kind, DataType::Duration(_)))
}

fn holds(kind: &DataType, is: &dyn Fn(&DataType) -> bool) -> bool {
    match kind {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => holds(field.data_type(), is),
        DataType::Struct(fields) => fields.iter().any(|field| holds(field.data_type(), is)),
        DataType::Union(fields, _) => fields.iter().any(|(_, field)| holds(field.data_type(), is)),
        DataType::Dictionary(_, of) => holds(of, is),
        DataType::RunEndEncoded(_, of) => holds(of.data_type(), is),
        kind => is(kind),
    }
}

/// Refuses values that hold a time out of range.
///
/// # Errors
/// There is one.
pub fn in_calendar(array: &ArrayRef) -> Result<(), ArrowError> {
    if !has_times(array.data_type()) {
        return Ok(());
    }
    if has_durations(array.data_type()) {
        durations(array)?;
    }
    let strict = FormatOptions::default().with_display_error(false);
    let shown = ArrayFormatter::try_new(array, &strict)?;
    (0..array.len()).try_for_each(|row| {
        let text = shown.value(row).try_to_string();
        text.map(drop).map_err(|error| {
            // The formatter does not say which one of many it is.
            if array.data_type().is_nested() {
                ArrowError::CastError("Timestamp out of range".into())
            } else {
                error
            }
        })
    })
}

/// Refuses lengths of time that are longer than can be written.
fn durations(array: &ArrayRef) -> Result<(), ArrowError> {
    let too_long = |what: String| {
        Err(ArrowError::CastError(format!("Duration out of range: {what} is longer than 292 million years")))
    };
    match array.data_type() {
        DataType::Duration(TimeUnit::Second) => {
            let mut values = array.as_primitive::<DurationSecondType>().iter().flatten();
            values
                .find(|seconds| chrono::Duration::try_seconds(*seconds).is_none())
                .map_or(Ok(()), |seconds| too_long(format!("{seconds} s")))
        }
        DataType::Duration(TimeUnit::Millisecond) => {
            let mut values = array.as_primitive::<DurationMillisecondType>().iter().flatten();
            values
                .find(|millis| chrono::Duration::try_milliseconds(*millis).is_none())
                .map_or(Ok(()), |millis| too_long(format!("{millis} ms")))
        }
        DataType::List(_) => durations(array.as_list::<i32>().values()),
        DataType::LargeList(_) => durations(array.as_list::<i64>().values()),
        DataType::FixedSizeList(..) => durations(array.as_fixed_size_list().values()),
        DataType::Map(..) => array.as_map().entries().columns().iter().try_for_each(durations),
        DataType::Struct(_) => array.as_struct().columns().iter().try_for_each(durations),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DurationSecondArray, Int64Array, ListArray, TimestampSecondArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;

    use super::*;

    fn listed(values: ArrayRef) -> ArrayRef {
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths([values.len()]);
        Arc::new(ListArray::new(field, offsets, values, None))
    }

    #[test]
    fn a_time_out_of_range_is_found_however_deep_it_lies() {
        let times = |time: i64| Arc::new(TimestampSecondArray::from(vec![0, time])) as ArrayRef;
        let lengths = |length: i64| Arc::new(DurationSecondArray::from(vec![0, length])) as ArrayRef;
        for of in [times, lengths] {
            for (good, bad) in [(of(86_400), of(i64::MAX)), (listed(of(1)), listed(listed(of(i64::MAX))))] {
                assert!(in_calendar(&good).is_ok(), "{good:?}");
                assert!(in_calendar(&bad).is_err(), "{bad:?}");
            }
        }
        let numbers = Arc::new(Int64Array::from(vec![i64::MAX])) as ArrayRef;
        assert!(in_calendar(&numbers).is_ok());
    }
}
