//! Values that are symbols already, and what the predecessor made of those that are not.

use super::error::DatasetError;
use super::place::Rows;
use super::quantiles;
use crate::config::{DataConfig, Discretize};

/// Largest symbol accepted as it is; a larger one is a measurement, not a symbol.
const LARGEST: f64 = 65_535.0;

/// Symbols of the source; no value is missing.
pub(super) fn source(data: &DataConfig, values: &[f64], rows: Rows<'_>) -> Result<Vec<i32>, DatasetError> {
    match data.discretize_source {
        Discretize::Quantiles { bins, rule } => quantiles::discretise("source", values, rows, bins, rule),
        Discretize::None => {
            let symbols = whole("source", values, rows)?;
            if symbols.iter().all(|&symbol| symbol == symbols[0]) {
                return Err(DatasetError::NoVariance { role: "source", rows: values.len() });
            }
            Ok(symbols)
        }
    }
}

/// Symbols of the target; a missing value (NaN) becomes 0.
///
/// A target that never changes is let through when it is taken as it is: the measures say what
/// that means for each of them.
pub(super) fn target(data: &DataConfig, values: &[f64], rows: Rows<'_>) -> Result<Vec<i32>, DatasetError> {
    let present: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan()).collect();
    let known: Vec<f64> = present.iter().map(|&row| values[row]).collect();
    let kept: Vec<usize> = present.iter().map(|&row| rows.kept[row]).collect();
    let known_rows = Rows { kept: &kept, ..rows };
    let symbols = match data.discretize_target {
        Discretize::Quantiles { bins, rule } => {
            quantiles::discretise("target", &known, known_rows, bins, rule)?
        }
        Discretize::None if data.plausibility => whole("target", &known, known_rows)?,
        Discretize::None => known.iter().copied().map(truncated).collect(),
    };
    let mut all = vec![0; values.len()];
    for (row, symbol) in present.into_iter().zip(symbols) {
        all[row] = symbol;
    }
    Ok(all)
}

/// Whole numbers from 0, or the first value that is none; no value is missing.
pub(super) fn whole(role: &'static str, values: &[f64], rows: Rows<'_>) -> Result<Vec<i32>, DatasetError> {
    let symbol = |(index, &value): (usize, &f64)| {
        let reason = if value.is_infinite() {
            "is infinite; a symbol is a whole number from 0 (hint: a division by zero? `nullif(x, 0)` makes it a missing value)"
        } else if value < 0.0 {
            "is negative; a symbol is a whole number from 0 (hint: if it stands for a missing value, list it under \
             `data.missing_values`; else use `discretize: {quantiles: 5}`)"
        } else if value.fract() != 0.0 {
            "is not a whole number (hint: use `discretize: {quantiles: 5}`, or round it in the expression)"
        } else if value > LARGEST {
            "is larger than 65535, too large for a symbol (hint: use `discretize: {quantiles: 5}`)"
        } else {
            return Ok(value as i32);
        };
        Err(DatasetError::NotASymbol { role, place: rows.at(index), value, reason })
    };
    values.iter().enumerate().map(symbol).collect()
}

/// What the predecessor makes of a label: truncated towards zero as a 64-bit integer, whose lower
/// half is kept. Infinite and huge values end as the lower half of the smallest integer: 0.
fn truncated(value: f64) -> i32 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if value.abs() < LIMIT { value as i64 as i32 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::place::{Lines, Rows};
    use super::{truncated, whole};

    #[test]
    fn labels_of_the_predecessor() {
        let cases = [
            (0.7, 0),
            (-0.7, 0),
            (2.0, 2),
            (-1.5, -1),
            (f64::INFINITY, 0),
            (f64::NEG_INFINITY, 0),
            (1e300, 0),
            (4_294_967_297.0, 1),
        ];
        for (value, symbol) in cases {
            assert_eq!(truncated(value), symbol, "{value}");
        }
    }

    #[test]
    fn only_whole_numbers_are_symbols() {
        let lines = Lines::new(vec![2, 3, 4, 5]);
        let rows = Rows { lines: &lines, kept: &[0, 1, 2, 3] };
        assert_eq!(whole("source", &[0.0, 3.0, 65_535.0, -0.0], rows).unwrap()[1], 3);
        for value in [0.5, -1.0, f64::INFINITY, 65_536.0] {
            let error = whole("source", &[1.0, value], rows).unwrap_err();
            assert_eq!(error.code(), "not_a_symbol");
            assert!(error.to_string().starts_with("line 3: source value"), "{error}");
        }
    }
}
