//! Looks at a folder: its files, their columns, times and people.

use super::device::without_times;
use super::error::InitError;
use super::found::{Found, LookedAt, TextFound, TimeFound};
use super::marks::{Marks, Spelling};
use super::roles::{Traits, sources, targets};
use super::sample::{MOST_BYTES, MOST_ROWS, Sample};
use super::sql::quoted;
use super::survey::{DataFile, Survey, some};
use super::time::{Clock, clock, of_named};
use super::users::{UserColumn, user_column};
use crate::dataset::{GlimpsedColumn, Sniffed, separators};

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
    let (mut samples, looked_at) =
        samples(folder, &survey, &mut notes).map_err(|error| besides(error, &survey.notes))?;
    if samples.is_empty() {
        return Err(InitError::NoTable {
            file: folder.to_owned(),
            what: "no file could be read".to_owned(),
            hint: notes.join("; "),
        });
    }
    let spelling = spelled(&mut samples, &mut notes);
    let first = &samples[0];
    let clock = the_clock(&samples, wishes);
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
    let known = Known { clock, users, is_extrasensory, looked_at, spelling };
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
    let (mut bare, mut no_rows): (Vec<String>, Option<InitError>) = (Vec::new(), None);
    for file in spread(&survey.files) {
        match Sample::of(folder, file, samples.len() < THOROUGH) {
            Ok(sample) => samples.push(sample),
            Err(error @ InitError::NoRows { .. }) => {
                bare.push(file.name.clone());
                no_rows.get_or_insert(error);
            }
            Err(error) => {
                failed.push(file.name.clone());
                first_error.get_or_insert(error);
            }
        }
    }
    if samples.is_empty()
        && let Some(error) = first_error.take().or(no_rows)
    {
        return Err(error);
    }
    if !bare.is_empty() {
        let they = if bare.len() == 1 { "it has" } else { "they have" };
        notes.push(format!("{}: {they} a line of names and no rows, and will be skipped", some(&bare)));
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

/// Reads the numbers of all files in one way, which no file may tell alone.
fn spelled(samples: &mut [Sample], notes: &mut Vec<String>) -> Spelling {
    let mut marks: Vec<Marks> = samples[0].marks.clone();
    for sample in &samples[1..] {
        for (marks, others) in marks.iter_mut().zip(&sample.marks) {
            marks.and(others);
        }
    }
    let separator = samples[0].text.as_ref().map_or(b',', |(_, layout)| layout.separator);
    let spelling = Spelling::of(&marks, separator);
    for sample in samples.iter_mut() {
        sample.read_as(&spelling);
    }
    let first = &samples[0];
    notes.extend(spelling.notes(&first.names(), &marks));
    if let Some((_, layout)) = first.text.as_ref().filter(|(_, layout)| layout.has_units) {
        notes.push(format!(
            "line {} of {} holds units ({}): they are taken for missing values, so that this row is left out",
            layout.skip + 2,
            first.file.name,
            first.units.join(", ")
        ));
    }
    spelling
}

/// The time of the first file, with day and month in the order in which all files have them.
fn the_clock(samples: &[Sample], wishes: &Wishes) -> Option<Clock> {
    let of = |sample: &Sample| {
        let day_first = sample.device.and_then(|device| device.day_first);
        match &wishes.timestamp {
            None => clock(&sample.columns, day_first),
            Some(wish) => of_named(&sample.columns, wish, day_first),
        }
    };
    let first = of(&samples[0]);
    if let (Some(unsure), true) = (&first, first.as_ref().is_some_and(Clock::is_unsure)) {
        let of_others = samples[1..].iter().filter_map(of);
        let mut sure = of_others.filter(|clock| clock.columns == unsure.columns && !clock.is_unsure());
        return sure.next().or(first);
    }
    if first.is_some() {
        return first;
    }
    let wish = wishes.timestamp.as_ref()?;
    let sample = &samples[0];
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
    spelling: Spelling,
}

/// Columns whose numbers SQL makes of texts.
fn mended(sample: &Sample, spelling: &Spelling) -> Vec<(String, String)> {
    let names = sample.names().into_iter().zip(&spelling.mends);
    let mended = names.filter_map(|(name, mend)| Some((name.to_owned(), mend.as_ref()?.sql(name))));
    mended.collect()
}

/// What the columns of all files are like.
fn traits(samples: &[Sample], mended: &[(String, String)]) -> Vec<Traits> {
    let columns = samples[0].columns.iter().enumerate();
    let of = |(at, column): (usize, &GlimpsedColumn)| {
        let files: Vec<&GlimpsedColumn> =
            samples.iter().filter_map(|sample| sample.columns.get(at)).collect();
        let sql = mended.iter().find(|(name, _)| *name == column.name).map(|(_, sql)| sql.clone());
        Traits::of(&files, sql)
    };
    columns.map(of).collect()
}

/// A time whose numbers SQL makes of texts.
fn with_mended(clock: Clock, mended: &[(String, String)]) -> Clock {
    let of_time = mended.iter().find(|(name, _)| !clock.is_text && clock.columns == [name.as_str()]);
    match of_time {
        Some((name, sql)) => Clock { sql: clock.sql.replace(&quoted(name), sql), ..clock },
        None => clock,
    }
}

/// Words and numbers that stand for missing values, by column: those of the columns and the units below their names.
fn missing(sample: &Sample, columns: &[&Traits]) -> Vec<(String, String)> {
    let mut missing = Vec::new();
    for column in columns {
        let words = column.words.iter().cloned().chain(column.stand_in.map(|number| format!("{number}")));
        missing.extend(words.map(|word| (column.name.clone(), word)));
    }
    let units = sample.names().into_iter().zip(&sample.units).filter(|(_, unit)| !unit.is_empty());
    missing.extend(units.map(|(name, unit)| (name.to_owned(), unit.clone())));
    missing
}

fn describe(folder: &str, survey: &Survey, samples: Vec<Sample>, known: Known, notes: Vec<String>) -> Found {
    let Known { clock, users, is_extrasensory, looked_at, spelling } = known;
    let first = &samples[0];
    let mended = mended(first, &spelling);
    let traits = traits(&samples, &mended);
    let clock = clock.map(|clock| with_mended(clock, &mended));
    let role = |name: &str| {
        let is_time = clock.as_ref().is_some_and(|clock| clock.columns.iter().any(|column| column == name));
        let is_user = users.as_ref().is_some_and(|user| user.name == name);
        if is_time { Some("time") } else { is_user.then_some("user id") }
    };
    let free: Vec<&Traits> = traits.iter().filter(|column| role(&column.name).is_none()).collect();
    let missing = missing(first, &free);
    let is_text = first.text.is_some();
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
            decimal: if spelling.decimal_comma { ',' } else { '.' },
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
        missing,
        mended,
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
