//! Where a record of CSV text ends and what its fields are (RFC 4180), fast where nothing is quoted.

/// Separators that are recognised, the usual one first, and what they are called.
pub(super) const SEPARATORS: [(u8, &str); 5] =
    [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs"), (b'|', "bars"), (b' ', "blanks")];

/// Where a record ends.
pub(super) struct End {
    /// Offset of the newline (or of the end of the text).
    pub(super) newline: usize,
    /// Newlines inside quoted fields.
    pub(super) inner_lines: u64,
    /// Whether the record holds a quote.
    pub(super) quoted: bool,
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
    fn after(self, byte: u8, separator: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Closing,
            (Self::Quoted, _) | (Self::Start | Self::Closing, b'"') => Self::Quoted,
            _ if byte == separator || separator == b' ' && byte == b'\t' => Self::Start,
            _ => Self::Bare,
        }
    }
}

/// Whether the records of a text end in carriage returns alone. Line feeds may stand within quotes, as a spreadsheet on an
/// older Mac writes the line breaks of a cell.
pub(super) fn ends_in_carriage_returns(text: &[u8]) -> bool {
    if !text.contains(&b'\r') {
        return false;
    }
    let separates = |byte: u8| SEPARATORS.iter().any(|(known, _)| *known == byte);
    let (mut state, mut alone) = (State::Start, false);
    for (at, &byte) in text.iter().enumerate() {
        let is_end = state != State::Quoted && matches!(byte, b'\r' | b'\n');
        if is_end && (byte == b'\n' || text.get(at + 1) == Some(&b'\n')) {
            return false;
        }
        alone |= is_end;
        state =
            if is_end { State::Start } else { state.after(byte, if separates(byte) { byte } else { b',' }) };
    }
    alone
}

/// A search for a record's end that goes on where it stopped when more text has come.
#[derive(Default)]
pub(super) struct Scan {
    done: usize,
    quoted: bool,
    state: State,
    inner_lines: u64,
    separator: u8,
}

impl Scan {
    /// A search from the first byte of a record on.
    pub(super) fn new(separator: u8) -> Self {
        Self { separator, ..Self::default() }
    }

    /// Bytes searched so far.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// Whether a quoted field is open where the search stopped.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Quoted
    }

    /// Offset of the newline that ends the record, if it is in `text`.
    pub(super) fn run(&mut self, text: &[u8]) -> Option<usize> {
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
            self.state = self.state.after(byte, self.separator);
            self.done += 1;
        }
        None
    }

    /// The end found at a newline.
    pub(super) fn end(&self, newline: usize) -> End {
        End { newline, inner_lines: self.inner_lines, quoted: self.quoted }
    }
}

/// The fields of a text that is one record; none if a quote in it is left open.
pub(crate) fn split_record(record: &[u8]) -> Option<Vec<Vec<u8>>> {
    split(record, b',')
}

/// The fields of a record that are separated by `separator`; none if a quote in it is left open.
pub(super) fn split(record: &[u8], separator: u8) -> Option<Vec<Vec<u8>>> {
    if !record.contains(&b'"') {
        if separator == b' ' {
            return Some(by_blanks(record).map(<[u8]>::to_vec).collect());
        }
        return Some(record.split(|&byte| byte == separator).map(<[u8]>::to_vec).collect());
    }
    if record.iter().fold(State::Start, |state, &byte| state.after(byte, separator)) == State::Quoted {
        return None;
    }
    let mut fields = Vec::new();
    unquote(record, separator, &mut fields);
    Some(fields)
}

/// Fields between runs of blanks and tabs.
pub(super) fn by_blanks(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    record.split(|&byte| byte == b' ' || byte == b'\t').filter(|field| !field.is_empty())
}

/// Splits a record with quotes into its fields, reusing the vectors of the last one.
pub(super) fn unquote(record: &[u8], separator: u8, fields: &mut Vec<Vec<u8>>) {
    fields.clear();
    let mut field = Vec::new();
    let mut state = State::Start;
    // Between blanks only what is quoted can be empty.
    let mut real = separator != b' ';
    for &byte in record {
        let next = state.after(byte, separator);
        match (state, next) {
            (_, State::Start) => {
                if real || !field.is_empty() {
                    fields.push(std::mem::take(&mut field));
                }
                real = separator != b' ';
            }
            // An opening quote or a closing one (for now) is no part of the field.
            (State::Start, State::Quoted) | (State::Quoted, State::Closing) => real = true,
            _ => field.push(byte),
        }
        state = next;
    }
    if real || !field.is_empty() {
        fields.push(field);
    }
}
