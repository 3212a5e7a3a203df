//! Rows to standard output or into a file.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use datafusion::physical_plan::SendableRecordBatchStream;

use super::format::{self, Format};
use super::pager::Paged;
use super::table::Look;
use super::terminal::Screen;
use super::unwritten::{Named, in_short};
use crate::beside::Beside;
use crate::cli::speak::say_line;
use crate::error::Failure;

/// How rows are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) format: Format,
    /// The terminal, if standard output is one.
    pub(super) screen: Option<Screen>,
    /// Whether more than a screen goes through a pager.
    pub(super) pager: bool,
    /// A row as lines, a column each.
    pub(super) lines: bool,
    /// What shows all columns, where some are left out.
    pub(super) instead: &'static str,
}

/// Writes rows to standard output.
pub(super) async fn show(rows: SendableRecordBatchStream, view: View) -> Result<(), Failure> {
    let look = Look { room: view.screen.map(|s| s.columns), lines: view.lines, instead: view.instead };
    let mut out = Paged::new(view.screen.filter(|_| view.pager));
    // Whoever leaves the pager or closes the pipe has read enough; a pager that never was is told.
    let has_gone = |failure: &Failure| failure.is_broken_pipe();
    let note = match format::write(rows, view.format, look, &mut out).await {
        Err(failure) if has_gone(&failure) => None,
        written => written.map_err(in_short)?,
    };
    match out.finish() {
        Err(failure) if has_gone(&failure) => return Ok(()),
        finished => finished?,
    }
    if let Some(note) = note {
        say_line(note);
    }
    Ok(())
}

/// Writes beside the place of the file, so that it is whole or absent.
pub(super) async fn to_file(
    rows: SendableRecordBatchStream,
    format: Format,
    path: &Path,
) -> Result<(), Failure> {
    let exists = || Failure::usage(format!("{} exists already\n(hint: name another file)", path.display()));
    if path.exists() {
        return Err(exists());
    }
    let wrong = |e: std::io::Error| match e.kind() {
        ErrorKind::AlreadyExists => exists(),
        _ => Failure::error(format!("cannot write {}: {e}", path.display())),
    };
    let made = Beside::of(path);
    let file = File::create(made.path()).map_err(wrong)?;
    let mut file = BufWriter::new(Named { file, name: path.display().to_string() });
    format::write(rows, format, Look::default(), &mut file).await.map_err(in_short)?;
    file.flush().map_err(Failure::error)?;
    file.get_ref().file.sync_all().map_err(wrong)?;
    made.put_file().map_err(wrong)
}
