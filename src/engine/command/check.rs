//! One value against its column.

use std::borrow::Cow;

use chrono::DateTime;

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
    Text(Cow<'a, str>),
    /// Microseconds since 1970.
    Time(i64),
    /// A list, an object, or what else no column can hold.
    Other(&'static str),
}

/// Whole numbers beyond this are not exact as floating-point numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

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
        Given::Text(text) => Ok(Cell::Text(text.into_owned())),
        other => Err(wrong("a text", &other)),
    }
}

fn int(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Int(v) => Ok(Cell::Int(v)),
        Given::Large(v) => i64::try_from(v)
            .map(Cell::Int)
            .map_err(|_| format!("{v} does not fit into a 64-bit whole number")),
        Given::Float(v) if v.is_nan() => Err(format!("is NaN{USE_NULL}")),
        Given::Float(v) if v.fract() != 0.0 => Err(format!("must be a whole number, not {v}")),
        Given::Float(v) if v.abs() > EXACT => {
            Err(format!("{v:e} is too large to be exact as a whole number"))
        }
        Given::Float(v) => Ok(Cell::Int(v as i64)),
        other => Err(wrong("a whole number", &other)),
    }
}

fn float(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Int(v) => Ok(Cell::Float(v as f64)),
        Given::Large(v) => Ok(Cell::Float(v as f64)),
        Given::Float(v) if v.is_nan() => Err(format!("is NaN{USE_NULL}")),
        Given::Float(v) => Ok(Cell::Float(v)),
        other => Err(wrong("a number", &other)),
    }
}

fn bool(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Bool(v) => Ok(Cell::Bool(v)),
        other => Err(wrong("true or false", &other)),
    }
}

fn timestamp(given: Given<'_>) -> Result<Cell, String> {
    match given {
        Given::Int(v) | Given::Time(v) => Ok(Cell::Int(v)),
        Given::Text(text) => match DateTime::parse_from_rfc3339(&text) {
            Ok(time) => Ok(Cell::Int(time.timestamp_micros())),
            Err(_) => Err(format!(
                "`{text}` isn't a time\n(hint: write 2026-11-23T14:30:05Z, or whole microseconds since 1970)"
            )),
        },
        other => Err(wrong("a time", &other)),
    }
}

fn wrong(wanted: &str, given: &Given<'_>) -> String {
    let found = match given {
        Given::Null => "nothing".to_owned(),
        Given::Bool(v) => v.to_string(),
        Given::Int(v) => v.to_string(),
        Given::Large(v) => v.to_string(),
        Given::Float(v) => v.to_string(),
        Given::Time(_) => "a time".to_owned(),
        Given::Other(what) => (*what).to_owned(),
        Given::Text(text) => {
            let hint = if stands_for_nothing(text) { USE_NULL } else { "" };
            return format!(
                "must be {wanted}, not the text `{}`{hint}",
                super::fault::excerpt(text.as_bytes(), 60)
            );
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

#[cfg(test)]
mod tests {
    use super::*;

    fn column(yaml: &str) -> Column {
        serde_saphyr::from_str(&format!("{{name: c, {yaml}}}")).unwrap()
    }

    #[test]
    fn numbers_are_taken_when_they_are_exact() {
        let int = column("type: int");
        assert_eq!(cell(&int, Given::Float(3.0)), Ok(Cell::Int(3)));
        assert_eq!(cell(&int, Given::Large(7)), Ok(Cell::Int(7)));
        assert!(cell(&int, Given::Float(3.5)).unwrap_err().contains("whole number, not 3.5"));
        assert!(cell(&int, Given::Float(1e300)).unwrap_err().contains("too large"));
        assert!(cell(&int, Given::Float(f64::INFINITY)).is_err());
        assert!(cell(&int, Given::Large(u64::MAX)).unwrap_err().contains("64-bit"));
        let float = column("type: float");
        assert_eq!(cell(&float, Given::Int(-2)), Ok(Cell::Float(-2.0)));
        assert!(cell(&float, Given::Float(f64::NAN)).unwrap_err().contains("write null"));
    }

    #[test]
    fn types_are_kept_apart() {
        for (kind, wrong) in [("text", Given::Int(1)), ("bool", Given::Int(1)), ("float", Given::Bool(true))]
        {
            let told = cell(&column(&format!("type: {kind}")), wrong).unwrap_err();
            assert!(told.starts_with("must be "), "{told}");
        }
        let told = cell(&column("type: float"), Given::Text("-Infinity".into())).unwrap_err();
        assert!(told.contains("`-Infinity`") && told.contains("write null"), "{told}");
        let told = cell(&column("type: int"), Given::Text("12".into())).unwrap_err();
        assert_eq!(told, "must be a whole number, not the text `12`");
        assert!(cell(&column("type: int"), Given::Other("a list")).unwrap_err().contains("not a list"));
    }

    #[test]
    fn ranges_sets_and_absence() {
        assert!(cell(&column("type: int, min: 1"), Given::Int(0)).unwrap_err().contains("outside 1 to …"));
        assert!(cell(&column("type: text, values: [a, b]"), Given::Text("c".into())).is_err());
        assert_eq!(cell(&column("type: int"), Given::Null), Ok(Cell::Null));
        assert!(cell(&column("type: int, nullable: false"), Given::Null).unwrap_err().contains("no value"));
    }

    #[test]
    fn times_come_in_two_forms() {
        let time = column("type: timestamp");
        let second = Ok(Cell::Int(1_000_000));
        assert_eq!(cell(&time, Given::Text("1970-01-01T01:00:01+01:00".into())), second);
        assert_eq!(cell(&time, Given::Int(1_000_000)), second);
        assert!(cell(&time, Given::Text("1970-01-01".into())).unwrap_err().contains("hint"));
    }
}
