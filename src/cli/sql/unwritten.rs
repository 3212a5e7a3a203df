//! What is said where rows cannot be written: the place, and the system's words.

use std::fs::File;
use std::io::{self, Write};

use crate::error::Failure;

const UNWRITTEN: &str = "cannot write to ";

/// An error of writing that names the place.
pub(super) fn unwritten(place: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{UNWRITTEN}{place}: {error}"))
}

/// What the formats put around an error of writing says nothing.
pub(super) fn in_short(failure: Failure) -> Failure {
    let said = failure.to_string();
    said.find(UNWRITTEN).map_or(failure, |at| Failure::error(said[at..].to_owned()))
}

/// A file whose errors name it.
pub(super) struct Named {
    pub(super) file: File,
    pub(super) name: String,
}

impl Write for Named {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| unwritten(&self.name, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| unwritten(&self.name, &error))
    }
}
