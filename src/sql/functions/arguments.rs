//! What the functions take, and what is said about the rest.

use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};

/// Whole numbers and decimals become doubles; other types stay and are refused by [`one_number`], since the
/// engine buries what is said here in words of its own.
pub(super) fn as_doubles(types: &[DataType]) -> Vec<DataType> {
    let double = |kind: &DataType| kind.is_numeric() || kind.is_null();
    types.iter().map(|kind| if double(kind) { DataType::Float64 } else { kind.clone() }).collect()
}

/// Refuses arguments that are not one double.
pub(super) fn one_number(function: &str, types: &[&DataType]) -> Result<()> {
    match types {
        [DataType::Float64] => Ok(()),
        [kind] => plan_err!(
            "{function} takes numbers, and this is {}\n(hint: CAST(… AS DOUBLE) makes numbers of what holds them)",
            plain_name(kind)
        ),
        _ => plan_err!("{function} takes one argument, and here are {}", types.len()),
    }
}

fn plain_name(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        DataType::Boolean => "true or false".into(),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => "a time".into(),
        other => other.to_string(),
    }
}
