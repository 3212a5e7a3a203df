//! What messages about a store are made of.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use super::settings::Who;
use crate::store::error::Cause;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Put,
    Get,
    Head,
    List,
    Delete,
}

impl Asked {
    /// What a key must be allowed for it.
    pub(super) fn right(self) -> &'static str {
        match self {
            Self::Put => "s3:PutObject",
            Self::Get | Self::Head => "s3:GetObject",
            Self::List => "s3:ListBucket",
            Self::Delete => "s3:DeleteObject",
        }
    }

    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Put => "write",
            Self::Get | Self::Head => "read",
            Self::List => "list",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Put => "PUT",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::List => "a listing",
            Self::Delete => "DELETE",
        })
    }
}

/// What messages say of a bucket.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// Its name.
    pub(super) bucket: String,
    /// Where the server is.
    pub(super) server: String,
    /// The region that requests are signed for.
    pub(super) region: String,
    /// Who asks.
    pub(super) who: Who,
}

/// What is known of a failed request besides its error.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// How long it was tried.
    pub(super) tried: Duration,
    /// Whether the bucket could be listed.
    pub(super) listed: bool,
    /// The buckets that are there, where that was asked.
    pub(super) buckets: Vec<String>,
    /// The prefix of the run, as in rules that allow something.
    pub(super) prefix: String,
}

/// A cause with its kind and a way out.
pub(super) fn cause(kind: io::ErrorKind, said: impl Into<String>, hint: impl Into<String>) -> io::Error {
    io::Error::new(kind, Cause { said: said.into(), hint: hint.into() })
}

/// All that an error and its causes say.
pub(super) fn text_of(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        text.push_str(&error.to_string());
        text.push('\n');
        next = error.source();
    }
    text
}

/// A time, for people.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.0} s", time.as_secs_f64())
}
