//! Pieces of output into lines.

use super::fault::Fault;

/// Buffers larger than this are not kept for the next unit.
const KEPT: usize = 1 << 20;

/// Lines of a stream that comes in pieces.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Start of the line that comes next.
    start: usize,
    /// Up to here there is no end of that line.
    searched: usize,
    /// Number of the line that was given last.
    number: u64,
    longest: usize,
    /// Whether nothing came yet, so that a byte-order mark may.
    at_start: bool,
}

/// What some systems begin every output with.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Lines {
    /// Nothing yet; a line may have `longest` bytes.
    pub(super) fn new(longest: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, searched: 0, number: 0, longest, at_start: true }
    }

    /// Adds a piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(piece);
        if self.at_start && (self.buffer.len() >= MARK.len() || !MARK.starts_with(&self.buffer)) {
            self.at_start = false;
            if self.buffer.starts_with(MARK) {
                (self.start, self.searched) = (MARK.len(), MARK.len());
            }
        }
    }

    /// The next line that is whole, without its end, and its number from 1.
    pub(super) fn next_line(&mut self) -> Result<Option<(u64, &[u8])>, Fault> {
        let end = self.buffer[self.searched..].iter().position(|b| *b == b'\n').map(|i| self.searched + i);
        let length = end.unwrap_or(self.buffer.len()) - self.start;
        if length > self.longest {
            let what = format!("line {} with more than {} MB", self.number + 1, self.longest >> 20);
            return Err(Fault::TooMuch(what));
        }
        let Some(end) = end else {
            self.searched = self.buffer.len();
            return Ok(None);
        };
        let line = self.start..end;
        (self.start, self.searched) = (end + 1, end + 1);
        self.number += 1;
        Ok(Some((self.number, &self.buffer[line])))
    }

    /// The next bytes of what is no line, `most` at most; none if none has come.
    pub(super) fn bytes(&mut self, most: u64) -> Vec<u8> {
        let there = self.buffer.len() - self.start;
        let end = self.start + usize::try_from(most).map_or(there, |most| most.min(there));
        let bytes = self.buffer[self.start..end].to_vec();
        (self.start, self.searched) = (end, end);
        bytes
    }

    /// What stands behind the last end of a line, and the number of that line.
    pub(super) fn rest(&self) -> (u64, &[u8]) {
        (self.number + 1, &self.buffer[self.start..])
    }

    /// Whether all lines were taken.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.buffer.len()
    }

    /// Counts from 1 again.
    pub(super) fn restart(&mut self) {
        self.number = 0;
        if self.is_empty() && self.buffer.capacity() > KEPT {
            *self = Self { at_start: false, ..Self::new(self.longest) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(lines: &mut Lines) -> Vec<String> {
        let mut all = Vec::new();
        while let Some((_, line)) = lines.next_line().unwrap() {
            all.push(String::from_utf8(line.to_vec()).unwrap());
        }
        all
    }

    /// The lines of a text that comes in pieces of so many bytes, and who has read them.
    fn in_pieces(text: &str, size: usize) -> (Vec<String>, Lines) {
        let mut lines = Lines::new(10);
        let mut all = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            lines.push(piece);
            all.extend(taken(&mut lines));
        }
        (all, lines)
    }

    #[test]
    fn lines_may_come_in_any_pieces() {
        let text = "a\n\nbb\ncc";
        for size in 1..=text.len() {
            let (all, lines) = in_pieces(text, size);
            assert_eq!(all, ["a", "", "bb"], "{size}");
            assert_eq!(lines.rest(), (4, &b"cc"[..]));
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_at_the_start_only() {
        let text = "\u{feff}{}\n\u{feff}\n";
        for size in 1..=text.len() {
            assert_eq!(in_pieces(text, size).0, ["{}", "\u{feff}"], "{size}");
        }
    }

    #[test]
    fn bytes_between_lines_are_no_lines() {
        let mut lines = Lines::new(4);
        lines.push(b"a\nxx\nx");
        assert_eq!(lines.next_line().unwrap(), Some((1, &b"a"[..])));
        assert_eq!((lines.bytes(9), lines.bytes(9)), (b"xx\nx".to_vec(), Vec::new()));
        lines.push(b"yyyyyb\n");
        assert_eq!(lines.bytes(5), b"yyyyy");
        assert_eq!(taken(&mut lines), ["b"]);
    }

    #[test]
    fn a_line_has_a_limit_whether_it_ends_or_not() {
        for text in ["12345", "12345\n"] {
            let mut lines = Lines::new(4);
            lines.push(text.as_bytes());
            assert!(matches!(lines.next_line(), Err(Fault::TooMuch(_))));
        }
        let mut lines = Lines::new(4);
        lines.push(b"1234\n");
        assert_eq!(taken(&mut lines), ["1234"]);
    }
}
