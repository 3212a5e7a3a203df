//! Rows to standard output or into a file.

use std::io::Write;
use std::path::Path;

use datafusion::physical_plan::SendableRecordBatchStream;

use super::format::{self, Format};
use super::pager::Paged;
use super::table::Look;
use super::terminal::Screen;
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
        written => written?,
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

/// Writes beside the file and renames, so that the file is whole or absent.
pub(super) async fn to_file(
    rows: SendableRecordBatchStream,
    format: Format,
    path: &Path,
) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::usage(format!("{} exists already\n(hint: name another file)", path.display())));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let staged = path.with_file_name(name);
    let wrong = |e| Failure::error(format!("cannot write {}: {e}", path.display()));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&staged).map_err(wrong)?);
    if let Err(failure) = format::write(rows, format, Look::default(), &mut file).await {
        let _ = std::fs::remove_file(&staged);
        return Err(failure);
    }
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(wrong)?;
    std::fs::rename(&staged, path).map_err(wrong)
}
