//! What is wrong with, or assumed about, a directory of the predecessor.

use std::fmt;

/// Lines that are written out in a message.
const SHOWN: usize = 5;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The file is not there.
    MissingFile,
    /// The file has no bytes, or nothing that is a line.
    EmptyFile,
    /// The end of the file may be cut off; what may be cut is left out.
    Torn,
    /// Rows with a number of fields that no known layout has; left out.
    Ragged,
    /// Rows of another known layout than the header's; read by it.
    OtherLayout,
    /// The header is missing or stands below rows.
    Header,
    /// The header again, between rows; left out.
    RepeatedHeader,
    /// The file is in another form than the predecessor wrote it in, as other programs save it; what was read is said.
    Form,
    /// Columns that are not known or stand twice; left out.
    Column,
    /// Rows that are no text, or hold a value that cannot be; left out.
    Unreadable,
    /// Rows that stand more than once with equal values; one is kept.
    RepeatedRow,
    /// Rows of one user and key with different values; all are kept, as attempts of the unit.
    UnequalRows,
    /// A p of a permutation test that is exactly 0; kept.
    ZeroP,
    /// A value that contradicts another one; what was done is said.
    Doubtful,
    /// A value that the file does not have and that was filled in.
    Assumed,
    /// Rows without a feature mode, in a directory of several; left out.
    ModeUnknown,
    /// Settings that are missing or not understood.
    Settings,
    /// A user that was begun and has no result.
    Interrupted,
    /// An incomplete unit that another directory has complete; it does not count.
    Superseded,
    /// Something about the directories together.
    Directories,
}

impl Kind {
    /// Whether rows of the file are left out that may have held results.
    pub fn loses_rows(self) -> bool {
        matches!(self, Self::Torn | Self::Ragged | Self::Unreadable | Self::ModeUnknown | Self::EmptyFile)
    }
}

/// One thing that is wrong or assumed, with all lines of the file it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file: with the directory's name before it once it is in a [`LegacyShard`](super::LegacyShard).
    pub file: String,
    /// Lines of the file, from 1, ascending; empty if it is about the file as a whole.
    pub lines: Vec<u64>,
    /// What it is about.
    pub kind: Kind,
    /// What is wrong, and what was done about it.
    pub what: String,
    /// What to do next.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if !self.lines.is_empty() {
            let shown: Vec<String> = self.lines.iter().take(SHOWN).map(u64::to_string).collect();
            write!(f, ", line {}", shown.join(", "))?;
            if self.lines.len() > SHOWN {
                write!(f, " and {} more", self.lines.len() - SHOWN)?;
            }
        }
        write!(f, ": {}", self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "\n(hint: {})", self.remedy) }
    }
}

/// What is added to a finding about one value, once lines with other values follow.
const OTHER_VALUES: &str = " (other lines have other values)";

/// What is said of a value of a column, without the value: it differs in each of thousands of lines.
fn without_value(what: &str) -> (&str, &str) {
    let what = what.strip_suffix(OTHER_VALUES).unwrap_or(what);
    let of_column = what.starts_with("column `");
    let value = what.split_once(": `").filter(|_| of_column);
    value.and_then(|(before, rest)| Some((before, rest.rsplit_once('`')?.1))).unwrap_or((what, ""))
}

/// Findings being collected; the same one of several lines becomes one.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Something about a line, or about the file as a whole if the line is 0.
    pub(super) fn add(&mut self, file: &str, line: u64, kind: Kind, what: impl Into<String>, remedy: &str) {
        let (what, remedy) = (what.into(), remedy.to_owned());
        let same = |f: &&mut Finding| {
            f.kind == kind && f.file == file && without_value(&f.what) == without_value(&what)
        };
        let lines = if let Some(found) = self.0.iter_mut().rev().find(same) {
            if found.what != what && !found.what.ends_with(OTHER_VALUES) {
                found.what.push_str(OTHER_VALUES);
            }
            &mut found.lines
        } else {
            self.0.push(Finding { file: file.to_owned(), lines: Vec::new(), kind, what, remedy });
            // Just pushed, so it is there.
            match self.0.last_mut() {
                Some(found) => &mut found.lines,
                None => return,
            }
        };
        if line > 0
            && let Err(place) = lines.binary_search(&line)
        {
            lines.insert(place, line);
        }
    }

    /// All of them.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }

    /// All of them, with files named behind their directory.
    pub(super) fn in_folder(self, folder: &str) -> Vec<Finding> {
        let mut found = self.0;
        for finding in &mut found {
            // One that is about all files names the folder alone.
            let slash = if finding.file.is_empty() { "" } else { "/" };
            finding.file = format!("{folder}{slash}{}", finding.file);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_column_are_told_once() {
        let mut findings = Findings::default();
        for (line, value) in [(2, "1,234.5"), (3, "1,234.5"), (4, "1,2`3")] {
            findings.add("f", line, Kind::Unreadable, format!("column `p`: `{value}` is not a number"), "");
        }
        findings.add("f", 5, Kind::Unreadable, "column `q`: `x` is not a number", "");
        findings.add("f", 6, Kind::Unreadable, "column `p`: `2` is neither True nor False", "");
        let told: Vec<String> = findings.into_vec().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "f, line 2, 3, 4: column `p`: `1,234.5` is not a number (other lines have other values)",
                "f, line 5: column `q`: `x` is not a number",
                "f, line 6: column `p`: `2` is neither True nor False",
            ]
        );
    }
}
