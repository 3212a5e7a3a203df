//! Texts without an offset, read on the clock of a time zone.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, TimeUnit};
use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use datafusion::common::exec_err;
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Functions that read a time from a text.
pub(super) const NAMES: [&str; 5] = [
    "to_timestamp",
    "to_timestamp_seconds",
    "to_timestamp_millis",
    "to_timestamp_micros",
    "to_timestamp_nanos",
];

/// The engine's function, reading texts without an offset on the clock of `zone`.
///
/// The engine can do that too, but not where an hour comes twice.
pub(super) fn in_zone(engine: &Arc<ScalarUDF>, zone: Tz) -> Option<Arc<ScalarUDF>> {
    let with_offset = |offset: &str| {
        let mut config = ConfigOptions::default();
        config.execution.time_zone = Some(offset.to_owned());
        engine.inner().with_updated_config(&config).map(Arc::new)
    };
    let function = InZone {
        zone,
        plain: Arc::clone(engine),
        at_utc: with_offset("+00:00")?,
        elsewhere: with_offset("+12:00")?,
        signature: Signature::variadic_any(Volatility::Immutable),
    };
    Some(Arc::new(ScalarUDF::from(function)))
}

/// A function in a zone. What a text is depends on whether it has an offset: then it is read as the same time
/// whatever the clock of who reads it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct InZone {
    zone: Tz,
    plain: Arc<ScalarUDF>,
    at_utc: Arc<ScalarUDF>,
    elsewhere: Arc<ScalarUDF>,
    signature: Signature,
}

impl ScalarUDFImpl for InZone {
    fn name(&self) -> &str {
        self.plain.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        let unit = match self.plain.return_type(args)? {
            DataType::Timestamp(unit, _) => unit,
            _ => TimeUnit::Nanosecond,
        };
        Ok(DataType::Timestamp(unit, Some(self.zone.name().into())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let own = args.return_field.data_type().clone();
        let is_text = args.args.first().is_some_and(|first| {
            matches!(first.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        });
        let ticks = if is_text {
            let utc = ticks(&self.at_utc, &args)?;
            let elsewhere = ticks(&self.elsewhere, &args)?;
            let DataType::Timestamp(unit, _) = own else { return exec_err!("not a time") };
            instants(self.zone, per_second(unit), &utc, &elsewhere)?
        } else {
            ticks(&self.plain, &args)?
        };
        Ok(ColumnarValue::Array(cast(&(Arc::new(ticks) as ArrayRef), &own)?))
    }
}

/// What a function gives, as whole numbers of its unit since 1970.
fn ticks(function: &Arc<ScalarUDF>, args: &ScalarFunctionArgs) -> Result<Int64Array> {
    let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
    let mut args = args.clone();
    args.return_field = Arc::new(Field::new(function.name(), function.return_type(&types)?, true));
    let rows = args.number_rows;
    let times = function.inner().invoke_with_args(args)?.into_array(rows)?;
    Ok(cast(&times, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// A time as it was read.
#[derive(Clone, Copy)]
enum Time {
    Missing,
    Known(i64),
    /// The hour comes twice: both readings.
    Twice(i64, i64),
}

/// Times since 1970. A text that gives the same time at both offsets has an offset of its own; another one is a time
/// on the clock of the zone.
fn instants(zone: Tz, per_second: i64, utc: &Int64Array, elsewhere: &Int64Array) -> Result<Int64Array> {
    let mut times = Vec::with_capacity(utc.len());
    let mut before: Option<i64> = None;
    let mut backwards: Option<NaiveDateTime> = None;
    for row in 0..utc.len() {
        if utc.is_null(row) || elsewhere.is_null(row) {
            times.push(Time::Missing);
            continue;
        }
        let local = utc.value(row);
        if local == elsewhere.value(row) {
            times.push(Time::Known(local));
            continue;
        }
        let seconds = local.div_euclid(per_second);
        let Some(clock) = DateTime::from_timestamp(seconds, 0).map(|time| time.naive_utc()) else {
            return exec_err!("the time {seconds} is out of range");
        };
        let instant = |offset: i32| local - i64::from(offset) * per_second;
        let time = match zone.offset_from_local_datetime(&clock) {
            MappedLocalTime::Single(offset) => Time::Known(instant(offset.fix().local_minus_utc())),
            MappedLocalTime::Ambiguous(early, late) => {
                Time::Twice(instant(early.fix().local_minus_utc()), instant(late.fix().local_minus_utc()))
            }
            MappedLocalTime::None => {
                return exec_err!(
                    "{clock} is not a time in {zone}: the clocks are set forward over it (hint: if the recorder did not \
                     change its clock, set `data.utc_offset_hours` instead of `data.time_zone`)"
                );
            }
        };
        if before.is_some_and(|before| local < before) && !matches!(time, Time::Twice(..)) {
            backwards = Some(clock);
        }
        before = Some(local);
        times.push(time);
    }
    if let (Some(clock), true) = (backwards, times.iter().any(|time| matches!(time, Time::Twice(..)))) {
        return exec_err!(
            "the clocks of {zone} are set back in this recording, and its rows are not in the order of time ({clock} \
             follows a later one), so it cannot be known which of the equal times is the first (hint: sort the file by \
             the time it was written, or write offsets)"
        );
    }
    Ok(settled(&times))
}

/// Decides between the readings of hours that come twice: time goes on from row to row; a stretch that fits into
/// either hour is put where it leaves the smaller gap.
fn settled(times: &[Time]) -> Int64Array {
    let mut settled: Vec<Option<i64>> = Vec::with_capacity(times.len());
    let mut last: Option<i64> = None;
    let mut row = 0;
    while row < times.len() {
        match times[row] {
            Time::Missing => settled.push(None),
            Time::Known(time) => {
                settled.push(Some(time));
                last = Some(time);
            }
            Time::Twice(..) => {
                let end =
                    (row..times.len()).find(|&at| matches!(times[at], Time::Known(_))).unwrap_or(times.len());
                let next = times
                    .get(end)
                    .and_then(|time| if let Time::Known(time) = time { Some(*time) } else { None });
                let stretch = stretch(&times[row..end], last, next);
                last = stretch.iter().rev().copied().flatten().next().or(last);
                settled.extend(stretch);
                row = end;
                continue;
            }
        }
        row += 1;
    }
    Int64Array::from(settled)
}

/// The times of neighbouring rows that all fall into an hour that comes twice.
fn stretch(times: &[Time], last: Option<i64>, next: Option<i64>) -> Vec<Option<i64>> {
    let mut first_pass = true;
    let mut early = Vec::with_capacity(times.len());
    let mut before: Option<i64> = None;
    for time in times {
        let Time::Twice(first, second) = *time else {
            early.push(None);
            continue;
        };
        // The clock was set back where it does not go on.
        if before.is_some_and(|before| first <= before) {
            first_pass = false;
        }
        before = Some(first);
        early.push(Some(if first_pass { first } else { second }));
    }
    let late: Vec<Option<i64>> = times
        .iter()
        .map(|time| if let Time::Twice(_, second) = time { Some(*second) } else { None })
        .collect();
    if !first_pass {
        return early;
    }
    let known = |times: &[Option<i64>]| {
        (times.iter().flatten().next().copied(), times.iter().flatten().last().copied())
    };
    let (Some(early_start), _) = known(&early) else { return early };
    let (_, Some(late_end)) = known(&late) else { return early };
    match (last, next) {
        (None, Some(_)) => late,
        (Some(last), Some(next)) if next - late_end < early_start - last => late,
        _ => early,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: Tz = Tz::Europe__Berlin;

    /// Texts as seconds since 1970, read on the clock of Berlin.
    fn read(texts: &[&str]) -> Result<Vec<Option<i64>>> {
        let parse = |offset: i64| -> Int64Array {
            texts
                .iter()
                .map(|text| {
                    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
                        return Some(time.timestamp());
                    }
                    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok()?;
                    Some(time.and_utc().timestamp() - offset)
                })
                .collect()
        };
        Ok(instants(BERLIN, 1, &parse(0), &parse(12 * 3600))?.iter().collect())
    }

    fn utc(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp()
    }

    #[test]
    fn summer_winter_and_offsets() {
        let read = read(&["2026-01-05T12:00", "2026-07-05T12:00", "", "2026-07-05T12:00:00-03:00"]).unwrap();
        let expected = [
            Some(utc("2026-01-05T11:00:00Z")),
            Some(utc("2026-07-05T10:00:00Z")),
            None,
            Some(utc("2026-07-05T15:00:00Z")),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn the_hour_that_comes_twice_goes_on_from_row_to_row() {
        let texts = [
            "2026-10-25T01:30",
            "2026-10-25T02:00",
            "2026-10-25T02:30",
            "2026-10-25T02:00",
            "",
            "2026-10-25T02:30",
            "2026-10-25T03:00",
        ];
        let start = utc("2026-10-24T23:30:00Z");
        let expected: Vec<Option<i64>> =
            [0, 1, 2, 3, -1, 4, 5].iter().map(|&step| (step >= 0).then_some(start + 1800 * step)).collect();
        assert_eq!(read(&texts).unwrap(), expected);
        // An hour a row: the same text twice.
        let hourly = ["2026-10-25T01:30", "2026-10-25T02:30", "2026-10-25T02:30", "2026-10-25T03:30"];
        let expected: Vec<Option<i64>> = (0..4).map(|step| Some(start + 3600 * step)).collect();
        assert_eq!(read(&hourly).unwrap(), expected);
    }

    #[test]
    fn a_stretch_in_one_of_both_hours_is_put_where_the_gap_is_smaller() {
        let second = Some(utc("2026-10-25T01:40:00Z"));
        // The recording starts in the second of both hours, or its first is missing.
        assert_eq!(read(&["2026-10-25T02:40", "2026-10-25T03:00"]).unwrap()[0], second);
        assert_eq!(read(&["2026-10-25T01:00", "2026-10-25T02:40", "2026-10-25T03:00"]).unwrap()[1], second);
        // It stops in the first.
        let first = Some(utc("2026-10-25T00:40:00Z"));
        assert_eq!(read(&["2026-10-25T01:59", "2026-10-25T02:40"]).unwrap()[1], first);
        assert_eq!(read(&["2026-10-25T02:40"]).unwrap()[0], first);
    }

    #[test]
    fn what_cannot_be_known_is_refused() {
        let gap = read(&["2026-03-29T02:30"]).unwrap_err().to_string();
        assert!(gap.contains("2026-03-29 02:30:00 is not a time in Europe/Berlin"), "{gap}");
        let mixed = ["2026-10-25T04:00", "2026-10-25T01:00", "2026-10-25T02:30"];
        let error = read(&mixed).unwrap_err().to_string();
        assert!(error.contains("2026-10-25 01:00:00 follows a later one"), "{error}");
        assert!(read(&["2026-10-26T04:00", "2026-10-26T01:00"]).is_ok(), "no hour comes twice here");
    }
}
