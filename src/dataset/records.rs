//! The records of a CSV text, one at a time.

use std::io::{self, Read};
use std::ops::Range;

use super::cell::trimmed;
use super::fields::{End, Scan, by_blanks, split, unquote};

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
#[allow(clippy::struct_excessive_bools, reason = "each is a state of its own of a stream")]
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
    separator: u8,
    /// Lines to pass over before the first record.
    skip: usize,
    /// Whether lines of blanks are passed over as empty ones are.
    pub(super) blanks_are_nothing: bool,
}

impl<R: Read> Records<R> {
    /// Records of a text behind its first `skip` lines; byte order marks are passed over.
    pub(super) fn new(input: R, separator: u8, skip: usize) -> Self {
        Self {
            input,
            separator,
            skip,
            blanks_are_nothing: false,
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

    /// What separates fields.
    pub(super) fn separator(&self) -> u8 {
        self.separator
    }

    /// The reader below.
    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// The reader below, to be read on.
    pub(super) fn input_mut(&mut self) -> &mut R {
        &mut self.input
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
        self.start()?;
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
            if !self.is_nothing() {
                break;
            }
        }
        // Ctrl-Z marks the end of old files.
        if self.bytes() == b"\x1a" && self.buffer[self.start..].trim_ascii().is_empty() && self.at_end()? {
            return Ok(false);
        }
        if self.quoted {
            unquote(&self.buffer[self.record.clone()], self.separator, &mut self.unquoted);
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
        let separator = self.separator;
        let (mut index, mut begin) = (0, 0);
        let mut wanted = wanted.iter().copied();
        let mut next = wanted.next();
        if separator == b' ' {
            for bytes in by_blanks(record) {
                if next == Some(index) {
                    field(index, bytes);
                    next = wanted.next();
                }
                index += 1;
            }
            return index;
        }
        for (at, &byte) in record.iter().enumerate() {
            if byte == separator {
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
        split(self.bytes(), self.separator).unwrap_or_default()
    }

    /// Whether the record is a blank line.
    fn is_nothing(&self) -> bool {
        let record = self.bytes();
        let Some(&first) = record.first() else { return true };
        // Figures and letters come first in almost every line.
        if !self.blanks_are_nothing || first.is_ascii_graphic() || first == b'\t' && self.separator == b'\t' {
            return false;
        }
        trimmed(record).is_empty()
    }

    /// Whether no text follows what is in the buffer.
    fn at_end(&mut self) -> Result<bool, RecordError> {
        if !self.at_end {
            self.start = self.buffer.len();
            self.fill()?;
        }
        Ok(self.at_end)
    }

    /// Before the first record: steps over byte order marks and lines that are to be passed over.
    fn start(&mut self) -> Result<(), RecordError> {
        while !self.started {
            if self.buffer.len() < 6 && !self.at_end {
                self.fill()?;
                continue;
            }
            self.started = true;
            while self.buffer[self.start..].starts_with(b"\xef\xbb\xbf") {
                self.start += 3;
            }
        }
        while self.skip > 0 {
            if let Some(end) = self.buffer[self.start..].iter().position(|&byte| byte == b'\n') {
                self.start += end + 1;
                self.next_line += 1;
                self.skip -= 1;
            } else if self.at_end {
                self.start = self.buffer.len();
                self.skip = 0;
            } else {
                self.fill()?;
            }
        }
        Ok(())
    }

    /// Finds the end of the record at `start`, reading on as needed.
    fn find_end(&mut self) -> Result<Option<End>, RecordError> {
        let mut scan = Scan::new(self.separator);
        loop {
            if let Some(newline) = scan.run(&self.buffer[self.start..]) {
                return Ok(Some(scan.end(self.start + newline)));
            }
            if self.at_end {
                if self.start == self.buffer.len() {
                    return Ok(None);
                }
                if scan.is_open() {
                    return Err(self.error_here(RecordError::OpenQuote));
                }
                return Ok(Some(scan.end(self.buffer.len())));
            }
            if scan.done() > LONGEST {
                let error = if scan.is_open() { RecordError::OpenQuote } else { RecordError::TooLong };
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

#[cfg(test)]
mod tests;
