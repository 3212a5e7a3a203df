//! Where a command may write.

use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::store::holder_of;

/// Refuses a path in a run or in an output of a merge: other tools take every file there for one of its tables.
/// `what` names the option.
pub(super) fn outside(what: &str, path: &Path) -> Result<(), Failure> {
    written_out(what, path)?;
    holder_of(path).map_or(Ok(()), |holder| Err(refusal(what, path, &holder)))
}

/// A path that begins with `~` was quoted, or stands behind a `=`, where the shell leaves it as it is.
fn written_out(what: &str, path: &Path) -> Result<(), Failure> {
    if !path.to_string_lossy().starts_with('~') {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::usage(format!(
        "{what} {path} begins with `~`, which only a shell replaces\n(hint: write the folder in full, or `{what} ~/…` \
         without quotes)"
    )))
}

/// The same for a run or an output, which may be there itself.
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
