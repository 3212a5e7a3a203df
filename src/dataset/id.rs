//! Who a row belongs to: one id a person, whatever the user column is stored as.
//!
//! A column of whole numbers with one gap somewhere becomes a column of floats, and `7` becomes `7.0`.
//! Ids are therefore brought to one form: numbers are written without a fraction of zero, texts lose the
//! blanks around them and a `.0` behind digits. Zeros in front stay, for `007` and `7` can be two people.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use unicode_normalization::UnicodeNormalization;

use super::cell::{Cells, Unfit, shown};
use super::spelling;

/// Owner of rows without an id.
pub(super) const NOBODY: u32 = u32::MAX;

/// From here on a double does not hold every whole number, so that neighbours become one.
const EXACT_DOUBLE: f64 = 9_007_199_254_740_992.0;
/// The same of single precision.
const EXACT_SINGLE: f64 = 16_777_216.0;
/// The same of half precision.
const EXACT_HALF: f64 = 2048.0;

/// The id in a cell of text; none if the row is nobody's, or why the cell cannot be an id.
pub(super) fn of_cell<'a>(cells: &Cells, cell: &'a [u8]) -> Result<Option<Cow<'a, str>>, String> {
    let text = match cells.text(cell) {
        Ok(text) => text,
        Err(Unfit::Text | Unfit::Number) => {
            return Err(format!(
                "`{}` is not UTF-8 text (hint: name its encoding, as in `data.encoding: windows-1252`)",
                shown(cell)
            ));
        }
    };
    let Some(text) = text else { return Ok(None) };
    if is_rounded(&text) {
        return Err(format!(
            "`{text}` is a number in scientific notation, whose last digits are lost \
             (hint: write the file again with the ids as text)"
        ));
    }
    if is_of_double(&text) {
        return Err(of_double(&text, EXACT_DOUBLE));
    }
    Ok(Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(canonical_with(cells, text)),
        Cow::Owned(text) => Cow::Owned(canonical_with(cells, &text).to_owned()),
    }))
}

/// An id as text in a file whose numbers may have decimal commas.
fn canonical_with<'a>(cells: &Cells, text: &'a str) -> &'a str {
    if cells.decimal_comma && !text.contains('.') { without_zeros(text, ',') } else { canonical(text) }
}

/// An id as text: without a fraction of zeros behind digits, which a column of floats adds.
fn canonical(text: &str) -> &str {
    without_zeros(text, '.')
}

fn without_zeros(text: &str, mark: char) -> &str {
    let text = text.trim();
    let Some((whole, fraction)) = text.split_once(mark) else { return text };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let zero = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'0');
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if number && zero(fraction) { whole } else { text }
}

/// Whether a text is what spreadsheets and data frames make of a long id: `1.23457E+17`, or `1.23457E17` without a sign,
/// which needs its fraction, for `1E17` may be hexadecimal.
fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let signed = exponent.strip_prefix('+');
    if signed.is_none() && !mantissa.contains('.') {
        return false;
    }
    let exponent = signed.unwrap_or(exponent);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    whole.len() == 1 && digits(whole) && digits(fraction) && digits(exponent)
}

/// Whether a text is a whole number as doubles are written, too large for them to tell it from the next: `9007199254740992.0`.
fn is_of_double(text: &str) -> bool {
    let whole = canonical(text);
    let number: f64 = whole.parse().unwrap_or_default();
    whole.len() < text.trim().len() && number.abs() >= EXACT_DOUBLE && format!("{number:.0}") == whole
}

fn of_double(value: &str, exact: f64) -> String {
    format!(
        "{value} is stored as a number with a floating point, which from {exact} on cannot tell whole numbers apart \
         (hint: write the file again with the ids as text or whole numbers)"
    )
}

/// What a program with doubles makes of an id, if that is another one: `9007199254740992` of `9007199254740993`, and of
/// numbers with decimals what is left of 15 digits, `0.3` of `0.30000000000000004`.
pub(super) fn rounded(id: &str) -> Option<String> {
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let decimals = id.len() - digits;
    let is_long = (16..=38).contains(&digits) && id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = id.parse().ok().filter(|_| is_long)?;
    let rounded = match decimals {
        0 => format!("{number:.0}"),
        _ => format!("{number:.14e}").parse::<f64>().ok()?.to_string(),
    };
    (rounded != id).then_some(rounded)
}

/// What a cell is: an id, nobody's, or why it cannot be one.
type Id = Result<Option<String>, String>;

/// The ids of a column of Parquet, or why none of it can be one.
///
/// `uuid` says that the file marks the column as UUIDs.
pub(super) fn of_column(cells: &Cells, values: &ArrayRef, uuid: bool) -> Result<Vec<Id>, String> {
    let kind = match values.data_type() {
        DataType::Dictionary(_, inner) => inner.as_ref(),
        kind => kind,
    };
    match kind {
        DataType::Float16 => floats(cells, values, EXACT_HALF),
        DataType::Float32 => floats(cells, values, EXACT_SINGLE),
        DataType::Float64 => floats(cells, values, EXACT_DOUBLE),
        _ => {
            let decimal = matches!(
                kind,
                DataType::Decimal32(..)
                    | DataType::Decimal64(..)
                    | DataType::Decimal128(..)
                    | DataType::Decimal256(..)
            );
            let texts = texts(values, uuid)?;
            let one = |text: Id| -> Id {
                let Some(text) = text? else { return Ok(None) };
                // A decimal number is exact, however large.
                let text = if decimal { canonical(&text) } else { &text };
                let id = of_cell(cells, text.as_bytes())?;
                let short = |id: Cow<'_, str>| {
                    if decimal && id.contains('.') {
                        id.trim_end_matches('0').to_owned()
                    } else {
                        id.into_owned()
                    }
                };
                Ok(id.map(short))
            };
            Ok(texts.into_iter().map(one).collect())
        }
    }
}

/// Ids that are stored as floats.
fn floats(cells: &Cells, values: &ArrayRef, exact: f64) -> Result<Vec<Id>, String> {
    let is_single = *values.data_type() == DataType::Float32;
    let values = cast(values, &DataType::Float64).map_err(|error| error.to_string())?;
    let one = |value: Option<f64>| match value {
        None => Ok(None),
        Some(value) if value.is_nan() => Ok(None),
        Some(value) if value.abs() >= exact => Err(of_double(&value.to_string(), exact)),
        Some(value) => {
            let text = match value {
                0.0 => "0".to_owned(),
                // 7.1 of single precision is 7.099999904632568 of double.
                value if is_single => (value as f32).to_string(),
                value => value.to_string(),
            };
            Ok((!cells.is_missing(&text)).then_some(text))
        }
    };
    Ok(values.as_primitive::<Float64Type>().iter().map(one).collect())
}

/// Values of Parquet as text; bytes are text, or a UUID.
pub(super) fn texts(values: &ArrayRef, uuid: bool) -> Result<Vec<Id>, String> {
    if let Some(several) = several(values.data_type()) {
        return Err(format!(
            "each row has {several}, which isn't a text (hint: write a column with one text or whole number a row)"
        ));
    }
    let unreadable = || {
        format!(
            "the type {} cannot be read as text (hint: write the ids as text or whole numbers)",
            values.data_type()
        )
    };
    if let DataType::Dictionary(_, inner) = values.data_type()
        && is_binary(inner)
    {
        return texts(&cast(values, inner).map_err(|_| unreadable())?, uuid);
    }
    if is_binary(values.data_type()) {
        let bytes = cast(values, &DataType::Binary).map_err(|_| unreadable())?;
        let bytes = bytes.as_binary::<i32>();
        return Ok(bytes.iter().map(|bytes| bytes.map(|bytes| of_bytes(bytes, uuid)).transpose()).collect());
    }
    let texts = cast(values, &DataType::Utf8).map_err(|_| unreadable())?;
    Ok(texts.as_string::<i32>().iter().map(|text| Ok(text.map(str::to_owned))).collect())
}

/// What a type of several values a row is called; the engine would write them into one text, with brackets around.
fn several(kind: &DataType) -> Option<&'static str> {
    use DataType::{
        Dictionary, FixedSizeList, LargeList, LargeListView, List, ListView, Map, RunEndEncoded, Struct,
        Union,
    };
    match kind {
        List(_) | ListView(_) | LargeList(_) | LargeListView(_) | FixedSizeList(..) => Some("a list"),
        Struct(_) => Some("a record of several fields"),
        Map(..) => Some("a map"),
        Union(..) => Some("a value of one of several types"),
        Dictionary(_, inner) => several(inner),
        RunEndEncoded(_, inner) => several(inner.data_type()),
        _ => None,
    }
}

fn is_binary(kind: &DataType) -> bool {
    use DataType::{Binary, BinaryView, FixedSizeBinary, LargeBinary};
    matches!(kind, Binary | BinaryView | LargeBinary | FixedSizeBinary(_))
}

/// Bytes as text: what is text stays text, 16 other bytes are a UUID.
fn of_bytes(bytes: &[u8], uuid: bool) -> Result<String, String> {
    let text = || {
        let text = std::str::from_utf8(bytes).ok()?.trim_end_matches('\0');
        (!text.chars().any(char::is_control)).then(|| text.to_owned())
    };
    if let (false, Some(text)) = (uuid, text()) {
        return Ok(text);
    }
    if bytes.len() != 16 {
        return Err(format!(
            "a value of {} bytes is neither text nor a UUID (hint: write the ids as text or whole numbers)",
            bytes.len()
        ));
    }
    let hex: String = bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect();
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

/// Pairs of different ids that a program in between could have made of one: they differ in zeros in
/// front, in case, in marks that are not seen, or in how Unicode writes the same letters.
pub(super) fn lookalikes<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a str)> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    let mut pairs = Vec::new();
    for id in ids {
        match seen.entry(folded(id)) {
            std::collections::hash_map::Entry::Occupied(first) => pairs.push((*first.get(), id)),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(id);
            }
        }
    }
    pairs
}

/// An id as all that look like it are. Numbers with decimals are usually two numbers, of which `1.1` and `1.10` differ.
fn folded(id: &str) -> String {
    let id = &composed(id);
    let key = spelling::id_key(canonical(id));
    if key.contains('.') && spelling::id_number(&key).is_some() { id.to_lowercase() } else { key }
}

/// A text whose letters are composed, as they are typed; some file systems and programs take accents apart.
fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}

/// Whether two texts differ in how Unicode writes the same letters, and in nothing that is seen.
pub(super) fn look_equal(one: &str, other: &str) -> bool {
    composed(one) == composed(other)
}

/// Words and numbers that programs and people write for an id that is missing, in lower case.
const STAND_INS: [&str; 10] =
    ["\\n", "unknown", "missing", "undefined", "n.a.", "nil", "-9", "-99", "-999", "-9999"];

/// Ids that usually stand for a missing one: those without a letter or digit, and words for it.
pub(super) fn stand_ins<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let says_nothing =
        |id: &&str| !id.chars().any(char::is_alphanumeric) || STAND_INS.contains(&id.to_lowercase().as_str());
    ids.filter(says_nothing).collect()
}

#[cfg(test)]
mod tests;
