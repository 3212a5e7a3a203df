//! Splitting CSV text into records and fields (RFC 4180), fast where nothing is quoted.

use std::io::{self, Read};
use std::ops::Range;

/// Bytes asked for at a time.
const CHUNK: usize = 128 * 1024;
/// A record longer than this is taken for garbage rather than buffered on and on.
const LONGEST: usize = 64 * 1024 * 1024;

/// Why the next record could not be had.
#[derive(Debug)]
pub(super) enum RecordError {
    /// The reader failed.
    Io(io::Error),
    /// A quoted field is still open at the end of the text (or after [`LONGEST`] bytes).
    OpenQuote,
    /// A line of more than [`LONGEST`] bytes.
    TooLong,
}

/// The records of a CSV text, one at a time, in one buffer.
pub(super) struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    /// First byte that is not consumed yet.
    start: usize,
    at_end: bool,
    started: bool,
    /// Line of the text at `start`, from 1.
    next_line: u64,
    /// Line where the current record starts.
    line: u64,
    /// The current record without its line ending, and whether it holds quotes.
    record: Range<usize>,
    quoted: bool,
    /// Unquoted fields of the current record, if it was quoted.
    unquoted: Vec<Vec<u8>>,
}

/// Where a record ends.
struct End {
    /// Offset of the newline (or of the end of the text).
    newline: usize,
    /// Newlines inside quoted fields.
    inner_lines: u64,
    /// Whether the record holds a quote.
    quoted: bool,
}

impl<R: Read> Records<R> {
    /// Records of a text; a byte order mark is skipped.
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::with_capacity(2 * CHUNK),
            start: 0,
            at_end: false,
            started: false,
            next_line: 1,
            line: 1,
            record: 0..0,
            quoted: false,
            unquoted: Vec::new(),
        }
    }

    /// The reader below.
    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// Line of the text where the current record starts.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The current record as it stands in the text.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.record.clone()]
    }

    /// Goes to the next record that is not a blank line; `false` at the end of the text.
    pub(super) fn advance(&mut self) -> Result<bool, RecordError> {
        self.skip_byte_order_mark()?;
        loop {
            let Some(end) = self.find_end()? else {
                return Ok(false);
            };
            let mut stop = end.newline;
            if stop > self.start && self.buffer[stop - 1] == b'\r' {
                stop -= 1;
            }
            self.record = self.start..stop;
            self.quoted = end.quoted;
            self.line = self.next_line;
            self.next_line += 1 + end.inner_lines;
            self.start = (end.newline + 1).min(self.buffer.len());
            if !self.record.is_empty() {
                break;
            }
        }
        if self.quoted {
            unquote(&self.buffer[self.record.clone()], &mut self.unquoted);
        }
        Ok(true)
    }

    /// Calls `field` with number and bytes of each field that is `wanted` (ascending), and
    /// returns the number of fields of the record.
    pub(super) fn fields(&self, wanted: &[usize], mut field: impl FnMut(usize, &[u8])) -> usize {
        if self.quoted {
            for &index in wanted {
                if let Some(bytes) = self.unquoted.get(index) {
                    field(index, bytes);
                }
            }
            return self.unquoted.len();
        }
        let record = self.bytes();
        let (mut index, mut begin) = (0, 0);
        let mut wanted = wanted.iter().copied();
        let mut next = wanted.next();
        for (at, &byte) in record.iter().enumerate() {
            if byte == b',' {
                if next == Some(index) {
                    field(index, &record[begin..at]);
                    next = wanted.next();
                }
                index += 1;
                begin = at + 1;
            }
        }
        if next == Some(index) {
            field(index, &record[begin..]);
        }
        index + 1
    }

    /// All fields of the current record.
    pub(super) fn all_fields(&self) -> Vec<Vec<u8>> {
        if self.quoted {
            return self.unquoted.clone();
        }
        self.bytes().split(|&byte| byte == b',').map(<[u8]>::to_vec).collect()
    }

    /// Before the first record: steps over a byte order mark.
    fn skip_byte_order_mark(&mut self) -> Result<(), RecordError> {
        while !self.started {
            if self.buffer.len() < 3 && !self.at_end {
                self.fill()?;
                continue;
            }
            self.started = true;
            if self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.start = 3;
            }
        }
        Ok(())
    }

    /// Finds the end of the record at `start`, reading on as needed.
    fn find_end(&mut self) -> Result<Option<End>, RecordError> {
        let mut scan = Scan::default();
        loop {
            if let Some(newline) = scan.run(&self.buffer[self.start..]) {
                return Ok(Some(scan.end(self.start + newline)));
            }
            if self.at_end {
                if self.start == self.buffer.len() {
                    return Ok(None);
                }
                if scan.state == State::Quoted {
                    return Err(self.error_here(RecordError::OpenQuote));
                }
                return Ok(Some(scan.end(self.buffer.len())));
            }
            if scan.done > LONGEST {
                let open = scan.state == State::Quoted;
                let error = if open { RecordError::OpenQuote } else { RecordError::TooLong };
                return Err(self.error_here(error));
            }
            self.fill()?;
        }
    }

    /// An error in the record that starts at `start`: its line becomes the current one.
    fn error_here(&mut self, error: RecordError) -> RecordError {
        self.line = self.next_line;
        error
    }

    /// Drops what is consumed and reads more behind the rest.
    fn fill(&mut self) -> Result<(), RecordError> {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.record = 0..0;
        let held = self.buffer.len();
        self.buffer.resize(held + CHUNK, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[held..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
        self.at_end = read.map_err(RecordError::Io)? == 0;
        Ok(())
    }
}

/// Where a byte of a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// At the first byte of a field.
    #[default]
    Start,
    /// In a field without quotes, or behind the closing quote.
    Bare,
    /// Inside quotes.
    Quoted,
    /// Behind a quote inside quotes: the end of the quotes, or the first half of a doubled quote.
    Closing,
}

impl State {
    /// The state behind `byte`.
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Closing,
            (Self::Quoted, _) | (Self::Start | Self::Closing, b'"') => Self::Quoted,
            (_, b',') => Self::Start,
            _ => Self::Bare,
        }
    }
}

/// A search for a record's end that goes on where it stopped when more text has come.
#[derive(Default)]
struct Scan {
    done: usize,
    quoted: bool,
    state: State,
    inner_lines: u64,
}

impl Scan {
    /// Offset of the newline that ends the record, if it is in `text`.
    fn run(&mut self, text: &[u8]) -> Option<usize> {
        if !self.quoted {
            let stop = text[self.done..].iter().position(|&byte| byte == b'\n' || byte == b'"');
            match stop.map(|offset| self.done + offset) {
                Some(at) if text[at] == b'\n' => return Some(at),
                Some(_) => {
                    // Only now does it matter which bytes are inside fields: start over, slowly.
                    self.quoted = true;
                    self.done = 0;
                }
                None => {
                    self.done = text.len();
                    return None;
                }
            }
        }
        while let Some(&byte) = text.get(self.done) {
            if byte == b'\n' {
                if self.state != State::Quoted {
                    return Some(self.done);
                }
                self.inner_lines += 1;
            }
            self.state = self.state.after(byte);
            self.done += 1;
        }
        None
    }

    fn end(&self, newline: usize) -> End {
        End { newline, inner_lines: self.inner_lines, quoted: self.quoted }
    }
}

/// The fields of a text that is one record; none if a quote in it is left open.
pub(crate) fn split_record(record: &[u8]) -> Option<Vec<Vec<u8>>> {
    if !record.contains(&b'"') {
        return Some(record.split(|&byte| byte == b',').map(<[u8]>::to_vec).collect());
    }
    if record.iter().fold(State::Start, |state, &byte| state.after(byte)) == State::Quoted {
        return None;
    }
    let mut fields = Vec::new();
    unquote(record, &mut fields);
    Some(fields)
}

/// Splits a record with quotes into its fields, reusing the vectors of the last one.
fn unquote(record: &[u8], fields: &mut Vec<Vec<u8>>) {
    fields.clear();
    let mut field = Vec::new();
    let mut state = State::Start;
    for &byte in record {
        let next = state.after(byte);
        match (state, next) {
            (_, State::Start) => fields.push(std::mem::take(&mut field)),
            // An opening quote or a closing one (for now) is no part of the field.
            (State::Start, State::Quoted) | (State::Quoted, State::Closing) => {}
            _ => field.push(byte),
        }
        state = next;
    }
    fields.push(field);
}

#[cfg(test)]
mod tests {
    use super::{RecordError, Records};

    /// All records of a text, read in pieces of `step` bytes, with their lines.
    fn all(text: &[u8], step: usize) -> Result<Vec<(u64, Vec<String>)>, RecordError> {
        struct Drip<'a>(&'a [u8], usize);
        impl std::io::Read for Drip<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let n = self.1.min(self.0.len()).min(buffer.len());
                buffer[..n].copy_from_slice(&self.0[..n]);
                self.0 = &self.0[n..];
                Ok(n)
            }
        }
        let mut records = Records::new(Drip(text, step));
        let mut found = Vec::new();
        while records.advance()? {
            let fields: Vec<String> = records
                .all_fields()
                .iter()
                .map(|field| String::from_utf8_lossy(field).into_owned())
                .collect();
            let indices: Vec<usize> = (0..fields.len()).collect();
            let mut again = Vec::new();
            let count = records.fields(&indices, |_, field| {
                again.push(String::from_utf8_lossy(field).into_owned());
            });
            assert_eq!((count, &again), (fields.len(), &fields));
            found.push((records.line(), fields));
        }
        Ok(found)
    }

    fn check(text: &str, expected: &[(u64, &[&str])]) {
        for step in [1, 2, 3, 7, 4096] {
            let found = all(text.as_bytes(), step).unwrap();
            let found: Vec<(u64, Vec<&str>)> = found
                .iter()
                .map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect()))
                .collect();
            let expected: Vec<(u64, Vec<&str>)> =
                expected.iter().map(|(line, fields)| (*line, fields.to_vec())).collect();
            assert_eq!(found, expected, "{text:?} by {step}");
        }
    }

    #[test]
    fn plain_text() {
        check("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a,b\r\n1,\r\n,2", &[(1, &["a", "b"]), (2, &["1", ""]), (3, &["", "2"])]);
        check("\u{feff}a\n\n\r\n1\n", &[(1, &["a"]), (4, &["1"])]);
        check("", &[]);
        check("\u{feff}", &[]);
    }

    #[test]
    fn quotes() {
        check("\"a,b\",c\n", &[(1, &["a,b", "c"])]);
        check("\"a\"\"b\"\n", &[(1, &["a\"b"])]);
        check("\"\",\"\"\"\"\n", &[(1, &["", "\""])]);
        check("x\"y,\"z\"w\n", &[(1, &["x\"y", "zw"])]);
        check("\"a\nb\",1\n2,3\n", &[(1, &["a\nb", "1"]), (3, &["2", "3"])]);
        check("\"a\r\n\",1\r\n2,3", &[(1, &["a\r\n", "1"]), (3, &["2", "3"])]);
        check("\u{feff}\"a\"\n", &[(1, &["a"])]);
    }

    #[test]
    fn a_quote_left_open_is_an_error_at_its_record() {
        let mut records = Records::new(&b"a,b\n1,\"2\n3,4\n"[..]);
        assert!(records.advance().unwrap());
        assert!(matches!(records.advance(), Err(RecordError::OpenQuote)));
        assert_eq!(records.line(), 2);
    }
}
