//! What is told when there is no answer: SQLSTATE, words, hint, position.

use std::io;

use pgwire::messages::response::{ErrorResponse, NoticeResponse};

use crate::serve::access::{Ended, Ending};

/// Why a statement has no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// An error; the connection goes on.
    Said(Box<Words>),
    /// The last word of the connection.
    Last(Box<Words>),
    /// Nobody is there to be told.
    Gone,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// SQLSTATE.
    pub(super) code: &'static str,
    /// What is wrong.
    pub(super) text: String,
    /// What to do.
    pub(super) hint: Option<String>,
    /// Where in the text that was asked, both from 1.
    pub(super) place: Option<(u64, u64)>,
}

impl Words {
    pub(super) fn new(code: &'static str, words: impl Into<String>) -> Self {
        Self { code, text: words.into(), hint: None, place: None }
    }

    /// The fields of an error; a position counts letters of the text from 1.
    pub(super) fn response(&self, severity: &str, sql: &str) -> ErrorResponse {
        let mut fields = vec![
            (b'S', severity.to_owned()),
            (b'V', severity.to_owned()),
            (b'C', self.code.to_owned()),
            (b'M', whole(&self.text)),
        ];
        fields.extend(self.hint.as_deref().map(|hint| (b'H', whole(hint))));
        fields.extend(self.place.and_then(|place| position(sql, place)).map(|at| (b'P', at.to_string())));
        ErrorResponse::new(fields)
    }
}

/// A text without the letter that ends texts on the wire.
fn whole(text: &str) -> String {
    text.replace('\0', "")
}

/// Something that whoever reads the rows must know.
pub(super) fn notice(severity: &str, code: &str, words: &str) -> NoticeResponse {
    NoticeResponse::new(vec![
        (b'S', severity.to_owned()),
        (b'V', severity.to_owned()),
        (b'C', code.to_owned()),
        (b'M', whole(words)),
    ])
}

/// The letter of a text at a line and column, from 1.
fn position(sql: &str, (line, column): (u64, u64)) -> Option<usize> {
    let before: usize = sql
        .split_inclusive('\n')
        .take(usize::try_from(line).ok()?.checked_sub(1)?)
        .map(|line| line.chars().count())
        .sum();
    let at = before + usize::try_from(column).ok()?;
    (at <= sql.chars().count() + 1).then_some(at)
}

impl Fault {
    /// An error.
    pub(super) fn new(code: &'static str, words: impl Into<String>) -> Self {
        Self::Said(Box::new(Words::new(code, words)))
    }

    /// An error with what to do.
    pub(super) fn with_hint(code: &'static str, words: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Said(Box::new(Words { hint: Some(hint.into()), ..Words::new(code, words) }))
    }

    /// How it ends, in the words of all doors.
    pub(super) fn ending(&self) -> Ending {
        let code = match self {
            Self::Said(words) | Self::Last(words) => words.code,
            Self::Gone => return Ending::Cancelled,
        };
        let known = [Ending::Syntax, Ending::WouldWrite, Ending::NotSupported, Ending::TooLarge];
        known.into_iter().find(|ending| ending.sqlstate() == code).unwrap_or(Ending::Invalid)
    }

    /// The last word.
    pub(super) fn last(code: &'static str, words: impl Into<String>) -> Self {
        Self::Last(Box::new(Words::new(code, words)))
    }
}

impl From<Ended> for Fault {
    fn from(ended: Ended) -> Self {
        Self::Said(Box::new(Words {
            code: ended.sqlstate(),
            text: ended.detail,
            hint: ended.hint,
            place: ended.place,
        }))
    }
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl From<Ending> for Fault {
    fn from(ending: Ending) -> Self {
        Self::new(ending.sqlstate(), ending.http().1)
    }
}

/// A place of a part as one of the whole: what stands before the part is passed over.
pub(super) fn moved((line, column): (u64, u64), before: &str) -> (u64, u64) {
    let lines = before.matches('\n').count() as u64;
    let last = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64;
    (line + lines, if line == 1 { column + last } else { column })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_letters() {
        let sql = "select é,\n  x\nfrom y";
        assert_eq!(position(sql, (1, 8)), Some(8));
        assert_eq!(position(sql, (2, 3)), Some(13));
        assert_eq!(position(sql, (3, 1)), Some(15));
        assert_eq!(position(sql, (1, 900)), None);
    }

    #[test]
    fn places_are_those_of_the_whole_text() {
        assert_eq!(moved((1, 3), "ab\ncd "), (2, 6));
        assert_eq!(moved((2, 3), "ab\ncd "), (3, 3));
    }
}
