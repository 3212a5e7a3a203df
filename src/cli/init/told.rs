//! What was found, in plain words.

use chrono::DateTime;

use crate::cli::speak::say_line;
use crate::cli::text::{columns, count};
use crate::init::{Found, Trial};
use crate::progress::bytes;

/// Columns that are shown.
const SHOWN: usize = 40;
/// Notes of one kind that are shown.
const NOTES: usize = 6;
/// Fewer days of a recording cannot be told from their other orders.
const FEW_DAYS: f64 = 4.0;

/// What was found: lines of what and how, and a table of the columns.
pub(super) fn found(found: &Found, trial: Option<&Trial>) -> String {
    let mut lines = vec![("files", files(found)), ("looked at", looked_at(found))];
    lines.push(("people", users(found, trial)));
    lines.push(("time", time(found)));
    lines.extend(trial.and_then(recordings).map(|words| ("recordings", words)));
    let mut text = String::new();
    for (what, words) in lines {
        text.push_str(&format!("{what:<11} {words}\n"));
    }
    let rows: Vec<Vec<String>> = found
        .columns
        .iter()
        .take(SHOWN)
        .map(|column| {
            let values = match (column.least, column.most) {
                (Some(least), Some(most)) => format!("{least} to {most}, {} different", column.distinct),
                _ => column.texts.join(", "),
            };
            let missing = if column.missing == 0.0 {
                "-".to_owned()
            } else {
                format!("{:.1} %", 100.0 * column.missing)
            };
            vec![column.name.clone(), column.kind.to_owned(), missing, values]
        })
        .collect();
    text.push('\n');
    text.push_str(&columns(&["column", "kind", "missing", "values"], &rows));
    if found.columns.len() > SHOWN {
        text.push_str(&format!("… and {} more\n", found.columns.len() - SHOWN));
    }
    text
}

fn files(found: &Found) -> String {
    let mut words =
        format!("{} ({}, {})", count(found.files as u64, "file"), found.pattern, bytes(found.bytes));
    let packed = if found.is_compressed { ", compressed" } else { "" };
    let format = match found.format {
        "extrasensory" => "CSV of the ExtraSensory data set",
        "parquet" => "Parquet",
        _ => "CSV",
    };
    words.push_str(&format!(": {format}{packed}"));
    if let Some(text) = &found.text {
        words.push_str(&format!(", {}, separated by {}", text.encoding, text.separator));
        if text.decimal == ',' {
            words.push_str(", decimal commas");
        }
        if text.lines_before_header > 0 {
            words
                .push_str(&format!(", {} before the header", count(text.lines_before_header as u64, "line")));
        }
    }
    if let Some(from) = found.from {
        words.push_str(&format!("; {from}"));
    }
    words
}

fn looked_at(found: &Found) -> String {
    let looked = &found.looked_at;
    let rest = if looked.is_all {
        "that is all".to_owned()
    } else {
        let most = bytes(looked.most_bytes as u64);
        format!(
            "the beginnings (at most {most} or {} rows of each), the rest is taken to be alike",
            looked.most_rows
        )
    };
    format!(
        "{}, {} of the first; {rest}",
        count(looked.files as u64, "file"),
        count(looked.rows as u64, "row")
    )
}

fn users(found: &Found, trial: Option<&Trial>) -> String {
    match &found.user_column {
        None => format!("{}, a file each", found.files),
        Some(column) => {
            let number = trial.map_or(String::new(), |trial| {
                format!("{}{}, ", if trial.is_all { "" } else { "at least " }, trial.users)
            });
            let why = found.user_why.as_deref().unwrap_or_default();
            format!("{number}by the column `{column}` ({why})")
        }
    }
}

fn time(found: &Found) -> String {
    let Some(time) = &found.time else { return "none: rows are steps of one length".to_owned() };
    let names: Vec<String> = time.columns.iter().map(|name| format!("`{name}`")).collect();
    let zone = if time.is_utc { "; hours of the day are those of UTC unless a zone is set" } else { "" };
    format!("{}: {}{zone}", names.join(" and "), time.unit)
}

/// Period, days and gaps of the recordings that were read.
fn recordings(trial: &Trial) -> Option<String> {
    let good: Vec<_> = trial.read.iter().filter(|user| user.from_to.is_some()).collect();
    let days = days(trial);
    let mut periods: Vec<f64> = good.iter().filter_map(|user| user.period).collect();
    periods.sort_by(f64::total_cmp);
    let from = good.iter().filter_map(|user| user.from_to).map(|(from, _)| from).min_by(f64::total_cmp)?;
    let to = good.iter().filter_map(|user| user.from_to).map(|(_, to)| to).max_by(f64::total_cmp)?;
    let (least, most) =
        (days.iter().copied().min_by(f64::total_cmp)?, days.iter().copied().max_by(f64::total_cmp)?);
    let shown = |period: &f64| (period * 1000.0).round() / 1000.0;
    let period = match (periods.first(), periods.last()) {
        (Some(first), Some(last)) if shown(first).total_cmp(&shown(last)).is_eq() => {
            format!("a row every {} s", shown(first))
        }
        (Some(first), Some(last)) => format!("a row every {} to {} s", shown(first), shown(last)),
        _ => "rows at one time".to_owned(),
    };
    let gaps: usize = good.iter().map(|user| user.stretches.saturating_sub(1)).sum();
    let length =
        if most - least < 0.05 { format!("{most:.1} days") } else { format!("{least:.1} to {most:.1} days") };
    Some(format!(
        "{period}, {length} a user, between {} and {}, {} ({} read)",
        date(from),
        date(to),
        count(gaps as u64, "gap"),
        count(good.len() as u64, "user")
    ))
}

/// How long the recordings are that were read.
fn days(trial: &Trial) -> Vec<f64> {
    trial.read.iter().filter_map(|user| user.from_to).map(|(from, to)| (to - from) / 86_400.0).collect()
}

fn date(seconds: f64) -> String {
    let time = DateTime::from_timestamp(seconds as i64, 0);
    time.map_or_else(|| "beyond the calendar".to_owned(), |time| time.format("%Y-%m-%d").to_string())
}

/// What has to be said besides.
pub(super) fn notes(found: &Found, trial: Option<&Trial>) {
    for note in &found.notes {
        say_line(format_args!("note: {note}"));
    }
    let doubtful = found
        .columns
        .iter()
        .flat_map(|column| column.doubts.iter().map(move |doubt| format!("`{}`: {doubt}", column.name)));
    limited(doubtful.collect(), "doubts about columns");
    if let Some(trial) = trial {
        again(trial);
    }
}

/// What came of reading users.
pub(super) fn again(trial: &Trial) {
    let of_users = trial.read.iter().flat_map(|user| {
        let problem =
            user.problem.iter().map(|problem| format!("{} would have no results: {problem}", user.id));
        let doubts = user.doubts.iter().map(|doubt| format!("{}: {doubt}", user.id));
        problem.chain(doubts).collect::<Vec<_>>()
    });
    if let Some(days) = days(trial).into_iter().max_by(f64::total_cmp).filter(|days| *days < FEW_DAYS) {
        say_line(format_args!(
            "note: no recording that was read is longer than {days:.1} days, which have too few orders for a small p of one \
             person by the null `days` (hint: ask of all together, as `group_tests` do: docs/nulls.md)"
        ));
    }
    let known = |note: &&String| !note.starts_with("data folder:");
    limited(trial.notes.iter().filter(known).cloned().chain(of_users).collect(), "notes on users");
}

fn limited(notes: Vec<String>, what: &str) {
    let more = notes.len().saturating_sub(NOTES);
    for note in notes.into_iter().take(NOTES) {
        say_line(format_args!("note: {note}"));
    }
    if more > 0 {
        say_line(format_args!("note: … and {more} more {what} (`--json` has all)"));
    }
}

/// How many users were read, in words.
pub(super) fn read(trial: &Trial) -> String {
    let good = trial.read.iter().filter(|user| user.problem.is_none()).count();
    let rows: usize = trial.read.iter().map(|user| user.used).sum();
    format!("{good} of the {} tried, {}", count(trial.read.len() as u64, "user"), count(rows as u64, "row"))
}
