//! The needed columns of a CSV text.

use super::cell::{bare, trimmed};
use super::error::DatasetError;
use super::hint::{self, Spot};
use super::id::{self, NOBODY};
use super::open::Text;
use super::place::Lines;
use super::records::{RecordError, Records};
use super::rules::Rules;
use super::shape::{Shape, remark, without_comment};
use super::table::{Column, Layout, Needed, Table, Users};

/// Parses the needed columns, and the user column if there is one.
///
/// Only the needed fields are looked at: text in another column never fails a user. A needed
/// column that is missing or holds text fails only who needs it (see [`Table::columns`]); a text
/// that cannot be split into rows and columns fails as a whole.
pub(super) fn read(
    file: &str,
    text: Text<'_>,
    needed: &[Needed],
    user: Option<&str>,
    rules: &Rules,
) -> Result<Table, DatasetError> {
    // Files of several users are read more than once for different columns, and must look the same.
    let names: Vec<&str> =
        user.map_or_else(|| needed.iter().map(|column| column.name.as_str()).collect(), |user| vec![user]);
    let shape = Shape::find(&text.sample, &names, rules.separator, rules.skip_lines);
    let mut records = Records::new(text, shape.separator, shape.skip);
    // Of what is damaged the text misleads.
    table(file, &mut records, needed, user, rules, (&names, shape))
        .map_err(|error| records.input_mut().damage(file, &error).unwrap_or(error))
}

/// The table of a text whose layout is known.
fn table(
    file: &str,
    records: &mut Records<Text<'_>>,
    needed: &[Needed],
    user: Option<&str>,
    rules: &Rules,
    (names, shape): (&[&str], Shape),
) -> Result<Table, DatasetError> {
    let all_names: Vec<&str> = needed.iter().map(|column| column.name.as_str()).chain(user).collect();
    let header = without_comment(header(file, records)?, &all_names);
    records.blanks_are_nothing = header.len() > 1;
    let layout = if header.is_empty() {
        // Not even a header: no rows, whatever they would have been.
        Layout { positions: needed.iter().map(|_| Ok(0)).collect(), user: user.map(|_| 0) }
    } else {
        let remark = remark(file, &records.input().sample, &header, names, shape)?;
        Layout::find(file, &header, needed, user, &remark)?
    };
    let mut rows = Rows::new(file, &header, needed, layout, rules, user);
    while advance(file, records, rows.lines.len())? {
        rows.take(records)?;
    }
    let number = rows.lines.len();
    let fingerprint = records.input_mut().fingerprint();
    let fingerprint = fingerprint.map_err(|error| records.input().broken(file, number, &error))?;
    Ok(rows.finish(fingerprint))
}

/// Rows parsed so far, and where their fields are.
struct Rows<'a> {
    file: &'a str,
    header: &'a [String],
    rules: &'a Rules,
    user_column: &'a str,
    /// The last id that was looked up, and whose it is.
    last_id: (Vec<u8>, u32),
    /// Positions to look at, ascending, each with the columns (or the user) it feeds.
    wanted: Vec<usize>,
    feeds: Vec<Vec<usize>>,
    user: Option<usize>,
    lines: Vec<u64>,
    columns: Vec<Result<Column, DatasetError>>,
    names: Vec<&'a str>,
    users: Users,
    owners: Vec<u32>,
}

impl<'a> Rows<'a> {
    fn new(
        file: &'a str,
        header: &'a [String],
        needed: &'a [Needed],
        layout: Layout,
        rules: &'a Rules,
        user: Option<&'a str>,
    ) -> Self {
        let mut wanted: Vec<usize> = layout.positions.iter().flatten().copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let feeds = wanted
            .iter()
            .map(|at| {
                let fed = |position: &Result<usize, DatasetError>| position.as_ref() == Ok(at);
                let indices = layout.positions.iter().enumerate();
                indices.filter(|(_, position)| fed(position)).map(|(index, _)| index).collect()
            })
            .collect();
        let columns = layout
            .positions
            .into_iter()
            .zip(needed)
            .map(|(position, column)| position.map(|_| Column::new(column.text)))
            .collect();
        Self {
            file,
            header,
            rules,
            user_column: user.unwrap_or_default(),
            last_id: (Vec::new(), NOBODY),
            wanted,
            feeds,
            user: layout.user,
            lines: Vec::new(),
            columns,
            names: needed.iter().map(|column| column.name.as_str()).collect(),
            users: Users::default(),
            owners: Vec::new(),
        }
    }

    /// Adds the current record as a row.
    fn take(&mut self, records: &Records<Text<'_>>) -> Result<(), DatasetError> {
        let line = records.line();
        let owner = self.owner(records);
        let (file, names, cells) = (self.file, &self.names, &self.rules.cells);
        let (columns, feeds) = (&mut self.columns, &self.feeds);
        let (first, separator) = (self.lines.is_empty(), records.separator());
        let comment = matches!(records.bytes(), [b'#' | b'%', b' ' | b'\t', ..]);
        let mut slot = 0;
        let width = records.fields(&self.wanted, |_, cell| {
            for &index in &feeds[slot] {
                if let Ok(column) = &mut columns[index] {
                    column.push(
                        cells,
                        cell,
                        owner,
                        Spot { file, line, first, column: names[index], separator, comment },
                    );
                }
            }
            slot += 1;
        });
        // Names that end in a separator name a column more, which the last rows of some programs leave out.
        let unnamed = width + 1 == self.header.len() && self.header.last().is_some_and(String::is_empty);
        if width != self.header.len() && !unnamed {
            // A line that was taken for the header and is none says more than the rows below it.
            if let Some(missing) = self.not_the_header() {
                return Err(missing);
            }
            let last_empty = records.all_fields().last().is_some_and(Vec::is_empty);
            return Err(DatasetError::RaggedRow {
                file: file.to_owned(),
                line,
                found: width,
                expected: self.header.len(),
                hint: hint::of_row(records.bytes(), self.header, width, last_empty),
            });
        }
        self.lines.push(line);
        Ok(())
    }

    /// The error of a header that holds none of several needed columns.
    fn not_the_header(&self) -> Option<DatasetError> {
        let missing =
            |column: &Result<Column, DatasetError>| matches!(column, Err(DatasetError::MissingColumn { .. }));
        let none = self.user.is_none() && self.columns.iter().all(missing);
        none.then(|| self.columns.first().and_then(|column| column.as_ref().err().cloned())).flatten()
    }

    /// Number of the user the current record belongs to; 0 in a file of one user.
    fn owner(&mut self, records: &Records<Text<'_>>) -> u32 {
        let Some(position) = self.user else { return 0 };
        let (users, cells, last) = (&mut self.users, &self.rules.cells, &mut self.last_id);
        let (file, user_column, line) = (self.file, self.user_column, records.line());
        // A row that is too short has no id, and is an error of its own.
        let mut owner = NOBODY;
        records.fields(&[position], |_, cell| {
            if last.1 != NOBODY && last.0 == cell {
                owner = last.1;
                return;
            }
            owner = match id::of_cell(cells, cell) {
                Ok(id) => users.number(id.as_deref(), line),
                Err(reason) => users.odd(|| DatasetError::UserId {
                    file: file.to_owned(),
                    line,
                    column: user_column.to_owned(),
                    reason,
                }),
            };
            *last = (cell.to_vec(), owner);
        });
        self.owners.push(owner);
        owner
    }

    fn finish(self, fingerprint: String) -> Table {
        Table {
            lines: Lines::new(self.lines),
            columns: self.columns,
            owners: self.owners,
            nobodys: self.users.nobodys,
            odd: self.users.odd,
            users: self.users.names,
            fingerprint,
        }
    }
}

/// The names in the first record that is not blank; none if there is none. Bytes that are not UTF-8, or NUL, do no
/// harm in names that nobody asks for.
fn header(file: &str, records: &mut Records<Text<'_>>) -> Result<Vec<String>, DatasetError> {
    loop {
        match advance(file, records, 0) {
            Ok(true) => {}
            Ok(false) => return Ok(Vec::new()),
            // A header that never ends its quotes says more about the file than about a row.
            Err(DatasetError::OpenQuote { .. }) => {
                let reason =
                    "the header holds a quote that is never closed (hint: close it, or pass over lines \
                              before the header with `data.skip_lines`)"
                        .to_owned();
                return Err(DatasetError::NotCsv { file: file.to_owned(), reason });
            }
            Err(error) => return Err(error),
        }
        if !trimmed(records.bytes()).is_empty() {
            let names = records.all_fields();
            return Ok(names.iter().map(|name| String::from_utf8_lossy(&bare(name)).into_owned()).collect());
        }
    }
}

/// Goes to the next record, with errors in terms of the file.
fn advance(file: &str, records: &mut Records<Text<'_>>, rows: usize) -> Result<bool, DatasetError> {
    records.advance().map_err(|error| match error {
        RecordError::OpenQuote => DatasetError::OpenQuote { file: file.to_owned(), line: records.line() },
        RecordError::TooLong => {
            let reason = format!("line {} is longer than 64 MiB", records.line());
            DatasetError::NotCsv { file: file.to_owned(), reason }
        }
        RecordError::Io(error) => records.input().broken(file, rows, &error),
    })
}

#[cfg(test)]
mod tests;
