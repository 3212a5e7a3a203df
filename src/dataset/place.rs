//! Where rows stand in the files of a user, as messages say it.

use std::fmt;
use std::sync::Arc;

/// A row's place: its line, and its file where a user has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    file: Option<Arc<str>>,
    line: u64,
}

impl Place {
    /// A line of a user's only file.
    pub fn line(line: u64) -> Self {
        Self { file: None, line }
    }

    /// Both places in words.
    pub(super) fn and(&self, other: &Self) -> String {
        match (&self.file, &other.file) {
            (None, None) => format!("lines {} and {}", self.line, other.line),
            _ => format!("{self} and {other}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}, ")?;
        }
        write!(f, "line {}", self.line)
    }
}

/// The places of a user's rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lines {
    lines: Vec<u64>,
    /// First row of each file, where there are several.
    files: Vec<(usize, Arc<str>)>,
}

impl Lines {
    /// Lines of a user's only file.
    pub fn new(lines: Vec<u64>) -> Self {
        Self { lines, files: Vec::new() }
    }

    /// Adds rows of one of several files.
    pub(super) fn push_file(&mut self, file: &str, lines: impl Iterator<Item = u64>) {
        self.files.push((self.lines.len(), file.into()));
        self.lines.extend(lines);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Line of each row.
    pub fn as_slice(&self) -> &[u64] {
        &self.lines
    }

    /// The place of a row.
    pub fn at(&self, row: usize) -> Place {
        let line = self.lines.get(row).copied().unwrap_or_default();
        let of = self.files.partition_point(|(first, _)| *first <= row);
        let file =
            (self.files.len() > 1).then(|| of.checked_sub(1).map(|file| Arc::clone(&self.files[file].1)));
        Place { file: file.flatten(), line }
    }
}

/// Some rows of a user, in some order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    /// Places of all rows.
    pub(super) lines: &'a Lines,
    /// The rows.
    pub(super) kept: &'a [usize],
}

impl Rows<'_> {
    /// The place of one of them.
    pub(super) fn at(&self, index: usize) -> Place {
        self.lines.at(self.kept.get(index).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, Place};

    #[test]
    fn the_file_is_named_where_there_are_several() {
        let one = Lines::new(vec![2, 3]);
        assert_eq!(one.at(1).to_string(), "line 3");
        assert_eq!(one.at(0).and(&one.at(1)), "lines 2 and 3");
        let mut one = Lines::default();
        one.push_file("a.csv", [2, 3].into_iter());
        assert_eq!(one.at(1), Place::line(3));
        one.push_file("b.csv", [2].into_iter());
        assert_eq!(one.at(1).and(&one.at(2)), "a.csv, line 3 and b.csv, line 2");
    }
}
