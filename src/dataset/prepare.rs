//! From a user's values to a series of symbols.

use super::clock;
use super::day_hours::{Read, day_hours};
use super::error::DatasetError;
use super::frame::UserFrame;
use super::pace;
use super::place::Rows;
use super::plausible;
use super::series::Series;
use super::symbols;
use crate::config::{Config, MissingTarget};

/// The series of one source.
///
/// In this order: rows without a source value are dropped, and (by configuration) those without a
/// target or condition value; the times of what is left are checked; rows are put in order; too
/// few rows are refused; values become symbols; segments are found.
pub(super) fn series(config: &Config, frame: &UserFrame, source: &[f64]) -> Result<Series, DatasetError> {
    let data = &config.data;
    let rows = frame.rows();
    let missing = |values: &[f64]| values.iter().filter(|value| value.is_nan()).count();
    let break_at_missing = data.missing_target == MissingTarget::Break;
    let has_source = |row: usize| !source[row].is_nan();
    let has_target = |row: usize| !break_at_missing || !frame.target[row].is_nan();
    let has_condition = |row: usize| frame.condition.as_ref().is_none_or(|values| !values[row].is_nan());
    let keep: Vec<bool> =
        (0..rows).map(|row| has_source(row) && has_target(row) && has_condition(row)).collect();
    let rows_without_target = missing(&frame.target);
    let needed = (data.min_rows as usize).max(1);
    if rows == 0 {
        return Err(DatasetError::TooFewRows { found: 0, needed, read: 0 });
    }
    if break_at_missing && rows_without_target == rows {
        return Err(DatasetError::NoLabels { rows });
    }
    clock::check(config, frame, &keep)?;
    let order = clock::order(config, frame)?;
    let kept: Vec<usize> = order.iter().copied().filter(|&row| keep[row]).collect();
    if kept.len() < needed {
        return Err(DatasetError::TooFewRows { found: kept.len(), needed, read: rows });
    }
    let of = |values: &[f64]| -> Vec<f64> { kept.iter().map(|&row| values[row]).collect() };
    let places = Rows { lines: &frame.lines, kept: &kept };
    let wall = clock::WallClock::of(data);
    let times = frame.timestamp.as_deref().map_or_else(Vec::new, of);
    let hour: Vec<u8> = times.iter().map(|&time| wall.hour(time)).collect();
    let own_condition = frame.condition.as_ref().map(|values| of(values));
    let (condition, condition_levels) = condition(config, own_condition.as_deref(), &hour, places)?;
    let (source_kept, target_kept) = (of(source), of(&frame.target));
    Ok(Series {
        doubts: doubts(config, frame, &source_kept, &target_kept, places),
        source: symbols::source(data, &source_kept, places)?,
        target: symbols::target(data, &target_kept, places)?,
        condition,
        condition_levels,
        hour,
        day_hours: match &frame.timestamp {
            Some(times) if config.runtime.day_hours.is_on() => {
                day_hours(Read { times, source, target: &frame.target, keep: &keep }, wall)
            }
            _ => Vec::new(),
        },
        local: times.into_iter().map(|time| wall.local(time)).collect(),
        period: frame.timestamp.as_deref().and_then(|times| pace::period(times, &order)),
        segment_starts: clock::segments(config, frame, &order, &keep),
        long_steps: pace::long_steps(config, frame, &order, &keep),
        rows_read: rows,
        rows_without_source: missing(source),
        rows_without_target,
        rows_without_condition: frame.condition.as_deref().map_or(0, missing),
    })
}

/// What is doubtful about values that are used all the same.
fn doubts(config: &Config, frame: &UserFrame, source: &[f64], target: &[f64], rows: Rows<'_>) -> Vec<String> {
    let mut doubts = Vec::new();
    if let (Some(times), true) = (&frame.timestamp, config.data.plausibility) {
        let times: Vec<f64> = rows.kept.iter().map(|&row| times[row]).collect();
        doubts.extend(plausible::doubt(&times, config.data.timestamp.as_deref().unwrap_or_default()));
        doubts.extend(plausible::apart(&times, rows));
    }
    for (role, values) in [("source", source), ("target", target)] {
        if config.data.plausibility {
            doubts.extend(stand_in(role, values, rows));
        }
        let infinite = |value: &f64| value.is_infinite();
        if let Some(first) = values.iter().position(infinite) {
            let count = values.iter().filter(|value| infinite(value)).count();
            let place = rows.at(first);
            doubts.push(format!(
                "the {role} has {count} infinite value(s), the first at {place}; they count as its largest or smallest \
                 (hint: a division by zero? `nullif(x, 0)` makes it a missing value)"
            ));
        }
    }
    doubts.extend(always("target", &config.data.target, target));
    if let (Some(sql), Some(values)) = (&config.data.condition, &frame.condition) {
        let kept: Vec<f64> = rows.kept.iter().map(|&row| values[row]).collect();
        doubts.extend(always("condition", sql, &kept));
    }
    doubts
}

/// What is said of values that are all the same, as those of a comparison are that no text fits.
fn always(role: &str, sql: &str, values: &[f64]) -> Option<String> {
    let mut known = values.iter().filter(|value| !value.is_nan());
    let first = known.next()?;
    let rows = 1 + known.clone().count();
    known.all(|value| value.total_cmp(first).is_eq()).then(|| {
        format!(
            "the {role} is {first} in all {rows} rows (hint: does `data.{role}: {sql}` name the labels as the file has \
             them?)"
        )
    })
}

/// Numbers that programs write for missing values.
const STAND_INS: [f64; 10] =
    [-9.0, -99.0, -999.0, -9999.0, -99_999.0, -1e9, 999.0, 9999.0, 99_999.0, 999_999.0];

/// Ends of types of numbers, and fill values of formats, which programs write for missing values.
const FILLS: [(f64, &str); 12] = [
    (65_535.0, "the largest number of 16 bits"),
    (32_767.0, "the largest number of 16 bits with a sign"),
    (-32_768.0, "the least number of 16 bits with a sign"),
    (4_294_967_295.0, "the largest number of 32 bits"),
    (2_147_483_647.0, "the largest number of 32 bits with a sign"),
    (-2_147_483_648.0, "the least number of 32 bits with a sign"),
    (18_446_744_073_709_551_616.0, "the largest number of 64 bits"),
    (9_223_372_036_854_775_808.0, "the largest number of 64 bits with a sign"),
    (9.969_209_968_386_869e36, "what netCDF fills gaps with"),
    (1e20, "what climate files fill gaps with"),
    (1e30, "what programs fill gaps with"),
    (3.402_823_5e38, "the largest number of single precision"),
];

/// What a number is the end of, or fills; with either sign, and as single precision has it.
fn fill(number: f64) -> Option<String> {
    let single = |number: f64| number as f32;
    let is = |other: f64| {
        number.total_cmp(&other).is_eq()
            || other.abs() > 1e9
                && single(number).is_finite()
                && single(number).total_cmp(&single(other)).is_eq()
    };
    let all = FILLS.iter().chain(&[(f64::MAX, "the largest number of double precision")]);
    let (other, what) = all.copied().find(|(other, _)| is(*other) || *other > 1e18 && is(-other))?;
    let is_least = number.is_sign_negative() && other.is_sign_positive();
    Some(if is_least { what.replace("largest", "least") } else { what.to_owned() })
}

/// A number as a file and a configuration can have it, large ones without their many zeros.
fn written(number: f64) -> String {
    if number.abs() < 1e16 { number.to_string() } else { format!("{number:e}") }
}

/// A number that stands for missing values among others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StandIn {
    /// The number.
    pub end: f64,
    /// How many values it is.
    pub count: usize,
    /// The first of them.
    first: usize,
    /// The least and the largest of all others.
    pub others: (f64, f64),
}

/// The number among values that programs write for missing ones, and that lies far from all others.
pub(crate) fn stand_in_of(values: &[f64]) -> Option<StandIn> {
    let known = || values.iter().copied().filter(|value| value.is_finite());
    let ends = [known().min_by(f64::total_cmp)?, known().max_by(f64::total_cmp)?];
    let is_known = |end: &f64| STAND_INS.contains(end) || fill(*end).is_some();
    ends.into_iter().filter(is_known).find_map(|end| {
        let is = |value: &f64| value.total_cmp(&end).is_eq();
        let others = || known().filter(|value| !is(value));
        let (least, most) = (others().min_by(f64::total_cmp)?, others().max_by(f64::total_cmp)?);
        let away = (end - least).abs().min((end - most).abs());
        let (count, first) = (known().filter(is).count(), values.iter().position(is)?);
        (count > 1 && away > most - least).then_some(StandIn { end, count, first, others: (least, most) })
    })
}

/// What is said of values that are all of one such number and lie far from all others.
fn stand_in(role: &str, values: &[f64], rows: Rows<'_>) -> Option<String> {
    let StandIn { end, count, first, others: (least, most) } = stand_in_of(values)?;
    let number = written(end);
    let which = match fill(end) {
        Some(what) => format!("{number} is {what}; if it"),
        None => "if it".to_owned(),
    };
    Some(format!(
        "the {role} is {number} in {count} rows, the first at {}, and from {} to {} in all others (hint: {which} stands \
         for a missing value, set `data.missing_values: [{number}]`)",
        rows.at(first),
        written(least),
        written(most)
    ))
}

/// Condition symbols and how many there can be: those of the expression, else the hour bins, else
/// one for all.
fn condition(
    config: &Config,
    own: Option<&[f64]>,
    hour: &[u8],
    rows: Rows<'_>,
) -> Result<(Vec<i32>, u32), DatasetError> {
    if let Some(values) = own {
        let symbols = symbols::whole("condition", values, rows)?;
        let levels = symbols.iter().max().map_or(0, |&largest| largest as u32 + 1);
        return Ok((symbols, levels));
    }
    if hour.is_empty() {
        return Ok((vec![0; rows.kept.len()], 1));
    }
    let bins = clock::hour_bins(config.hour_bins);
    let symbols = hour.iter().map(|&hour| bins[usize::from(hour)]).collect();
    Ok((symbols, config.hour_bins.max(1)))
}

#[cfg(test)]
mod tests;
