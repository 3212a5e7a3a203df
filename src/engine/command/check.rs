//! One value against its column.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use chrono::DateTime;

use super::fault::excerpt;
use super::literal::EXACT;
use crate::schema::{Cell, Column, ColumnType};

/// A value as a program gave it.
#[derive(Debug, Clone)]
pub(super) enum Given<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// A whole number that may not fit.
    Large(u64),
    Float(f64),
    /// The digits of a whole number beyond 64 bits, which a floating-point number would round.
    Digits(String),
    Text(Cow<'a, str>),
    /// Microseconds since 1970.
    Time(i64),
    /// A list, an object, or what else no column can hold.
    Other(&'static str),
}

const USE_NULL: &str = "\n(hint: write null, and a row of `issues` that says why the value is missing)";

/// The value as the column has it.
pub(super) fn cell(column: &Column, given: Given<'_>) -> Result<Cell, String> {
    if matches!(given, Given::Null) {
        return null(column);
    }
    let cell = match column.kind {
        ColumnType::Text => text(given),
        ColumnType::Int => int(given),
        ColumnType::Float => float(given),
        ColumnType::Bool => bool(given),
        ColumnType::Timestamp => timestamp(given),
    }?;
    in_range(column, &cell)?;
    Ok(cell)
}

/// Absence as a value.
pub(super) fn null(column: &Column) -> Result<Cell, String> {
    if column.nullable { Ok(Cell::Null) } else { Err("has no value, and the schema asks for one".to_owned()) }
}

fn text(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Text(text) => {
            no_nul(&text)?;
            Ok(Cell::Text(text.into_owned()))
        }
        other => Err(wrong("a text", &other)),
    }
}

/// Programs that read a table end a text, or refuse the file, at a NUL.
pub(super) fn no_nul(text: &str) -> Result<(), String> {
    match text.find('\0') {
        None => Ok(()),
        Some(at) => Err(format!(
            "the text `{}` holds a NUL character (U+0000) at character {}\n(hint: leave it out; other programs end the \
             text there or refuse the file)",
            excerpt(text.as_bytes(), 60),
            text[..at].chars().count() + 1
        )),
    }
}

/// A whole number from 0 that is not one of a row.
pub(super) fn count(given: Given<'_>, most: u64) -> Result<Option<u64>, String> {
    if matches!(given, Given::Null) {
        return Ok(None);
    }
    match int(given)? {
        Cell::Int(v) => match u64::try_from(v).ok().filter(|v| *v <= most) {
            Some(v) => Ok(Some(v)),
            None => Err(format!("{v} is outside 0 to {most}")),
        },
        _ => Ok(None),
    }
}

fn int(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Int(v) => Ok(Cell::Int(v)),
        Given::Large(v) => i64::try_from(v)
            .map(Cell::Int)
            .map_err(|_| format!("{v} does not fit into a 64-bit whole number")),
        Given::Digits(digits) => Err(format!("{digits} does not fit into a 64-bit whole number")),
        Given::Float(v) if v.is_nan() => Err(format!("is NaN{USE_NULL}")),
        Given::Float(v) if v.fract() != 0.0 => Err(format!("must be a whole number, not {v}")),
        Given::Float(v) if v.abs() >= EXACT => {
            Err(format!("{v:e} is too large to be exact as a whole number"))
        }
        Given::Float(v) => Ok(Cell::Int(v as i64)),
        other => Err(wrong("a whole number", &other)),
    }
}

fn float(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Int(v) => exact(v, v as f64, i128::from(v)),
        Given::Large(v) => exact(v, v as f64, i128::from(v)),
        Given::Digits(digits) => Err(inexact(&digits, digits.parse().unwrap_or(f64::NAN))),
        Given::Float(v) if v.is_nan() => Err(format!("is NaN{USE_NULL}")),
        Given::Float(v) if v.is_infinite() => Err(format!("is infinite{USE_NULL}")),
        Given::Float(v) => Ok(Cell::Float(v)),
        other => Err(wrong("a number", &other)),
    }
}

/// A whole number, unless it would be rounded.
fn exact(given: impl std::fmt::Display, float: f64, whole: i128) -> Result<Cell, String> {
    if float as i128 == whole { Ok(Cell::Float(float)) } else { Err(inexact(given, float)) }
}

fn inexact(given: impl std::fmt::Display, float: f64) -> String {
    format!(
        "{given} is too large to be exact as a number with decimals\n(hint: give the column the type int or text, or \
         write {float:e} if the last digits do not matter)"
    )
}

fn bool(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Bool(v) => Ok(Cell::Bool(v)),
        // How databases and matrices hold truth values.
        Given::Int(v @ (0 | 1)) => Ok(Cell::Bool(v == 1)),
        Given::Float(v) if [0.0, 1.0].contains(&v) => Ok(Cell::Bool(v > 0.0)),
        other => Err(wrong("true or false", &other)),
    }
}

fn timestamp(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Time(v) => Ok(Cell::Int(v)),
        Given::Int(v) if PLAUSIBLE.contains(&v) => Ok(Cell::Int(v)),
        Given::Int(v) => Err(implausible(v)),
        Given::Float(v) if v.abs() <= EXACT => match v as i64 {
            whole if v.fract() == 0.0 => timestamp(Given::Int(whole)),
            whole => Err(implausible(whole).replacen(&whole.to_string(), &v.to_string(), 1)),
        },
        Given::Text(text) => match DateTime::parse_from_rfc3339(&text) {
            Ok(time) => Ok(Cell::Int(time.timestamp_micros())),
            Err(_) => Err(format!(
                "`{text}` isn't a time\n(hint: write 2026-11-23T14:30:05Z, or whole microseconds since 1970)"
            )),
        },
        other => Err(wrong("a time", &other)),
    }
}

/// Microseconds since 1970 of the years 1980 to 2199: of other units only those of other times look like them.
const PLAUSIBLE: std::ops::Range<i64> = 315_532_800_000_000..7_258_118_400_000_000;

/// A whole number that is hardly microseconds, with the times it could be.
fn implausible(value: i64) -> String {
    let shown = |micros: Option<i64>| {
        let time = micros.and_then(DateTime::from_timestamp_micros);
        time.map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    };
    let units = [
        ("seconds", value.checked_mul(1_000_000)),
        ("milliseconds", value.checked_mul(1000)),
        ("nanoseconds", Some(value / 1000)),
    ];
    let readings =
        units.into_iter().filter_map(|(unit, micros)| Some(format!("as {unit} {}", shown(micros)?)));
    let likely = units.into_iter().filter_map(|(_, micros)| micros).find(|micros| PLAUSIBLE.contains(micros));
    format!(
        "{value} as microseconds since 1970 is {}; {}\n(hint: write microseconds, or the time as text, as in {})",
        shown(Some(value)).unwrap_or_else(|| "out of range".to_owned()),
        readings.collect::<Vec<_>>().join(", "),
        shown(likely.or(Some(value))).unwrap_or_else(|| "2026-11-23T14:30:05Z".to_owned())
    )
}

fn wrong(wanted: &str, given: &Given<'_>) -> String {
    let found = match given {
        Given::Null => "nothing".to_owned(),
        Given::Bool(v) => v.to_string(),
        Given::Int(v) => v.to_string(),
        Given::Large(v) => v.to_string(),
        Given::Float(v) => v.to_string(),
        Given::Digits(digits) => digits.clone(),
        Given::Time(_) => "a time".to_owned(),
        Given::Other(what) => (*what).to_owned(),
        Given::Text(text) => {
            let hint = if stands_for_nothing(text) { USE_NULL } else { "" };
            return format!("must be {wanted}, not the text `{}`{hint}", excerpt(text.as_bytes(), 60));
        }
    };
    format!("must be {wanted}, not {found}")
}

/// Texts that programs write where a number is missing.
fn stands_for_nothing(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['-', '+']).to_lowercase();
    ["", "nan", "inf", "infinity", "na", "n/a", "null", "none", "nil"].contains(&text.as_str())
}

fn in_range(column: &Column, cell: &Cell) -> Result<(), String> {
    let number = match cell {
        Cell::Text(text) => {
            return match &column.values {
                Some(values) if !values.contains(text) => {
                    Err(format!("`{text}` isn't one of {}", values.join(", ")))
                }
                _ => Ok(()),
            };
        }
        Cell::Null | Cell::Bool(_) => return Ok(()),
        Cell::Int(v) => *v as f64,
        Cell::Float(v) => *v,
    };
    if column.min.is_some_and(|min| number < min) || column.max.is_some_and(|max| number > max) {
        let bound = |b: Option<f64>| b.map_or("…".to_owned(), |b| b.to_string());
        return Err(format!("{number} is outside {} to {}", bound(column.min), bound(column.max)));
    }
    Ok(())
}
