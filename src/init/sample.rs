//! The beginning of one file as a table.

use super::device::{Device, without_names, without_table, without_times};
use super::error::InitError;
use super::layout::{Layout, Table, find};
use super::marks::{Marks, Spelling};
use super::survey::DataFile;
use crate::dataset::{Glimpse, GlimpsedColumn, GlimpsedText, Value, fields, table};

/// Most bytes of text of a file that are looked at.
pub(super) const MOST_BYTES: usize = 4 << 20;
/// Most rows of a Parquet file that are looked at.
pub(super) const MOST_ROWS: usize = 100_000;
/// Bytes and rows of further files, of which only names and ids are asked.
const FEW_BYTES: usize = 256 << 10;
const FEW_ROWS: usize = 2000;

/// The beginning of a file.
#[derive(Debug)]
pub(super) struct Sample {
    /// The file.
    pub(super) file: DataFile,
    /// Its columns.
    pub(super) columns: Vec<GlimpsedColumn>,
    /// Its text and how it is laid out; none of Parquet.
    pub(super) text: Option<(GlimpsedText, Layout)>,
    /// Where it comes from.
    pub(super) device: Option<Device>,
    /// Whether all of its rows were looked at.
    pub(super) is_whole: bool,
    /// What the numbers of each column are written with.
    pub(super) marks: Vec<Marks>,
    /// How they were read.
    pub(super) spelling: Spelling,
    /// The units below the names; none if there are none.
    pub(super) units: Vec<String>,
}

impl Sample {
    /// The beginning of a file, of which much or little is looked at.
    pub(super) fn of(folder: &str, file: &DataFile, thorough: bool) -> Result<Self, InitError> {
        let (bytes, rows) = if thorough { (MOST_BYTES, MOST_ROWS) } else { (FEW_BYTES, FEW_ROWS) };
        match Glimpse::of(&file.path, bytes, rows)? {
            Glimpse::Parquet(columns, all) => {
                let read = columns.first().map_or(0, |column| column.values.len());
                let is_whole = read as u64 == all;
                let marks = columns.iter().map(marks_of_stored).collect();
                let (spelling, units) = (Spelling::default(), Vec::new());
                let file = file.clone();
                Ok(Self { file, columns, text: None, device: None, is_whole, marks, spelling, units })
            }
            Glimpse::Text(text) => Self::of_text(folder, file, text, rows),
        }
    }

    fn of_text(folder: &str, file: &DataFile, text: GlimpsedText, rows: usize) -> Result<Self, InitError> {
        let no_table =
            |what: String, hint: String| Err(InitError::NoTable { file: file.name.clone(), what, hint });
        if let Some((what, hint)) = without_table(folder, &file.name, &text.text) {
            return no_table(what, hint);
        }
        let layout = match find(&text.text) {
            Table::Headed(layout) => layout,
            Table::Headless { line, width, separator } => {
                let line_at = |at: usize| {
                    let line = text.text.split(|&byte| byte == b'\n').nth(at).unwrap_or_default();
                    fields(line.trim_ascii_end(), separator).unwrap_or_default()
                };
                let (above, first) = (line.checked_sub(2).map_or(Vec::new(), line_at), line_at(line - 1));
                return no_table(
                    format!("rows of {width} columns begin at line {line}, and no names stand above them"),
                    without_times(folder, &text.text)
                        .unwrap_or_else(|| without_names(&file.name, line, separator, &above, &first)),
                );
            }
            Table::NoRows => return Err(InitError::NoRows { file: file.name.clone() }),
            Table::None => {
                return no_table(
                    "no table was found in it: no lines with the same number of two or more fields".to_owned(),
                    "a table has a line of names and below it a row a line, with a column for the source and one for the \
                     target; a file that is no recording can lie elsewhere"
                        .to_owned(),
                );
            }
        };
        let is_whole = text.is_whole;
        let (header, cells) = cells(&text, layout, rows);
        let units =
            if layout.has_units { cells.iter().map(|column| column.0.clone()).collect() } else { Vec::new() };
        let marks = of_columns(&cells);
        let spelling = Spelling::of(&marks, layout.separator);
        let device = Device::of(&text.text, &header);
        let columns = columns(header, &cells, &spelling);
        let text = Some((text, Layout { decimal_comma: spelling.decimal_comma, ..layout }));
        Ok(Self { file: file.clone(), columns, text, device, is_whole, marks, spelling, units })
    }

    /// Reads its numbers as those of all files are.
    pub(super) fn read_as(&mut self, spelling: &Spelling) {
        if self.spelling == *spelling {
            return;
        }
        if let Some((text, layout)) = &mut self.text {
            layout.decimal_comma = spelling.decimal_comma;
            let rows = self.columns.first().map_or(0, |column| column.values.len());
            let (header, cells) = cells(text, *layout, rows);
            self.columns = columns(header, &cells, spelling);
        } else {
            for (at, column) in self.columns.iter_mut().enumerate().filter(|(_, column)| column.is_text) {
                for value in &mut column.values {
                    if let Value::Text(text) = value {
                        *value = spelling.value(at, text);
                    }
                }
            }
        }
        self.spelling = spelling.clone();
    }

    /// Names of the columns.
    pub(super) fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    /// Rows that were looked at.
    pub(super) fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }
}

/// The names of a table and below each its unit (if there are some) and its cells.
fn cells(text: &GlimpsedText, layout: Layout, rows: usize) -> (Vec<String>, Vec<(String, Vec<String>)>) {
    let more = usize::from(layout.has_units);
    let (header, columns) = table(&text.text, layout.separator, layout.skip, rows + more);
    let apart = |mut cells: Vec<String>| {
        let unit: String = cells.drain(..more.min(cells.len())).collect();
        (unit, cells)
    };
    (header, columns.into_iter().map(apart).collect())
}

fn columns(header: Vec<String>, cells: &[(String, Vec<String>)], spelling: &Spelling) -> Vec<GlimpsedColumn> {
    let columns = header.into_iter().zip(cells).enumerate();
    let read = columns.map(|(at, (name, (_, cells)))| GlimpsedColumn {
        name,
        values: cells.iter().map(|cell| spelling.value(at, cell)).collect(),
        is_time: false,
        is_text: false,
    });
    read.collect()
}

fn of_columns(cells: &[(String, Vec<String>)]) -> Vec<Marks> {
    let of = |cells: &Vec<String>| {
        let mut marks = Marks::default();
        for cell in cells {
            marks.add(cell);
        }
        marks
    };
    cells.iter().map(|(_, cells)| of(cells)).collect()
}

/// What the numbers of a column of Parquet that is text are written with.
fn marks_of_stored(column: &GlimpsedColumn) -> Marks {
    let mut marks = Marks::default();
    for value in column.values.iter().filter(|_| column.is_text) {
        match value {
            Value::Missing => {}
            Value::Number(number) => marks.add(&format!("{number}")),
            Value::Text(text) => marks.add(text),
        }
    }
    marks
}
