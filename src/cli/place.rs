//! Where a command may write.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command};

use crate::error::Failure;
use crate::store::{Location, holder_of};

/// Reads the place of a run or an output: a folder, or a URL.
pub(super) fn place() -> PlaceParser {
    PlaceParser
}

/// Tells of a URL that cannot be used without repeating it: somebody may have written a key into it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlaceParser;

impl TypedValueParser for PlaceParser {
    type Value = Location;

    fn parse_ref(&self, cmd: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Location, clap::Error> {
        PathBufValueParser::new().parse_ref(cmd, arg, value)?;
        Location::of(value).map_err(|error| {
            let option = arg.map_or_else(String::new, |arg| format!("{arg}: "));
            clap::Error::raw(ErrorKind::ValueValidation, format!("{option}{error}\n")).with_cmd(cmd)
        })
    }
}

/// Whether `-` is meant: standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Refuses to fill a terminal with what is not for people; `like` is the name of a file that would do.
pub(super) fn not_a_terminal(what: &str, like: &str) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() {
        return Ok(());
    }
    let hint = format!("(hint: name a file with -o, like -o {like})");
    Err(Failure::usage(format!("{what} is not for a terminal\n{hint}")))
}

/// Refuses a path in a run or in an output of a merge: other tools take every file there for one of its tables.
/// `what` names the option.
pub(super) fn outside(what: &str, path: &Path) -> Result<(), Failure> {
    written_out(what, path)?;
    holder_of(path).map_or(Ok(()), |holder| Err(refusal(what, path, &holder)))
}

/// Whether data can lie at a place: a folder has to be there, and a URL is asked later.
pub(super) fn may_hold_data(path: &Path) -> Result<bool, Failure> {
    let place = Location::of(path.as_os_str()).map_err(Failure::usage)?;
    Ok(place.folder().is_none_or(Path::is_dir))
}

/// Refuses a URL where only a folder will do.
fn no_url(what: &str, path: &Path, instead: &str) -> Result<(), Failure> {
    let text = path.to_string_lossy();
    if let Some(path) = text.strip_prefix("file://") {
        return Err(Failure::usage(format!("{what} takes a path and no URL\n(hint: write {path})")));
    }
    if text.contains("://") {
        return Err(Failure::usage(format!(
            "{what} takes a path and no URL such as {text}\n(hint: {instead})"
        )));
    }
    Ok(())
}

/// A path that begins with `~` was quoted, or stands behind a `=`, where the shell leaves it as it is.
fn written_out(what: &str, path: &Path) -> Result<(), Failure> {
    no_url(what, path, "write into a folder, and copy what is there")?;
    if !path.to_string_lossy().starts_with('~') {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::usage(format!(
        "{what} {path} begins with `~`, which only a shell replaces\n(hint: write the folder in full, or `{what} ~/…` \
         without quotes)"
    )))
}

/// The same for a run or an output at a place, which may be there itself.
pub(super) fn beside_place(what: &str, place: &Location) -> Result<(), Failure> {
    place.folder().map_or(Ok(()), |dir| beside(what, dir))
}

/// The same for one in a folder.
pub(super) fn beside(what: &str, path: &Path) -> Result<(), Failure> {
    written_out(what, path)?;
    let mut above: PathBuf = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    above.pop();
    holder_of(&above).map_or(Ok(()), |holder| Err(refusal(what, path, &holder)))
}

fn refusal(what: &str, path: &Path, holder: &Path) -> Failure {
    let (path, holder) = (path.display(), holder.display());
    Failure::usage(format!(
        "{what} {path} lies in {holder}, which holds a run or merged results and nothing else\n\
         (hint: name a place outside of it)"
    ))
}
