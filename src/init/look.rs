//! Looks at a folder: its files, their columns, times and people.

use super::device::without_times;
use super::error::InitError;
use super::found::{Found, LookedAt, TextFound, TimeFound};
use super::roles::{Traits, sources, targets};
use super::sample::{MOST_BYTES, MOST_ROWS, Sample};
use super::survey::{DataFile, Survey, some};
use super::time::{Clock, clock, of_named};
use super::users::{UserColumn, user_column};
use crate::dataset::{Sniffed, separators};

/// Files whose beginnings are looked at, and those of them of which much is.
const MOST_FILES: usize = 12;
const THOROUGH: usize = 2;

/// What is known before anybody looks.
#[derive(Debug, Default, Clone)]
pub(crate) struct Wishes {
    /// The column of user ids.
    pub user: Option<String>,
    /// The column or the SQL of the time.
    pub timestamp: Option<String>,
}

/// Looks at a folder.
///
/// # Errors
/// It cannot be read, holds nothing that is read, or no table.
pub(crate) fn look(folder: &str, wishes: &Wishes) -> Result<Found, InitError> {
    let survey = Survey::of(folder)?;
    let mut notes = survey.notes.clone();
    let (samples, looked_at) =
        samples(folder, &survey, &mut notes).map_err(|error| besides(error, &survey.notes))?;
    let Some(first) = samples.first() else {
        return Err(InitError::NoTable {
            file: folder.to_owned(),
            what: "no file could be read".to_owned(),
            hint: notes.join("; "),
        });
    };
    let clock = the_clock(first, wishes);
    let times = clock.as_ref().map_or(Vec::new(), |clock| clock.columns.clone());
    let is_extrasensory = survey.is_extrasensory && is_extrasensory(first);
    let users = match &wishes.user {
        _ if is_extrasensory => None,
        Some(name) => Some(UserColumn { name: name.clone(), why: "as told".to_owned() }),
        None => user_column(&samples, survey.files.len(), &times),
    };
    if clock.is_none() && !is_extrasensory {
        notes.push(no_clock(folder, first));
    }
    if clock.as_ref().is_some_and(|clock| clock.is_shifted) && !is_extrasensory {
        notes.push("all times are before 1970 (shifted for privacy?) and are taken as they are".to_owned());
    }
    if let Some(note) = clock.as_ref().and_then(|clock| clock.note.clone()) {
        notes.push(note);
    }
    let known = Known { clock, users, is_extrasensory, looked_at };
    let found = describe(folder, &survey, samples, known, notes);
    match &wishes.user {
        Some(user) if !found.columns.iter().any(|column| column.name == *user) => {
            Err(found.unknown("user", user))
        }
        _ => Ok(found),
    }
}

/// An error with what else lies in the folder.
fn besides(error: InitError, notes: &[String]) -> InitError {
    match error {
        InitError::NoTable { file, what, hint } if !notes.is_empty() => {
            InitError::NoTable { file, what: format!("{what}\nbesides: {}", notes.join("\nbesides: ")), hint }
        }
        error => error,
    }
}

/// The beginnings of some files, all of one table, and of how many it was tried; what others are is noted.
fn samples(
    folder: &str,
    survey: &Survey,
    notes: &mut Vec<String>,
) -> Result<(Vec<Sample>, usize), InitError> {
    let mut samples: Vec<Sample> = Vec::new();
    let (mut failed, mut first_error): (Vec<String>, Option<InitError>) = (Vec::new(), None);
    for file in spread(&survey.files) {
        match Sample::of(folder, file, samples.len() < THOROUGH) {
            Ok(sample) => samples.push(sample),
            Err(error) => {
                failed.push(file.name.clone());
                first_error.get_or_insert(error);
            }
        }
    }
    if samples.is_empty()
        && let Some(error) = first_error
    {
        return Err(error);
    }
    if let Some(error) = first_error {
        notes.push(format!("{} cannot be read and will fail: {error}", some(&failed)));
    }
    let looked_at = samples.len();
    // The table that most files have.
    let alike = |one: &Sample| samples.iter().filter(|other| other.names() == one.names()).count();
    let best = (0..samples.len()).rev().max_by_key(|&at| alike(&samples[at])).unwrap_or_default();
    let names: Vec<String> = samples[best].names().into_iter().map(str::to_owned).collect();
    let (same, others): (Vec<Sample>, Vec<Sample>) =
        samples.into_iter().partition(|sample| sample.names().iter().eq(names.iter()));
    if !others.is_empty() {
        let odd: Vec<String> = others.iter().map(|sample| sample.file.name.clone()).collect();
        notes.push(format!(
            "{} has other columns than {}; files that lack a needed column fail, each by itself (hint: files that hold other \
             things can lie elsewhere, or be left out by `data.files`)",
            some(&odd),
            same.first().map_or("", |sample| sample.file.name.as_str())
        ));
    }
    let same = if same.first().is_some_and(|sample| sample.rows() < 2) { fuller(same) } else { same };
    Ok((same, looked_at))
}

/// The fullest first.
fn fuller(mut samples: Vec<Sample>) -> Vec<Sample> {
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.rows()));
    samples
}

/// Some files from all over the list, the first first.
fn spread(files: &[DataFile]) -> impl Iterator<Item = &DataFile> {
    let step = files.len().div_ceil(MOST_FILES).max(1);
    files.iter().step_by(step)
}

/// Whether a file has the columns that the format needs.
fn is_extrasensory(sample: &Sample) -> bool {
    let names = sample.names();
    ["timestamp", "label:SITTING", "raw_acc:3d:mean_x"].iter().all(|name| names.contains(name))
}

fn the_clock(sample: &Sample, wishes: &Wishes) -> Option<Clock> {
    let day_first = sample.device.and_then(|device| device.day_first);
    let Some(wish) = &wishes.timestamp else { return clock(&sample.columns, day_first) };
    if let Some(clock) = of_named(&sample.columns, wish, day_first) {
        return Some(clock);
    }
    let named = sample.names().into_iter().filter(|name| !name.is_empty() && wish.contains(*name));
    let columns: Vec<String> = named.map(str::to_owned).collect();
    let is_text = wish.contains("to_timestamp");
    Some(Clock {
        sql: wish.clone(),
        columns,
        is_text,
        unit: "as told".to_owned(),
        is_utc: false,
        zone: None,
        is_shifted: false,
        note: None,
    })
}

/// What is said of rows without times.
fn no_clock(folder: &str, sample: &Sample) -> String {
    let said = sample.text.as_ref().and_then(|(text, _)| without_times(folder, &text.text));
    let hint = said.unwrap_or_else(|| "if there is one, name it with --timestamp".to_owned());
    format!(
        "no column of times was found: rows are taken as steps of one length, and there are no hours of the day to compare \
         at (hint: {hint})"
    )
}

/// What was found out of the samples together.
struct Known {
    clock: Option<Clock>,
    users: Option<UserColumn>,
    is_extrasensory: bool,
    looked_at: usize,
}

fn describe(folder: &str, survey: &Survey, samples: Vec<Sample>, known: Known, notes: Vec<String>) -> Found {
    let Known { clock, users, is_extrasensory, looked_at } = known;
    let first = &samples[0];
    let traits: Vec<Traits> = first.columns.iter().map(Traits::of).collect();
    let role = |name: &str| {
        let is_time = clock.as_ref().is_some_and(|clock| clock.columns.iter().any(|column| column == name));
        let is_user = users.as_ref().is_some_and(|user| user.name == name);
        if is_time { Some("time") } else { is_user.then_some("user id") }
    };
    let free: Vec<&Traits> = traits.iter().filter(|column| role(&column.name).is_none()).collect();
    let missing = free.iter().flat_map(|column| {
        let words = column.words.iter().cloned().chain(column.stand_in.map(|number| format!("{number}")));
        words.map(|word| (column.name.clone(), word)).collect::<Vec<_>>()
    });
    let is_text = first.text.is_some();
    // A file without fractions says nothing of the mark.
    let commas =
        samples.iter().any(|sample| sample.text.as_ref().is_some_and(|(_, layout)| layout.decimal_comma));
    Found {
        data: folder.to_owned(),
        files: survey.files.len(),
        bytes: survey.files.iter().map(|file| file.bytes).sum(),
        pattern: survey.pattern.clone(),
        format: if is_extrasensory {
            "extrasensory"
        } else if is_text {
            "csv"
        } else {
            "parquet"
        },
        is_compressed: survey.kind == Some(Sniffed::Packed),
        from: first.device.map(|device| device.name),
        text: first.text.as_ref().map(|(text, layout)| TextFound {
            encoding: text.encoding,
            name_encoding: text.name_encoding,
            separator: separators()
                .iter()
                .find(|(byte, _)| *byte == layout.separator)
                .map_or("", |(_, name)| name),
            decimal: if commas { ',' } else { '.' },
            lines_before_header: layout.skip,
        }),
        looked_at: LookedAt {
            files: looked_at,
            rows: first.rows(),
            most_bytes: MOST_BYTES,
            most_rows: MOST_ROWS,
            is_all: looked_at == survey.files.len() && samples.iter().all(|sample| sample.is_whole),
        },
        columns: traits.iter().map(|column| column.told(role(&column.name))).collect(),
        sources: sources(&free),
        targets: targets(&free),
        missing: missing.collect(),
        user_why: users.as_ref().map(|user| user.why.clone()),
        user_column: users.map(|user| user.name),
        time: clock.as_ref().map(|clock| TimeFound {
            columns: clock.columns.clone(),
            unit: clock.unit.clone(),
            sql: clock.sql.clone(),
            is_utc: clock.is_utc,
        }),
        clock,
        notes,
        tried: spread(&survey.files).map(|file| (file.path.clone(), file.bytes)).collect(),
        layouts: samples.into_iter().filter_map(|sample| sample.text).collect(),
    }
}
