//! A field as Python wrote it, as a value of a column.

use super::form::has_comma;
use crate::schema::{Cell, ColumnType};

/// Texts that pandas and Python write for no value.
const MISSING: [&str; 8] = ["", "nan", "NaN", "None", "NA", "<NA>", "null", "NULL"];

/// Largest whole number that a double holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value of a field, or what is wrong with it.
pub(super) fn cell(kind: ColumnType, text: &str) -> Result<Cell, String> {
    let text = text.trim();
    if MISSING.contains(&text) {
        return Ok(Cell::Null);
    }
    match kind {
        ColumnType::Text => Ok(Cell::Text(text.to_owned())),
        ColumnType::Bool => match text {
            "True" | "true" | "TRUE" | "1" | "1.0" => Ok(Cell::Bool(true)),
            "False" | "false" | "FALSE" | "0" | "0.0" => Ok(Cell::Bool(false)),
            _ => Err(format!("`{}` is neither True nor False", shown(text))),
        },
        ColumnType::Int => int(text).map(Cell::Int),
        ColumnType::Float => float(text).map(Cell::Float),
        ColumnType::Timestamp => Err("is a time, which no file of the predecessor has".to_owned()),
    }
}

/// A whole number; pandas writes `3.0` for 3 where the column has gaps.
pub(super) fn int(text: &str) -> Result<i64, String> {
    if let Ok(whole) = text.trim().parse::<i64>() {
        return Ok(whole);
    }
    match text.trim().parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < EXACT => Ok(value as i64),
        _ => Err(format!("`{}` is not a whole number", shown(text))),
    }
}

fn float(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(value) if value.is_infinite() => Err("is infinite, which no table holds".to_owned()),
        // Without the number, so that thousands of rows are told in one line.
        _ if has_comma(text) => Err("is a number with a comma".to_owned()),
        _ => Err(format!("`{}` is not a number", shown(text))),
    }
}

/// A field as it is shown: at most 40 characters, control characters escaped.
pub(super) fn shown(text: &str) -> String {
    crate::dataset::shown(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes() {
        use ColumnType::{Bool, Float, Int, Text};
        assert_eq!(cell(Bool, "True"), Ok(Cell::Bool(true)));
        assert_eq!(cell(Bool, "0.0"), Ok(Cell::Bool(false)));
        assert_eq!(cell(Int, "3.0"), Ok(Cell::Int(3)));
        assert_eq!(cell(Float, "1e-05"), Ok(Cell::Float(1e-5)));
        assert_eq!(cell(Text, "[0, 4]"), Ok(Cell::Text("[0, 4]".into())));
        for kind in [Bool, Float, Int, Text] {
            assert_eq!(cell(kind, "nan"), Ok(Cell::Null));
            assert_eq!(cell(kind, " "), Ok(Cell::Null));
        }
        for (kind, text) in
            [(Bool, "2"), (Bool, "yes"), (Int, "3.5"), (Int, "1e300"), (Float, "inf"), (Float, "0.8x")]
        {
            assert!(cell(kind, text).is_err(), "{text}");
        }
    }
}
