//! The beginning of a file, before anybody knows its columns: what a configuration can be proposed from.
//!
//! Read by the same steps as a run reads it (first bytes, compression, encoding, records, cells), so that what is
//! proposed is what will be read.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use encoding_rs::WINDOWS_1252;
use parquet::arrow::ArrowWriter;

use super::cell::{Cells, bare};
use super::error::DatasetError;
use super::fields::{SEPARATORS, split};
use super::folder::Folder;
use super::kind::{Kind, LOOK};
use super::open::{Text, beginning, open, shown, unreadable};
use super::parquet::{as_numbers, is_text, opened};
use super::records::Records;
use super::shape::{Shape, markup};
use super::{id, text_time};
use crate::config::Reading;

/// Most values of a Parquet file that are looked at.
const MOST_CELLS: usize = 2_000_000;

/// What lies in a data folder, by name.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Files that may hold data: name, path and size.
    pub files: Vec<(String, PathBuf, u64)>,
    /// Documents, pictures, programs.
    pub beside: Vec<String>,
    /// What editors, downloads and copies leave behind.
    pub leftovers: Vec<String>,
    /// Folders, which are not looked into.
    pub folders: Vec<String>,
}

/// What lies in a data folder, whatever it is.
pub(crate) fn contents(folder: &str) -> Result<Contents, DatasetError> {
    let found = Folder::look(folder, "*")?;
    Ok(Contents {
        files: found.files.into_iter().map(|file| (file.name, file.path, file.bytes)).collect(),
        beside: found.beside,
        leftovers: found.leftovers,
        folders: found.folders,
    })
}

impl Contents {
    /// The files of a folder that a run takes by a pattern.
    pub(crate) fn taken(folder: &str, pattern: &str) -> Result<Vec<String>, DatasetError> {
        Ok(Folder::look(folder, pattern)?.files.into_iter().map(|file| file.name).collect())
    }
}

/// What a file is by its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Text.
    Text,
    /// Compressed, with text inside.
    Packed,
    /// Parquet.
    Parquet,
    /// Nothing.
    Empty,
    /// Something known that is not read: what, and what to do.
    Other(&'static str, &'static str),
}

/// What a file is by its first bytes.
pub(crate) fn sniff(path: &Path) -> Result<Sniffed, DatasetError> {
    let head = beginning(path, LOOK)?;
    Ok(match Kind::of(&head) {
        _ if head.is_empty() => Sniffed::Empty,
        Kind::Text => Sniffed::Text,
        Kind::Gzip | Kind::Zstd => Sniffed::Packed,
        Kind::Parquet => Sniffed::Parquet,
        Kind::Other(other) => Sniffed::Other(other.what, other.remedy),
    })
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Nothing.
    Missing,
    /// A number.
    Number(f64),
    /// Anything else.
    Text(String),
}

/// A column of the beginning of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GlimpsedColumn {
    /// Its name.
    pub name: String,
    /// Its values, one a row.
    pub values: Vec<Value>,
    /// Whether the file says that it holds times, which are read as seconds since 1970.
    pub is_time: bool,
    /// Whether it is stored as text.
    pub is_text: bool,
}

/// The beginning of a file.
#[derive(Debug)]
pub(crate) enum Glimpse {
    /// Text, whose table is not yet found.
    Text(GlimpsedText),
    /// Columns of Parquet, and how many rows the file has.
    Parquet(Vec<GlimpsedColumn>, u64),
}

/// The beginning of a text, in UTF-8.
#[derive(Debug)]
pub(crate) struct GlimpsedText {
    /// Whole lines, without a byte-order mark.
    pub text: Vec<u8>,
    /// Whether this is all of it.
    pub is_whole: bool,
    /// The encoding that was found.
    pub encoding: &'static str,
    /// Whether the configuration has to name it.
    pub name_encoding: bool,
}

impl Glimpse {
    /// The beginning of a file: at most `bytes` of text, or `rows` of Parquet.
    pub(crate) fn of(path: &Path, bytes: usize, rows: usize) -> Result<Self, DatasetError> {
        let (file, is_parquet) = open(path)?;
        if is_parquet {
            return columns(&shown(path), file, rows);
        }
        GlimpsedText::of(path, file, bytes).map(Self::Text)
    }
}

/// What is said of a text in an encoding that cannot be told.
fn other_encoding(file: &str) -> String {
    format!(
        "its encoding is neither UTF-8 nor windows-1252, and cannot be told from its bytes (hint: write it as UTF-8, into \
         another folder, as in `iconv -f SHIFT_JIS -t UTF-8 '{file}' > 'NEW.csv'`; or write the configuration by hand: \
         `data.encoding` takes shift_jis, euc-jp, gb18030, big5, euc-kr, windows-1251 and others)"
    )
}

impl GlimpsedText {
    fn of(path: &Path, file: File, bytes: usize) -> Result<Self, DatasetError> {
        let name = shown(path);
        let mut text = Self::read(&name, Text::new(&name, BufReader::new(file), None)?, bytes)?;
        if let Some((what, remedy)) = markup(&text.text) {
            let reason = format!("it looks like {what} (hint: {remedy})");
            return Err(DatasetError::NotCsv { file: name, reason });
        }
        if text.text.contains(&0) {
            let reason =
                "it holds NUL bytes, so it isn't text (hint: a recording of a device? export it as CSV \
                          with the maker's program; anything else: leave it out with `data.files`)"
                    .to_owned();
            return Err(DatasetError::NotCsv { file: name, reason });
        }
        if std::str::from_utf8(&text.text).is_err() {
            let file = super::open::file(path)?;
            let encoding = Some(WINDOWS_1252);
            text = Self::read(&name, Text::new(&name, BufReader::new(file), encoding)?, bytes)?;
            text.name_encoding = true;
            if String::from_utf8_lossy(&text.text).chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c)) {
                return Err(DatasetError::NotCsv { file: name.clone(), reason: other_encoding(&name) });
            }
        }
        Ok(text)
    }

    fn read(name: &str, mut text: Text<'_>, bytes: usize) -> Result<Self, DatasetError> {
        let encoding = text.encoding;
        let mut read = Vec::new();
        let done = text.by_ref().take(bytes as u64 + 1).read_to_end(&mut read);
        done.map_err(|error| text.broken(name, 0, &error))?;
        let is_whole = read.len() <= bytes;
        if !is_whole {
            let end = read.iter().rposition(|&byte| byte == b'\n').map_or(bytes, |at| at + 1);
            read.truncate(end);
        }
        while read.starts_with(b"\xef\xbb\xbf") {
            read.drain(..3);
        }
        Ok(Self { text: read, is_whole, encoding, name_encoding: false })
    }

    /// Separator and lines before the header, as a run finds them by the names of the needed columns.
    pub(crate) fn found_by_names(&self, names: &[&str]) -> (u8, usize) {
        let shape = Shape::find(&self.text, names, None, None);
        (shape.separator, shape.skip)
    }
}

/// The names of the columns of a text and its cells, column by column; rows of another length are left out.
pub(crate) fn table(text: &[u8], separator: u8, skip: usize, rows: usize) -> (Vec<String>, Vec<Vec<String>>) {
    let mut records = Records::new(text, separator, skip);
    records.blanks_are_nothing = true;
    let texts = |cells: Vec<Vec<u8>>| -> Vec<String> {
        cells.iter().map(|cell| String::from_utf8_lossy(&bare(cell)).into_owned()).collect()
    };
    if !records.advance().unwrap_or(false) {
        return (Vec::new(), Vec::new());
    }
    let header = texts(records.all_fields());
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); header.len()];
    let mut taken = 0;
    while taken < rows && records.advance().unwrap_or(false) {
        let cells = texts(records.all_fields());
        if cells.len() != header.len() {
            continue;
        }
        taken += 1;
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }
    (header, columns)
}

/// The fields of a line; none if a quote in it is left open.
pub(crate) fn fields(line: &[u8], separator: u8) -> Option<Vec<String>> {
    let fields = split(line, separator)?;
    Some(fields.iter().map(|field| String::from_utf8_lossy(&bare(field)).into_owned()).collect())
}

/// What may stand between fields, the usual one first, and what it is called.
pub(crate) fn separators() -> &'static [(u8, &'static str)] {
    &SEPARATORS
}

/// What a cell holds, where numbers have a decimal comma or a point.
pub(crate) fn value(cell: &str, decimal_comma: bool) -> Value {
    let cells = Cells::new(&Reading { decimal: decimal_comma.then_some(','), ..Reading::default() });
    match cells.number(cell.as_bytes()) {
        Ok(number) if number.is_nan() => Value::Missing,
        Ok(number) => Value::Number(number),
        Err(_) => Value::Text(cell.to_owned()),
    }
}

/// The form of a text that is a time: none if `to_timestamp` needs no form, and another one that fits as well.
pub(crate) fn form_of(text: &str) -> Option<(Option<String>, Option<String>)> {
    Some(match text_time::form_of(text)? {
        text_time::Form::Known => (None, None),
        text_time::Form::Named(form, other) => (Some(form), other),
    })
}

/// The seconds since 1970 of a text in a form, or in one that needs none.
pub(crate) fn seconds_of(text: &str, form: Option<&str>) -> Option<f64> {
    text_time::seconds(text, form)
}

/// A file that holds no table of Parquet after all.
fn corrupt(file: &str, reason: &dyn std::fmt::Display) -> DatasetError {
    DatasetError::Corrupt { file: file.to_owned(), reason: reason.to_string() }
}

fn columns(name: &str, file: File, rows: usize) -> Result<Glimpse, DatasetError> {
    // As where a run reads it: the reader asserts some of what it reads.
    catch_unwind(AssertUnwindSafe(|| read_columns(name, file, rows)))
        .unwrap_or_else(|_| Err(corrupt(name, &"its metadata contradict themselves")))
}

fn read_columns(name: &str, file: File, rows: usize) -> Result<Glimpse, DatasetError> {
    let builder = opened(name, file)?;
    let all = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
    let fields: Vec<(String, DataType)> = builder
        .schema()
        .fields()
        .iter()
        .map(|field| (field.name().clone(), field.data_type().clone()))
        .collect();
    let rows = rows.min(MOST_CELLS / fields.len().max(1)).max(1);
    let batches = builder.with_limit(rows).build().map_err(|error| corrupt(name, &error))?;
    let mut columns: Vec<GlimpsedColumn> = fields
        .iter()
        .map(|(name, kind)| GlimpsedColumn {
            name: name.clone(),
            values: Vec::new(),
            is_time: matches!(kind, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64),
            is_text: is_text(kind),
        })
        .collect();
    for batch in batches {
        let batch = batch.map_err(|error| corrupt(name, &error))?;
        for (column, values) in columns.iter_mut().zip(batch.columns()) {
            column.values.extend(stored(values, column.is_text));
        }
    }
    Ok(Glimpse::Parquet(columns, all))
}

/// The values of a stored column; those of a kind that is not read are missing.
fn stored(values: &ArrayRef, text: bool) -> Vec<Value> {
    if text {
        let Ok(texts) = id::texts(values, false) else { return vec![Value::Missing; values.len()] };
        let told = |text: Result<Option<String>, String>| match text {
            Ok(Some(text)) => value(&text, false),
            _ => Value::Missing,
        };
        return texts.into_iter().map(told).collect();
    }
    let numbers = as_numbers(values).unwrap_or_else(|_| vec![f64::NAN; values.len()]);
    numbers.into_iter().map(|n| if n.is_nan() { Value::Missing } else { Value::Number(n) }).collect()
}

/// Copies the beginning of a file to another place, where a run can read it as it would the whole.
pub(crate) fn copy_beginning(from: &Path, to: &Path, bytes: usize, rows: usize) -> Result<(), DatasetError> {
    let failed = |error: &std::io::Error| unreadable(to, error);
    let (file, is_parquet) = open(from)?;
    if !is_parquet {
        let text = GlimpsedText::of(from, file, bytes)?;
        // The mark says that it is UTF-8, whatever the configuration says of the file itself.
        let marked = [b"\xef\xbb\xbf".as_slice(), &text.text].concat();
        return std::fs::write(to, marked).map_err(|error| failed(&error));
    }
    let name = shown(from);
    let broken = |error: &dyn std::fmt::Display| corrupt(&name, error);
    let builder = opened(&name, file)?;
    let schema = std::sync::Arc::clone(builder.schema());
    let batches = builder.with_limit(rows).build().map_err(|error| broken(&error))?;
    // As the encoder is used elsewhere: of each kind of target there would be one more.
    let target: Box<dyn Write + Send> = Box::new(File::create(to).map_err(|error| failed(&error))?);
    let mut writer = ArrowWriter::try_new(target, schema, None).map_err(|error| broken(&error))?;
    for batch in batches {
        let batch = batch.map_err(|error| broken(&error))?;
        writer.write(&batch).map_err(|error| broken(&error))?;
    }
    writer.close().map(drop).map_err(|error| broken(&error))
}

#[cfg(test)]
mod tests {
    use super::{Glimpse, GlimpsedText, Value, copy_beginning, table, value};

    /// The beginning of a file of these bytes.
    fn text(bytes: &[u8], most: usize) -> Result<GlimpsedText, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.csv");
        std::fs::write(&path, bytes).unwrap();
        match Glimpse::of(&path, most, 10) {
            Ok(Glimpse::Text(text)) => Ok(text),
            Ok(Glimpse::Parquet(..)) => panic!("not Parquet"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_beginning_is_whole_lines_in_utf8() {
        let cut = text(b"a,b\n1,2\n3,4\n", 10).unwrap();
        assert_eq!((&cut.text[..], cut.is_whole), (&b"a,b\n1,2\n"[..], false));
        let marked = text(b"\xef\xbb\xbfa,b\n", 10).unwrap();
        assert_eq!((&marked.text[..], marked.is_whole, marked.encoding), (&b"a,b\n"[..], true, "UTF-8"));
        let wide: Vec<u8> = "\u{feff}a,\u{e4}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide = text(&wide, 100).unwrap();
        assert_eq!(
            (&wide.text[..], wide.encoding, wide.name_encoding),
            ("a,\u{e4}\n".as_bytes(), "UTF-16LE", false)
        );
        let western = text(b"a,\xe4\n", 100).unwrap();
        assert_eq!((&western.text[..], western.name_encoding), ("a,\u{e4}\n".as_bytes(), true));
        assert!(text(b"<?xml version=\"1.0\"?>", 100).unwrap_err().contains("XML"));
        assert!(text(b"a,b\n\0\0", 100).unwrap_err().contains("NUL"));
    }

    #[test]
    fn rows_of_another_length_are_left_out() {
        let (header, columns) = table(b"note\n\"a\";b\n1; \"x;y\"\n2\n3;4\n5;6\n", b';', 1, 2);
        assert_eq!(header, ["a", "b"]);
        assert_eq!(columns[0], ["3", "5"], "{columns:?}");
    }

    #[test]
    fn cells_are_what_a_run_takes_them_for() {
        assert_eq!(value("1,5", true), Value::Number(1.5));
        assert_eq!(value("true", false), Value::Number(1.0));
        assert_eq!(value("N/A", false), Value::Missing);
        assert_eq!(value("1,5", false), Value::Text("1,5".into()));
    }

    #[test]
    fn a_copied_beginning_is_utf8_whatever_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("u.csv"), folder.path().join("v.csv"));
        std::fs::write(&from, b"a,\xe4\n1,2\n3,4\n").unwrap();
        copy_beginning(&from, &to, 9, 10).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), "\u{feff}a,\u{e4}\n1,2\n".as_bytes());
    }
}
