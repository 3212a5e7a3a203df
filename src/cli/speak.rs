//! What is said: words for people to standard error, data to standard output. Nothing else writes to either, so
//! nobody who stops reading ends what is being done, or changes its exit code.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use crate::error::Failure;

/// Whether there is still somebody who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// There may be.
    There,
    /// They have gone, as `head` does.
    Gone,
}

/// Writes words to standard error, as they are. They may be lost: nobody may be there, and a disk may be full.
pub(super) fn say(words: impl Display) {
    let _ = std::io::stderr().write_all(words.to_string().as_bytes());
}

/// Writes a line of words to standard error.
pub(super) fn say_line(words: impl Display) {
    say(format_args!("{words}\n"));
}

/// Writes to standard output. A reader that went away has read enough.
///
/// # Errors
/// The disk that it goes to is full, say.
pub(super) fn out(text: &str) -> Result<(), Failure> {
    offer(text).map(drop)
}

/// Writes to standard output, and says whether somebody may still read it.
pub(super) fn offer(text: &str) -> Result<Reader, Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::error(format!("cannot write to standard output: {error}"))),
    }
}
