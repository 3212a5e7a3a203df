//! The folder of the data set: taken only if nothing foreign lies in it, filled file by file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::DemoError;
use crate::hidden::is_hidden;

/// Makes the folder, or makes sure that it holds nothing but `names` and their temporaries.
///
/// A left-over file of another data set would be analysed along with this one, so it is refused.
pub(super) fn prepare(folder: &Path, names: &[String]) -> Result<(), DemoError> {
    let failed = |source| DemoError::Folder { folder: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let ours: std::collections::HashSet<String> =
        names.iter().flat_map(|name| [name.clone(), temporary(name)]).collect();
    let mut foreign = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_hidden(&name) && !ours.contains(&name) {
            continue;
        }
        if !ours.contains(&name) || !entry.file_type().map_err(failed)?.is_file() {
            foreign.push(name);
        }
    }
    match foreign.into_iter().min() {
        Some(file) => Err(DemoError::Foreign { folder: folder.to_owned(), file }),
        None => Ok(()),
    }
}

/// Writes one file under a temporary name and renames it, so that no reader sees half a file.
/// Returns its size.
pub(super) fn replace(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<u64, DemoError> {
    let path = folder.join(name);
    let partial = folder.join(temporary(name));
    let written = || -> io::Result<u64> {
        let mut out = BufWriter::with_capacity(1 << 16, File::create(&partial)?);
        fill(&mut out)?;
        let size = out.into_inner().map_err(io::IntoInnerError::into_error)?.metadata()?.len();
        fs::rename(&partial, &path)?;
        Ok(size)
    };
    written().map_err(|source| {
        // Best effort: the error told is the one that matters.
        let _ = fs::remove_file(&partial);
        DemoError::Write { path, source }
    })
}

fn temporary(name: &str) -> String {
    format!(".{name}.partial")
}
