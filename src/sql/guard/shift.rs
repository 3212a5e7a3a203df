//! `<<` and `>>` of whole numbers. The engine takes the distance modulo the width of the number, so that `1 << 64` is 1,
//! and drops what leaves it on the left.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Datum, Decimal128Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type};
use arrow::error::ArrowError;

use super::refusal::Refusal;

/// A type in which every whole number can be calculated with.
const WIDE: DataType = DataType::Decimal128(38, 0);

/// `left << right`.
pub(super) fn left(left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
    shifted(left, right, "<<", |value, by| value.checked_mul(1i128.checked_shl(by)?))
}

/// `left >> right`.
pub(super) fn right(left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
    shifted(left, right, ">>", |value, by| Some(value >> by))
}

fn shifted(
    left: &dyn Datum,
    right: &dyn Datum,
    sign: &str,
    shift: impl Fn(i128, u32) -> Option<i128>,
) -> Result<ArrayRef, ArrowError> {
    let ((values, one_value), (distances, one_distance)) = (left.get(), right.get());
    let kind = values.data_type();
    let rows = if one_value { distances.len() } else { values.len() };
    let (values, distances) = (cast(values, &WIDE)?, cast(distances, &WIDE)?);
    let (values, distances) =
        (values.as_primitive::<Decimal128Type>(), distances.as_primitive::<Decimal128Type>());
    let at = |array: &Decimal128Array, row: usize| array.is_valid(row).then(|| array.value(row));
    let width = 8 * kind.primitive_width().unwrap_or(8) as u32;
    let one = |row: usize| -> Result<Option<i128>, ArrowError> {
        let (value, by) =
            (at(values, if one_value { 0 } else { row }), at(distances, if one_distance { 0 } else { row }));
        let (Some(value), Some(by)) = (value, by) else { return Ok(None) };
        let distance = u32::try_from(by).ok().filter(|by| *by < width);
        let moved = distance.and_then(|by| shift(value, by)).filter(|moved| fits(*moved, kind, width));
        moved.map(Some).ok_or_else(|| ArrowError::ExternalError(Box::new(too_far(value, sign, by, width))))
    };
    let moved = (0..rows).map(one).collect::<Result<Decimal128Array, _>>()?;
    cast(&(Arc::new(moved.with_data_type(WIDE)) as ArrayRef), kind)
}

/// Whether a number is one of the type's.
fn fits(value: i128, kind: &DataType, width: u32) -> bool {
    let half = 1i128 << (width - 1);
    if kind.is_unsigned_integer() { (0..2 * half).contains(&value) } else { (-half..half).contains(&value) }
}

fn too_far(value: i128, sign: &str, by: i128, width: u32) -> Refusal {
    Refusal::new(
        format!("{value} {sign} {by} does not fit into a whole number of {width} bits"),
        "a distance is 0 to 63; x * power(2.0, n) is a number with decimals",
    )
}
