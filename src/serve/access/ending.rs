//! The one table of endings: how a request can end, whatever the protocol.

use serde::{Deserialize, Serialize};

/// How a request ended that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    /// The text cannot be parsed.
    Syntax,
    /// A table that is not there.
    UnknownTable,
    /// A column that is not there.
    UnknownColumn,
    /// Values of a type that does not fit.
    WrongType,
    /// The query cannot be planned, or a value of a request is wrong.
    Invalid,
    /// The query was begun and a value of it cannot be computed.
    Failed,
    /// The query would write.
    WouldWrite,
    /// Not this token's to do.
    Forbidden,
    /// Absent, or not known to this token.
    NotFound,
    /// The method does not fit the address.
    Method,
    /// It is there already.
    Conflict,
    /// A body that is longer than it may be.
    TooLarge,
    /// Needs more memory.
    Memory,
    /// Needs more disk.
    Disk,
    /// Nested too deeply.
    TooDeep,
    /// Took too long.
    Deadline,
    /// Cancelled.
    Cancelled,
    /// Too many wait, or it waited too long.
    QueueFull,
    /// What the next part of an answer is read from was given up.
    SnapshotGone,
    /// The source is another one than it was.
    SourceChanged,
    /// The source is damaged.
    SourceDamaged,
    /// Not supported.
    NotSupported,
    /// No or wrong login.
    Login,
    /// Too many wrong logins.
    TooManyLogins,
    /// The name by which the service was asked isn't one of its own.
    Misdirected,
    /// A part of a text that begins behind its end.
    Range,
    /// The process that answered ended for another reason, or its answer is not whole.
    Died,
    /// The service is stopping.
    Stopping,
}

impl Ending {
    /// HTTP status and title.
    pub(crate) fn http(self) -> (u16, &'static str) {
        match self {
            Self::Syntax => (400, "The query cannot be parsed"),
            Self::UnknownTable => (400, "Unknown table"),
            Self::UnknownColumn => (400, "Unknown column"),
            Self::WrongType => (400, "A value of the wrong type"),
            Self::Invalid => (400, "Not a valid request"),
            Self::Failed => (422, "The query cannot be computed"),
            Self::WouldWrite => (403, "Queries only read"),
            Self::Forbidden => (403, "Not allowed with this token"),
            Self::NotFound => (404, "Not found"),
            Self::Method => (405, "Not a method of this address"),
            Self::Conflict => (409, "It is there already"),
            Self::TooLarge => (413, "Too large"),
            Self::Memory => (507, "Needs more memory"),
            Self::Disk => (507, "Needs more disk"),
            Self::TooDeep => (422, "Nested too deeply"),
            Self::Deadline => (504, "Took too long"),
            Self::Cancelled => (499, "Cancelled"),
            Self::QueueFull => (503, "Too many queries wait"),
            Self::SnapshotGone => (410, "The snapshot was given up"),
            Self::SourceChanged => (409, "The source changed"),
            Self::SourceDamaged => (500, "The source is damaged"),
            Self::NotSupported => (501, "Not supported"),
            Self::Login => (401, "Sign in first"),
            Self::TooManyLogins => (429, "Too many wrong logins"),
            Self::Misdirected => (421, "Not a name of this service"),
            Self::Range => (416, "No such part"),
            Self::Died => (500, "The query ended its process"),
            Self::Stopping => (503, "The service is stopping"),
        }
    }

    /// Code of gRPC.
    pub(crate) fn grpc(self) -> i32 {
        match self {
            Self::Cancelled => 1,
            Self::Syntax
            | Self::UnknownTable
            | Self::UnknownColumn
            | Self::WrongType
            | Self::Invalid
            | Self::Failed
            | Self::TooLarge
            | Self::TooDeep
            | Self::Misdirected => 3,
            Self::Deadline => 4,
            Self::NotFound => 5,
            Self::Conflict => 6,
            Self::WouldWrite | Self::Forbidden => 7,
            Self::Memory | Self::Disk | Self::QueueFull => 8,
            Self::SnapshotGone => 9,
            Self::SourceChanged => 10,
            Self::Range => 11,
            Self::NotSupported | Self::Method => 12,
            Self::Died => 13,
            Self::Stopping => 14,
            Self::SourceDamaged => 15,
            Self::Login | Self::TooManyLogins => 16,
        }
    }

    /// SQLSTATE.
    pub(crate) fn sqlstate(self) -> &'static str {
        match self {
            Self::Syntax => "42601",
            Self::UnknownTable => "42P01",
            Self::UnknownColumn => "42703",
            Self::WrongType => "42804",
            Self::Invalid | Self::Method | Self::Conflict | Self::Range => "22023",
            Self::Failed => "22000",
            Self::WouldWrite => "25006",
            Self::Forbidden => "42501",
            Self::NotFound | Self::Misdirected => "3D000",
            Self::TooLarge => "54000",
            Self::Memory => "53200",
            Self::Disk => "53100",
            Self::TooDeep => "54001",
            Self::Deadline | Self::Cancelled => "57014",
            Self::QueueFull => "53300",
            Self::SnapshotGone => "55000",
            Self::SourceChanged => "40001",
            Self::SourceDamaged => "XX001",
            Self::NotSupported => "0A000",
            Self::Login | Self::TooManyLogins => "28P01",
            Self::Died => "XX000",
            Self::Stopping => "57P01",
        }
    }

    /// `unknown-table`, as in the address of a problem and in the audit log.
    pub(crate) fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// What is said of a request that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// How.
    pub ending: Ending,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub hint: Option<String>,
    /// Where in a query, both from 1.
    pub place: Option<(u64, u64)>,
}

/// What an error says, and the SQLSTATE that is more exact than that of its ending.
const EXACT: [(&str, &str); 10] = [
    ("is divided by 0", "22012"),
    ("' is not a time", "22007"),
    ("is not a value of DATE", "22007"),
    ("is not a value of ", "22P02"),
    ("unknown function ", "42883"),
    (" does not take (", "42883"),
    ("is too large for ", "22003"),
    ("two columns of the select list are called ", "42712"),
    ("specified more than once", "42712"),
    ("two fields of the struct ", "42712"),
];

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n(hint: {hint})"))
    }
}

impl Ended {
    /// With words that may end in a hint: `what is wrong\n(hint: what to do)`.
    pub(crate) fn new(ending: Ending, words: impl Into<String>) -> Self {
        let words = words.into();
        let (detail, hint) = match words.split_once("\n(hint:") {
            Some((detail, hint)) => {
                (detail.to_owned(), Some(hint.trim().strip_suffix(')').unwrap_or(hint).trim().to_owned()))
            }
            None => (words, None),
        };
        Self { ending, detail, hint, place: None }
    }

    /// SQLSTATE, as exact as what is said.
    pub(crate) fn sqlstate(&self) -> &'static str {
        let is_of_a_query = matches!(
            self.ending,
            Ending::Invalid | Ending::Failed | Ending::WrongType | Ending::UnknownColumn
        );
        let exact = EXACT.iter().find(|(words, _)| is_of_a_query && self.detail.contains(words));
        exact.map_or_else(|| self.ending.sqlstate(), |(_, code)| code)
    }

    /// A name that is none of those that there are.
    pub(crate) fn unknown(ending: Ending, what: &str, name: &str, known: &[&str]) -> Self {
        let near =
            known.iter().map(|k| (strsim::damerau_levenshtein(&k.to_lowercase(), &name.to_lowercase()), *k));
        let near = near.min().filter(|(distance, known)| *distance <= 1 + known.len() / 3);
        let hint = match near {
            Some((_, near)) => Some(format!("is it {near}?")),
            None if known.is_empty() => None,
            None => Some(format!("there is {}", known.join(", "))),
        };
        Self { ending, detail: format!("unknown {what} {name}"), hint, place: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_by_itself() {
        let ended = Ended::new(Ending::Memory, "too much\n(hint: ask for less (or more))");
        assert_eq!(
            (ended.detail.as_str(), ended.hint.as_deref()),
            ("too much", Some("ask for less (or more)"))
        );
        assert_eq!(Ending::UnknownTable.name(), "unknown-table");
        for (ending, words, code) in [
            (Ending::Failed, "a whole number is divided by 0", "22012"),
            (Ending::Failed, "'x' is not a value of INT", "22P02"),
            (Ending::Failed, "'nope' is not a time", "22007"),
            (Ending::Failed, "'nope' is not a value of DATE, in a", "22007"),
            (Ending::Invalid, "unknown function nofun", "42883"),
            (Ending::Failed, "300 * 300 is too large for its type", "22003"),
            (Ending::UnknownColumn, "two columns of the select list are called a", "42712"),
            (Ending::Invalid, "anything else", "22023"),
            (Ending::UnknownTable, "table 'unknown function ' not found", "42P01"),
        ] {
            assert_eq!(Ended::new(ending, words).sqlstate(), code, "{words}");
        }
        let near = Ended::unknown(Ending::NotFound, "table", "tee", &["te", "gc"]);
        assert_eq!(near.hint.as_deref(), Some("is it te?"));
        let far = Ended::unknown(Ending::NotFound, "table", "something", &["te", "gc"]);
        assert_eq!(far.hint.as_deref(), Some("there is te, gc"));
    }
}
