//! The needed columns of a CSV text.

use std::io::{ErrorKind, Read};

use super::error::DatasetError;
use super::number;
use super::open::Text;
use super::records::{RecordError, Records};
use super::table::{Column, Layout, Needed, Table, Users};

/// Parses the needed columns, and the user column if there is one.
///
/// Only the needed fields are looked at: text in another column never fails a user. A needed
/// column that is missing or holds text fails only who needs it (see [`Table::columns`]); a text
/// that cannot be split into rows and columns fails as a whole.
pub(super) fn read<R: Read>(
    file: &str,
    text: Text<R>,
    needed: &[Needed],
    user: Option<&str>,
) -> Result<Table, DatasetError> {
    let mut records = Records::new(text);
    let header = header(file, &mut records)?;
    let layout = Layout::find(file, &header, needed, user)?;
    let mut rows = Rows::new(file, header.len(), needed, layout);
    while advance(file, &mut records, rows.lines.len())? {
        rows.take(&records)?;
    }
    if rows.lines.is_empty() {
        return Err(DatasetError::NoRows { file: file.to_owned() });
    }
    Ok(rows.finish(records.input().fingerprint()))
}

/// Rows parsed so far, and where their fields are.
struct Rows<'a> {
    file: &'a str,
    width: usize,
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
    fn new(file: &'a str, width: usize, needed: &'a [Needed], layout: Layout) -> Self {
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
            width,
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
    fn take<R: Read>(&mut self, records: &Records<R>) -> Result<(), DatasetError> {
        let line = records.line();
        let owner = self.owner(records);
        let (file, names) = (self.file, &self.names);
        let (columns, feeds) = (&mut self.columns, &self.feeds);
        let mut slot = 0;
        let width = records.fields(&self.wanted, |_, cell| {
            for &index in &feeds[slot] {
                if let Ok(column) = &mut columns[index] {
                    column.push(cell, owner, |cell| DatasetError::NotANumber {
                        file: file.to_owned(),
                        line,
                        column: names[index].to_owned(),
                        text: number::shown(cell),
                    });
                }
            }
            slot += 1;
        });
        if width != self.width {
            return Err(DatasetError::RaggedRow {
                file: file.to_owned(),
                line,
                found: width,
                expected: self.width,
            });
        }
        self.lines.push(line);
        Ok(())
    }

    /// Number of the user the current record belongs to; 0 in a file of one user.
    fn owner<R: Read>(&mut self, records: &Records<R>) -> u32 {
        let Some(position) = self.user else { return 0 };
        let users = &mut self.users;
        let mut owner = 0;
        records.fields(&[position], |_, cell| {
            owner = users.number(String::from_utf8_lossy(cell).trim());
        });
        self.owners.push(owner);
        owner
    }

    fn finish(self, fingerprint: String) -> Table {
        Table {
            lines: self.lines,
            columns: self.columns,
            owners: self.owners,
            users: self.users.names,
            fingerprint,
        }
    }
}

/// The names in the first record.
fn header<R: Read>(file: &str, records: &mut Records<Text<R>>) -> Result<Vec<String>, DatasetError> {
    let not_csv = |reason: &str| DatasetError::NotCsv { file: file.to_owned(), reason: reason.to_owned() };
    match advance(file, records, 0) {
        Ok(true) => {}
        Ok(false) => {
            return Err(DatasetError::EmptyFile { file: file.to_owned() });
        }
        // A header that never ends its quotes says more about the file than about a row.
        Err(DatasetError::OpenQuote { .. }) => {
            return Err(not_csv("the header holds a quote that is never closed"));
        }
        Err(error) => return Err(error),
    }
    if records.bytes().contains(&0) {
        return Err(not_csv("the header holds NUL bytes"));
    }
    records
        .all_fields()
        .into_iter()
        .map(|name| match String::from_utf8(name) {
            Ok(name) => Ok(name.trim().to_owned()),
            Err(_) => Err(not_csv("the header is not UTF-8 text")),
        })
        .collect()
}

/// Goes to the next record, with errors in terms of the file.
fn advance<R: Read>(file: &str, records: &mut Records<Text<R>>, rows: usize) -> Result<bool, DatasetError> {
    let file = file.to_owned();
    records.advance().map_err(|error| match error {
        RecordError::OpenQuote => DatasetError::OpenQuote { file, line: records.line() },
        RecordError::TooLong => {
            DatasetError::NotCsv { file, reason: format!("line {} is longer than 64 MiB", records.line()) }
        }
        RecordError::Io(error) => match (records.input(), error.kind()) {
            (Text::Gzip(_), ErrorKind::UnexpectedEof) => DatasetError::Truncated { file, rows },
            (Text::Gzip(_), ErrorKind::InvalidInput | ErrorKind::InvalidData) => {
                DatasetError::Corrupt { file, reason: error.to_string() }
            }
            _ => DatasetError::Unreadable { file, reason: error.to_string() },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::super::open::{Kind, Text};
    use super::super::table::{Needed, Table, Values};
    use super::{DatasetError, read};

    fn needed(names: &[&str]) -> Vec<Needed> {
        names.iter().map(|name| Needed { name: (*name).to_owned(), text: *name == "t" }).collect()
    }

    fn parse(bytes: &[u8], names: &[&str]) -> Result<Table, DatasetError> {
        let kind = if bytes.starts_with(b"\x1f\x8b") { Kind::Gzip } else { Kind::Text };
        read("u.csv", Text::new(bytes, kind), &needed(names), None)
    }

    fn numbers(table: &Table, column: usize) -> Vec<f64> {
        match &table.columns[column].as_ref().unwrap().values {
            Values::Numbers(numbers) => numbers.clone(),
            Values::Text(_) => panic!("text"),
        }
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// Code of the error of the file, or else of the first column.
    fn code(bytes: &[u8]) -> &'static str {
        let error = match parse(bytes, &["a"]) {
            Err(error) => error,
            Ok(table) => match table.columns.into_iter().next().unwrap() {
                Err(error) => error,
                Ok(column) => column.bad.into_values().next().unwrap(),
            },
        };
        assert!(error.is_failure());
        error.code()
    }

    #[test]
    fn needed_columns_only() {
        let text = "\u{feff}x,a,\"t\",b\r\noops,1,\"p,q\",2\r\n\r\n,,\"\",nan\r\n?,3e1,r,-1";
        let table = parse(text.as_bytes(), &["b", "t", "a"]).unwrap();
        assert_eq!(table.lines, [2, 4, 5]);
        assert_eq!(numbers(&table, 2)[0].to_bits(), 1_f64.to_bits());
        assert!(numbers(&table, 0)[1].is_nan() && numbers(&table, 2)[1].is_nan());
        let Values::Text(texts) = &table.columns[1].as_ref().unwrap().values else { panic!() };
        assert_eq!(texts, &[Some("p,q".to_owned()), None, Some("r".to_owned())]);
    }

    #[test]
    fn one_column_may_be_needed_twice() {
        let both =
            [Needed { name: "a".to_owned(), text: false }, Needed { name: "a".to_owned(), text: true }];
        let table = read("u.csv", Text::new(&b"a\n7\n"[..], Kind::Text), &both, None).unwrap();
        assert!(table.columns.iter().all(Result::is_ok));
    }

    #[test]
    fn gzip_of_several_members_is_one_text() {
        let bytes = [gzip("a,b\n1,2\n3"), gzip(",4\n5,6\n")].concat();
        let table = parse(&bytes, &["a"]).unwrap();
        assert_eq!(numbers(&table, 0), [1.0, 3.0, 5.0]);
        assert_eq!(table.fingerprint, blake3::hash(&bytes).to_hex().to_string());
    }

    #[test]
    fn each_bad_file_has_its_error() {
        assert_eq!(code(b"\n\n"), "empty_file");
        assert_eq!(code(b"a,b\n"), "no_rows");
        assert_eq!(code(b"b,c\n1,2\n"), "missing_column");
        assert_eq!(code(b"a,a\n1,2\n"), "duplicate_column");
        assert_eq!(code(b"a,b\n1,2\nx,2\n"), "not_a_number");
        assert_eq!(code(b"a,b\n1,2\n1\n"), "ragged_row");
        assert_eq!(code(b"a,b\n1,2\n1,2,3\n"), "ragged_row");
        assert_eq!(code(b"a,b\n1,\"2\n1,2\n"), "open_quote");
    }

    #[test]
    fn what_is_not_csv() {
        assert_eq!(code(b"\x89PNG\r\n\x1a\n\0\0"), "not_csv");
        assert_eq!(code(b"\0\0\0\0"), "not_csv");
        assert_eq!(code(b"\"a,b\n1,2\n"), "not_csv");
        assert_eq!(code(b"\xff\xfea\0,\0"), "not_csv");
    }

    #[test]
    fn cut_and_broken_gzip() {
        let text: String = std::iter::once("a,b\n".to_owned())
            .chain((0..5000).map(|i| format!("{},{}\n", i * 7919 % 5003, i)))
            .collect();
        let bytes = gzip(&text);
        match parse(&bytes[..bytes.len() / 2], &["a"]).unwrap_err() {
            DatasetError::Truncated { rows, .. } => assert!((1000..4000).contains(&rows), "{rows}"),
            other => panic!("{other}"),
        }
        assert_eq!(code(&bytes[..5]), "truncated");
        let mut broken = bytes.clone();
        broken[1000..1100].fill(0xff);
        assert!(["corrupt", "truncated", "ragged_row", "not_a_number"].contains(&code(&broken)));
        let last = bytes.len() - 6;
        broken.clone_from(&bytes);
        broken[last] ^= 1;
        assert_eq!(code(&broken), "corrupt", "checksum");
    }

    #[test]
    fn messages_say_where_and_what_next() {
        let columns = parse(b"time,label:SITTING\n1,2\n", &["label:SITING"]).unwrap().columns;
        let message = columns[0].as_ref().unwrap_err().to_string();
        assert_eq!(message, "u.csv has no column `label:SITING` (did you mean `label:SITTING`?)");
        let columns = parse(b"a;b\n1;2\n", &["a"]).unwrap().columns;
        assert!(columns[0].as_ref().unwrap_err().to_string().contains("semicolons"));
        let table = parse(b"b,a\n\"x\n\",1\n2,1.5s\n", &["a"]).unwrap();
        let message = table.columns[0].as_ref().unwrap().bad[&0].to_string();
        assert!(message.starts_with("u.csv, line 4, column `a`: `1.5s` is not a number"), "{message}");
    }

    #[test]
    fn a_bad_cell_fails_only_its_user() {
        let text = b"u,a\np,1\nq,x\np,2\n";
        let table = read("u.csv", Text::new(&text[..], Kind::Text), &needed(&["a"]), Some("u")).unwrap();
        assert_eq!((table.users, table.owners), (vec!["p".to_owned(), "q".to_owned()], vec![0, 1, 0]));
        assert_eq!(table.columns[0].as_ref().unwrap().bad.keys().copied().collect::<Vec<_>>(), [1]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes, &["a", "t"]);
            let mut behind_header = b"a,t,c\n".to_vec();
            behind_header.extend(&bytes);
            let _ = parse(&behind_header, &["a", "t"]);
            let mut as_gzip = gzip("a,t,c\n1,2,3\n");
            as_gzip.extend(&bytes);
            let _ = parse(&as_gzip, &["a", "t"]);
        }

        #[test]
        fn csv_like_text_never_panics_and_columns_stay_equally_long(text in "[ab1.,\"\r\n]{0,60}") {
            if let Ok(table) = parse(format!("a,t\n{text}").as_bytes(), &["a", "t"]) {
                for column in table.columns.into_iter().flatten() {
                    let length = match column.values {
                        Values::Numbers(numbers) => numbers.len(),
                        Values::Text(texts) => texts.len(),
                    };
                    prop_assert_eq!(length, table.lines.len());
                }
            }
        }

        #[test]
        #[allow(clippy::format_collect, reason = "shorter, and only a test")]
        fn quoted_cells_come_back(cells in prop::collection::vec("[a,\"\r\n é]{1,8}", 1..20)) {
            let text: String = cells
                .iter()
                .map(|cell| format!("\"{}\",1\n", cell.replace('"', "\"\"")))
                .collect();
            let table = parse(format!("t,a\n{text}").as_bytes(), &["t"]).unwrap();
            let Values::Text(texts) = &table.columns[0].as_ref().unwrap().values else { panic!() };
            prop_assert_eq!(texts.iter().flatten().collect::<Vec<_>>(), cells.iter().collect::<Vec<_>>());
        }
    }
}
