//! Times that are hardly seconds since 1970: of another unit or epoch, or of a clock that was not set.

use chrono::{DateTime, NaiveDateTime, SecondsFormat};

use super::pace::period;
use super::place::Rows;

/// Seconds since 1970 from here on (year 5138) are no time of a recording.
const LARGEST: f64 = 1e11;
/// The last time in nanoseconds of 64 bits, where the engine stops.
const LAST: f64 = 9_223_372_036.0;
/// Recordings are made between 1980 and 2100.
const YEARS: std::ops::Range<f64> = 315_532_800.0..4_102_444_800.0;
/// Seconds between a clock that was not set and one that is.
const YEAR: f64 = 365.25 * 86_400.0;
/// Steps that are shorter are hardly ones of seconds, unless the times count from the start of the recording.
const SHORTEST: f64 = 0.01;
/// Numbers that stand for missing values, such as -999, are not further before 1970, in seconds.
const FEW_DAYS: f64 = 864_000.0;
/// Times from here on do not count from the start of such a recording.
const START: f64 = 10_000.0;

/// Another way to read a number as a time: seconds since 1970 are `number * factor / divisor - zero`.
struct Reading {
    name: &'static str,
    factor: f64,
    divisor: f64,
    zero: f64,
    /// In SQL, behind the number.
    sql: &'static str,
}

const fn reading(name: &'static str, factor: f64, divisor: f64, zero: f64, sql: &'static str) -> Reading {
    Reading { name, factor, divisor, zero, sql }
}

const SMALL_UNITS: [Reading; 5] = [
    reading("milliseconds since 1970", 1.0, 1e3, 0.0, " / 1000"),
    reading("microseconds since 1970", 1.0, 1e6, 0.0, " / 1000000"),
    reading("nanoseconds since 1970", 1.0, 1e9, 0.0, " / 1000000000"),
    reading("100 nanoseconds since 1601", 1.0, 1e7, 11_644_473_600.0, " / 10000000 - 11644473600"),
    reading("100 nanoseconds since the year 1", 1.0, 1e7, 62_135_596_800.0, " / 10000000 - 62135596800"),
];

const DAYS: [Reading; 5] = [
    reading(
        "days since 1899-12-30, as spreadsheets have them",
        86_400.0,
        1.0,
        2_209_161_600.0,
        " * 86400 - 2209161600",
    ),
    reading("days since 1970", 86_400.0, 1.0, 0.0, " * 86400"),
    reading(
        "days since the year 0, as MATLAB has them",
        86_400.0,
        1.0,
        62_167_305_600.0,
        " * 86400 - 62167305600",
    ),
    reading("modified Julian days", 86_400.0, 1.0, 3_506_716_800.0, " * 86400 - 3506716800"),
    reading("Julian days", 86_400.0, 1.0, 210_866_760_000.0, " * 86400 - 210866760000"),
];

impl Reading {
    fn seconds(&self, number: f64) -> f64 {
        number * self.factor / self.divisor - self.zero
    }
}

/// How numbers of a column that are times are read: what they are, what SQL has behind the column, and seconds since
/// 1970 of the first. Of numbers that may be seconds since 1970 these are the first choice.
pub(crate) fn reading_of(first: f64, last: f64) -> Option<(&'static str, &'static str, f64)> {
    const SECONDS: Reading = reading("seconds since 1970", 1.0, 1.0, 0.0, "");
    let all = std::iter::once(&SECONDS).chain(&SMALL_UNITS).chain(&DAYS).chain(&EPOCHS);
    let fits = |reading: &&Reading| {
        [first, last].iter().all(|&end| YEARS.start <= reading.seconds(end) && reading.seconds(end) < FUTURE)
    };
    all.into_iter().find(fits).map(|reading| (reading.name, reading.sql, reading.seconds(first)))
}

/// Why one time cannot be one, and what to do; `sql` is the expression it comes from.
pub(super) fn time(value: f64, sql: &str) -> Option<String> {
    if value < 0.0 {
        return Some(early(value));
    }
    if (value - LAST).abs() < 1.0 {
        return Some(
            "is the last time that `to_timestamp` gives (hint: it takes numbers for seconds; write the number of seconds \
             itself, such as `\"t\" / 1000` of milliseconds)"
                .to_owned(),
        );
    }
    if value < LARGEST {
        return None;
    }
    Some(match readings(&SMALL_UNITS, value, sql, YEARS) {
        Some(readings) => format!("is too large for seconds since 1970 (hint: it looks like {readings})"),
        None => match digits(value) {
            Some((time, form)) => format!(
                "is {} (hint: it looks like {time}, written as digits: list the column under `data.text_columns` and \
                 write `to_timestamp({}, '{form}')`)",
                date(value),
                number(sql)
            ),
            None => {
                format!("is {} (hint: if it stands for a time that is missing, remove the row)", date(value))
            }
        },
    })
}

/// A number whose digits are a date and a time, and the form they have.
fn digits(value: f64) -> Option<(NaiveDateTime, &'static str)> {
    let text = format!("{value}");
    let form = match text.len() {
        14 => "%Y%m%d%H%M%S",
        12 => "%Y%m%d%H%M",
        _ => return None,
    };
    let time = NaiveDateTime::parse_from_str(&text, form).ok()?;
    (1950..2100).contains(&chrono::Datelike::year(&time)).then_some((time, form))
}

/// Why a time before 1970 is hardly one of a recording.
fn early(value: f64) -> String {
    const TAKEN: &str = "`data.plausibility: false` takes such times as they are";
    let day = date(value);
    let time = DateTime::from_timestamp(value.floor() as i64, 0);
    let year = time.map_or(i32::MIN, |time| chrono::Datelike::year(&time));
    let hint = match year {
        0..=99 => {
            let century = if year < 80 { 2000 } else { 1900 };
            format!(
                "a year of two digits, probably {}: write `%y` instead of `%Y` in the form of `to_timestamp`",
                century + year
            )
        }
        // One that programs put into the wrong century.
        1900..=1968 if value < -FEW_DAYS => {
            format!("the year was probably written with two digits and is {}", year + 100)
        }
        _ => {
            "if it stands for a time that is missing, list it under `data.missing_values`, or remove the row"
                .to_owned()
        }
    };
    format!("is {day}, before 1970 (hint: {hint}; {TAKEN})")
}

/// The row of the first time that cannot be one beside the others, and why; of the rows that are kept.
pub(super) fn recording(times: &[f64], keep: &[bool], sql: &str) -> Option<(usize, String)> {
    let kept = || (0..times.len()).filter(|&row| keep[row]);
    let first = kept().min_by(|&a, &b| times[a].total_cmp(&times[b]))?;
    if times[first] >= YEARS.start {
        return None;
    }
    let mut sorted: Vec<f64> = kept().map(|row| times[row]).collect();
    sorted.sort_by(f64::total_cmp);
    let early = sorted.partition_point(|time| *time < YEARS.start);
    let reason = if let Some(next) = sorted.get(early) {
        unset(sorted[0], sorted[early - 1], *next, early)
    } else {
        in_days(&sorted, sql)
    };
    reason.map(|reason| (first, reason))
}

/// Some times near 1970 and others far from it.
fn unset(first: f64, last: f64, next: f64, rows: usize) -> Option<String> {
    (next - last > YEAR).then(|| {
        format!(
            "is {}, and the next time after {} is {}: a clock that was not set, or a number for a missing time (hint: \
             remove the {rows} row(s) before)",
            date(first),
            date(last),
            date(next)
        )
    })
}

/// All times in 1970 or soon after it, with steps of a few milliseconds.
fn in_days(sorted: &[f64], sql: &str) -> Option<String> {
    let mut steps: Vec<f64> =
        sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|&step| step > 0.0).collect();
    if sorted[0] < START || steps.is_empty() {
        return None;
    }
    let middle = (steps.len() - 1) / 2;
    let step = *steps.select_nth_unstable_by(middle, f64::total_cmp).1;
    let readings = readings(&DAYS, sorted[0], sql, YEARS).filter(|_| step < SHORTEST)?;
    Some(format!(
        "is {}, and the rows are {step:.2e} s apart, so it is hardly in seconds (hint: it looks like {readings}; \
         `data.plausibility: false` takes it as seconds)",
        date(sorted[0])
    ))
}

/// The readings by which a number is a time of a recording, in words.
fn readings(all: &[Reading], value: f64, sql: &str, years: std::ops::Range<f64>) -> Option<String> {
    let number = number(sql);
    let likely = all.iter().filter(|reading| years.contains(&reading.seconds(value)));
    let words: Vec<String> = likely
        .map(|reading| {
            let time = date(reading.seconds(value));
            format!("{}, {time}: write `{number}{}`", reading.name, reading.sql)
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; or "))
}

/// Epochs of programs whose seconds are in the future if they are taken for seconds since 1970.
const EPOCHS: [Reading; 4] = [
    reading(
        "seconds since 1904, as LabVIEW and classic Mac count",
        1.0,
        1.0,
        2_082_844_800.0,
        " - 2082844800",
    ),
    reading("seconds since 1900, as NTP counts", 1.0, 1.0, 2_208_988_800.0, " - 2208988800"),
    reading("seconds since 1960, as SAS counts", 1.0, 1.0, 315_619_200.0, " - 315619200"),
    reading("seconds since 1582, as SPSS counts", 1.0, 1.0, 12_219_379_200.0, " - 12219379200"),
];
/// Times from here on (year 2050) are told.
const FUTURE: f64 = 2_524_608_000.0;

/// What is doubtful about the times of a recording that are taken all the same.
pub(super) fn doubt(times: &[f64], sql: &str) -> Option<String> {
    let first = times.iter().copied().min_by(f64::total_cmp)?;
    let last = times.iter().copied().max_by(f64::total_cmp)?;
    let run = format!("the times run from {} to {}", date(first), date(last));
    if last < YEARS.start {
        let number = number(sql);
        return Some(format!(
            "{run} (hint: if they count from the start of the recording, hours of the day are hours since then; if they \
             are not in seconds, write `{number} * 60` of minutes, `{number} * 3600` of hours, `{number} * 86400` of days, `{number} / 1000` of \
             milliseconds)"
        ));
    }
    let readings = readings(&EPOCHS, first, sql, YEARS.start..FUTURE).filter(|_| first >= FUTURE)?;
    Some(format!("{run} (hint: shifted for privacy? else it looks like {readings})"))
}

/// Times that are no more than one in so many are few.
const FEW_IN: usize = 10;
/// Rows of which one comes every year have no times far from each other.
const MANY_PERIODS: f64 = 100.0;

/// A few times that lie more than a year from all others: of a clock that was not set, or in place of a missing one.
pub(super) fn apart(times: &[f64], rows: Rows<'_>) -> Option<String> {
    let all = times.len();
    let few = (all / FEW_IN).max(1);
    if all <= 2 * few {
        return None;
    }
    let mut sorted: Vec<usize> = (0..all).collect();
    sorted.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    let far = YEAR.max(MANY_PERIODS * period(times, &sorted)?);
    let is_gap = |&at: &usize| times[sorted[at]] - times[sorted[at - 1]] > far;
    let early = (1..=few).rev().find(is_gap).unwrap_or(0);
    let late = (all - few..all).find(is_gap).unwrap_or(all);
    let odd = early + all - late;
    let first = *sorted[..early].iter().chain(&sorted[late..]).next()?;
    let (is, which, remove) =
        if odd == 1 { ("is", "", "the row") } else { ("are", "the first ", "the rows") };
    let others = &sorted[early..late];
    Some(format!(
        "{odd} of {all} times {is} more than a year from all others ({} to {}): {which}{} at {} (hint: a clock that was \
         not set, or a number for a missing time? If so, remove {remove})",
        date(times[others[0]]),
        date(times[others[others.len() - 1]]),
        date(times[first]),
        rows.at(first)
    ))
}

/// An expression as a part of another one.
fn number(sql: &str) -> String {
    let is_name = sql.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '"');
    if is_name { sql.to_owned() } else { format!("({sql})") }
}

/// A time in words.
fn date(seconds: f64) -> String {
    let time = DateTime::from_timestamp(seconds.floor() as i64, 0);
    time.map_or_else(
        || "beyond the calendar".to_owned(),
        |time| time.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

#[cfg(test)]
mod tests;
