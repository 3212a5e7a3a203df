//! What is said: words for people to standard error, data to standard output. Nothing else writes to either, so
//! nobody who stops reading ends what is being done, or changes its exit code.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::sync::OnceLock;

use crate::error::Failure;
use crate::printable::printable;

/// Whether there is still somebody who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// There may be.
    There,
    /// They have gone, as `head` does.
    Gone,
}

/// Where words go once standard error is kept for those who do not ask.
static PLACE: OnceLock<File> = OnceLock::new();

/// Goes on with words where standard error goes now, whatever becomes of that.
///
/// # Errors
/// There are no more file descriptors.
pub(super) fn keep_place() -> io::Result<()> {
    let place = io::stderr().as_fd().try_clone_to_owned()?;
    let _ = PLACE.set(place.into());
    Ok(())
}

/// Where words go.
pub(super) fn place() -> Box<dyn Write> {
    match PLACE.get() {
        Some(place) => Box::new(place),
        None => Box::new(io::stderr()),
    }
}

/// The same for a program that is started.
pub(super) fn place_of_others() -> Stdio {
    PLACE.get().and_then(|place| place.try_clone().ok()).map_or_else(Stdio::inherit, Stdio::from)
}

/// Whether words go to the journal of the system, where others may read them as long as it is kept.
#[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "only the service has secrets to tell"))]
pub(super) fn is_to_journal() -> bool {
    let Ok(journal) = std::env::var("JOURNAL_STREAM") else { return false };
    let about = io::stderr().as_fd().try_clone_to_owned().and_then(|place| File::from(place).metadata());
    about.is_ok_and(|about| journal == format!("{}:{}", about.dev(), about.ino()))
}

/// Writes words to standard error. They may be lost: nobody may be there, and a disk may be full.
pub(super) fn say(words: impl Display) {
    let _ = place().write_all(printable(&words.to_string()).as_bytes());
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
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::error(format!("cannot write to standard output: {error}"))),
    }
}
