//! Which column is the time, and how it is read.

use super::layout::{is_clock, is_date};
use super::sql::quoted;
use super::words::tokens;
use crate::dataset::{GlimpsedColumn, Value, form_of, reading_of, seconds_of};

/// Values that are looked at.
const LOOKED_AT: usize = 400;
/// Share of values that have to be times.
const MOST: f64 = 0.9;

/// How times are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clock {
    /// The SQL expression.
    pub(super) sql: String,
    /// The columns it reads.
    pub(super) columns: Vec<String>,
    /// Whether they are read as text.
    pub(super) is_text: bool,
    /// What the times are, in words.
    pub(super) unit: String,
    /// Whether hours of the day are those of UTC unless a zone is set.
    pub(super) is_utc: bool,
    /// The zone that the texts name.
    pub(super) zone: Option<String>,
    /// Whether all times are before 1970, as texts of recordings that were shifted for privacy are.
    pub(super) is_shifted: bool,
    /// What has to be said about it.
    pub(super) note: Option<String>,
}

/// What is said where dates do not tell.
const UNSURE: &str = "whether the day or the month comes first cannot be told from the dates; the month was taken (else swap \
                      `%m` and `%d` in `data.timestamp`)";

impl Clock {
    /// Whether day and month may be either.
    pub(super) fn is_unsure(&self) -> bool {
        self.note.as_deref() == Some(UNSURE)
    }
}

/// The likeliest time of a table; one that never changes is none.
pub(super) fn clock(columns: &[GlimpsedColumn], day_first: Option<bool>) -> Option<Clock> {
    let is_moving = |column: &&GlimpsedColumn| {
        changes(&column.values.iter().filter(|value| **value != Value::Missing).collect::<Vec<_>>())
    };
    let of_one = columns.iter().filter(is_moving).filter_map(|column| of_column(column, day_first));
    let found = of_one.chain(of_two(columns, day_first));
    found.rev_max()
}

/// Whether values change, if there are several.
fn changes<T: PartialEq>(values: &[T]) -> bool {
    values.len() < 2 || values.iter().any(|value| *value != values[0])
}

/// The first of the likeliest.
trait RevMax: Iterator<Item = (u32, Clock)> + Sized {
    fn rev_max(self) -> Option<Clock> {
        let all: Vec<(u32, Clock)> = self.collect();
        all.into_iter().rev().max_by_key(|(likely, _)| *likely).map(|(_, clock)| clock)
    }
}

impl<I: Iterator<Item = (u32, Clock)>> RevMax for I {}

/// The time that a named column holds.
pub(super) fn of_named(columns: &[GlimpsedColumn], name: &str, day_first: Option<bool>) -> Option<Clock> {
    let column = columns.iter().find(|column| column.name == name)?;
    let plain = || Clock {
        sql: quoted(name),
        columns: vec![name.to_owned()],
        is_text: false,
        unit: "numbers, taken as seconds".to_owned(),
        is_utc: true,
        zone: None,
        is_shifted: false,
        note: None,
    };
    let mut renamed = column.clone();
    // What was named is a time, whatever it is called.
    "time".clone_into(&mut renamed.name);
    let found = of_column(&renamed, day_first).map(|(_, clock)| Clock {
        sql: clock.sql.replace("\"time\"", &quoted(name)),
        columns: vec![name.to_owned()],
        ..clock
    });
    Some(found.unwrap_or_else(plain))
}

/// Whether a name says that the column holds times.
fn is_named_so(name: &str) -> bool {
    const WORDS: [&str; 15] = [
        "time",
        "timestamp",
        "datetime",
        "date",
        "ts",
        "epoch",
        "unix",
        "unixtime",
        "t",
        "timenum",
        "zeit",
        "datum",
        "heure",
        "hora",
        "stamp",
    ];
    let lower = name.to_lowercase();
    tokens(&lower).iter().any(|token| WORDS.contains(&token.as_str()))
        || lower.ends_with("time")
        || lower.contains("timestamp")
        || lower.contains("datetime")
}

fn of_column(column: &GlimpsedColumn, day_first: Option<bool>) -> Option<(u32, Clock)> {
    let named = u32::from(is_named_so(&column.name)) * 10;
    let numbers: Vec<f64> =
        column.values.iter().filter_map(|v| if let Value::Number(n) = v { Some(*n) } else { None }).collect();
    let known = column.values.iter().filter(|value| **value != Value::Missing).count();
    let make = |sql: String, unit: &str, is_utc: bool| Clock {
        sql,
        columns: vec![column.name.clone()],
        is_text: false,
        unit: unit.to_owned(),
        is_utc,
        zone: None,
        is_shifted: false,
        note: None,
    };
    if column.is_time {
        let distinct = numbers.windows(2).filter(|two| two[0].total_cmp(&two[1]).is_ne()).count();
        let likely = if distinct * 2 >= known { 100 } else { 30 };
        return Some((likely + named, make(quoted(&column.name), "times as the file stores them", true)));
    }
    if numbers.len() * 2 > known {
        return of_numbers(column, &numbers, named, make);
    }
    let texts: Vec<&str> = texts(column);
    let (form, note) = common_form(&texts, day_first)?;
    if only_dates(form.as_deref(), &texts) {
        return None;
    }
    // When a file was made is not when its rows were recorded.
    let steps = texts.windows(2).filter(|two| two[0] != two[1]).count();
    let likely = if steps * 2 + 1 >= texts.len() { 80 } else { 30 };
    Some((likely + named, of_text(column, form.as_deref(), note, &texts)))
}

/// Texts that are looked at, from all over the column.
fn texts(column: &GlimpsedColumn) -> Vec<&str> {
    let all: Vec<&str> = column
        .values
        .iter()
        .filter_map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None })
        .collect();
    let step = (all.len() / LOOKED_AT).max(1);
    all.into_iter().step_by(step).collect()
}

/// A text without the name of a zone in brackets behind it.
fn bare(text: &str) -> &str {
    text.split_once(" [").map_or(text, |(time, _)| time)
}

fn of_text(column: &GlimpsedColumn, form: Option<&str>, note: Option<String>, texts: &[&str]) -> Clock {
    let name = quoted(&column.name);
    let zone =
        texts.first().and_then(|text| text.split_once(" [")).map(|(_, zone)| zone.trim_end_matches(']'));
    let what = if zone.is_some() { format!("split_part({name}, ' [', 1)") } else { name };
    let offset = texts.iter().any(|text| has_offset(bare(text)));
    Clock {
        sql: call(&what, form),
        columns: vec![column.name.clone()],
        is_text: true,
        unit: said(form, texts),
        is_utc: offset && zone.is_none(),
        zone: zone.map(str::to_owned),
        is_shifted: shifted(texts.iter().map(|text| seconds_of(bare(text), form))),
        note,
    }
}

fn call(what: &str, form: Option<&str>) -> String {
    form.map_or_else(|| format!("to_timestamp({what})"), |form| format!("to_timestamp({what}, '{form}')"))
}

/// What texts are, in words.
fn said(form: Option<&str>, texts: &[&str]) -> String {
    let first = texts.first().copied().unwrap_or_default();
    form.map_or_else(|| format!("texts such as {first}"), |form| format!("texts of the form {form}"))
}

/// Whether a text says how far its clock is from UTC.
fn has_offset(text: &str) -> bool {
    let time = text.get(10..).unwrap_or_default();
    time.ends_with('Z') || time.contains('+') || time.contains('-')
}

fn shifted(times: impl Iterator<Item = Option<f64>>) -> bool {
    let known: Vec<f64> = times.flatten().collect();
    !known.is_empty() && known.iter().all(|&time| time < 0.0)
}

/// The form that the texts have, and what has to be said of it.
fn common_form(texts: &[&str], day_first: Option<bool>) -> Option<(Option<String>, Option<String>)> {
    let fits = |form: Option<&str>| {
        let good = texts.iter().filter(|text| seconds_of(bare(text), form).is_some()).count();
        !texts.is_empty() && good as f64 >= MOST * texts.len() as f64
    };
    let forms = texts.iter().take(50).filter_map(|text| form_of(bare(text)));
    for (form, other) in forms {
        let (first, second) = (fits(form.as_deref()), other.is_some() && fits(other.as_deref()));
        match (first, second) {
            (true, false) => return Some((form, None)),
            (false, true) => return Some((other, None)),
            (true, true) => {
                let swap = match day_first {
                    Some(day_first) => day_first,
                    None => match order(texts, form.as_deref()).cmp(&order(texts, other.as_deref())) {
                        std::cmp::Ordering::Less => false,
                        std::cmp::Ordering::Greater => true,
                        std::cmp::Ordering::Equal => return Some((form, Some(UNSURE.to_owned()))),
                    },
                };
                return Some((if swap { other } else { form }, None));
            }
            (false, false) => {}
        }
    }
    None
}

/// How little in order texts are in a form: steps back, and seconds from the first to the last.
fn order(texts: &[&str], form: Option<&str>) -> (usize, i64) {
    let times: Vec<f64> = texts.iter().filter_map(|text| seconds_of(bare(text), form)).collect();
    let back = times.windows(2).filter(|two| two[1] < two[0]).count();
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    let most = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (back, (most - least) as i64)
}

/// Whether texts are dates without a time.
fn only_dates(form: Option<&str>, texts: &[&str]) -> bool {
    match form {
        Some(form) => !form.contains("%H") && !form.contains("%I"),
        None => texts.iter().all(|text| text.trim().len() <= 10),
    }
}

/// A date in one column and the time of the day in another.
fn of_two(columns: &[GlimpsedColumn], day_first: Option<bool>) -> Option<(u32, Clock)> {
    let date = columns.iter().find(|column| {
        let texts = texts(column);
        !texts.is_empty() && texts.iter().all(|text| is_date(text))
    })?;
    let time = columns.iter().find(|column| {
        let texts = texts(column);
        !texts.is_empty() && texts.iter().all(|text| is_clock(text) && text.len() <= 15)
    })?;
    let both: Vec<String> = date
        .values
        .iter()
        .zip(&time.values)
        .filter_map(|two| match two {
            (Value::Text(date), Value::Text(time)) => Some(format!("{date} {time}")),
            _ => None,
        })
        .collect();
    if !changes(&both) {
        return None;
    }
    let step = (both.len() / LOOKED_AT).max(1);
    let both: Vec<&str> = both.iter().step_by(step).map(String::as_str).collect();
    let (form, note) = common_form(&both, day_first)?;
    let clock = Clock {
        sql: call(&format!("{} || ' ' || {}", quoted(&date.name), quoted(&time.name)), form.as_deref()),
        columns: vec![date.name.clone(), time.name.clone()],
        is_text: true,
        unit: format!("date and time in two columns, {}", said(form.as_deref(), &both)),
        is_utc: false,
        zone: None,
        is_shifted: shifted(both.iter().map(|text| seconds_of(text, form.as_deref()))),
        note,
    };
    Some((70, clock))
}

fn of_numbers(
    column: &GlimpsedColumn,
    numbers: &[f64],
    named: u32,
    make: impl Fn(String, &str, bool) -> Clock,
) -> Option<(u32, Clock)> {
    let name = quoted(&column.name);
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let forward = numbers.windows(2).filter(|two| two[1] > two[0]).count();
    let goes_on = numbers.len() > 1 && forward as f64 >= MOST * (numbers.len() - 1) as f64;
    if least >= most || !(named > 0 || goes_on) {
        return None;
    }
    if let Some((unit, sql, _)) = reading_of(least, most) {
        // Days are small numbers, which count other things too.
        let is_certain = named > 0 || least > 1e8;
        let sql =
            if unit.contains("1899") { format!("({name} - 25569) * 86400") } else { format!("{name}{sql}") };
        return is_certain.then(|| (60 + named, make(sql, unit, !unit.starts_with("days"))));
    }
    let digits = |number: &f64| form_of(&format!("{number}"));
    if let (Some((Some(form), _)), false) = (digits(&least), column.is_text) {
        let clock = make(call(&name, Some(&form)), &said(Some(&form), &[]), false);
        return (named > 0).then_some((75, Clock { is_text: true, ..clock }));
    }
    let counts = named > 0 && goes_on && (0.0..86_400.0).contains(&least);
    counts.then(|| {
        let mut clock = make(name, "numbers that count from a start, taken as seconds", false);
        clock.note = Some(
            "the times count from the start of the recording, so hours of the day are hours since then; of \
             milliseconds write `/ 1000`, of minutes `* 60`, of hours `* 3600` behind the column"
                .to_owned(),
        );
        (20, clock)
    })
}

#[cfg(test)]
mod tests;
