//! Whether a program can be found, so that a wrong name is one error and not one a unit.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::error::CommandError;

/// Looks for the program as the system will: a name in `PATH`, anything with a slash as a path.
pub(super) fn find(program: &str, folder: &Path) -> Result<(), CommandError> {
    find_in(program, folder, &std::env::var_os("PATH").unwrap_or_default())
}

/// A relative path from the folder; a name as it is.
pub(super) fn absolute(program: &str, folder: &Path) -> PathBuf {
    if program.contains('/') { folder.join(program) } else { PathBuf::from(program) }
}

fn find_in(program: &str, folder: &Path, path: &OsStr) -> Result<(), CommandError> {
    let name = || program.to_owned();
    if program.contains('/') {
        let file = folder.join(program);
        return match std::fs::metadata(&file) {
            Ok(_) if is_executable(&file) => Ok(()),
            Ok(_) => Err(CommandError::NotExecutable { program: name() }),
            Err(_) => Err(CommandError::NoFile { program: name(), folder: folder.display().to_string() }),
        };
    }
    if std::env::split_paths(path).any(|folder| is_executable(&folder.join(program))) {
        return Ok(());
    }
    Err(CommandError::NotInPath { program: name(), path: path.to_string_lossy().into_owned() })
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_before_they_are_needed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tool");
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        let (path, by_path) = (dir.path().as_os_str(), file.to_str().unwrap());
        let told = find_in(by_path, dir.path(), path).unwrap_err().to_string();
        assert!(told.contains("isn't an executable file") && told.contains("chmod"), "{told}");
        assert!(matches!(find_in("tool", dir.path(), path), Err(CommandError::NotInPath { .. })));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(find_in("tool", dir.path(), path).is_ok());
        assert!(find_in(by_path, dir.path(), path).is_ok());
        assert!(find_in("./tool", dir.path(), path).is_ok());
        assert!(matches!(find_in("./none/x", dir.path(), path), Err(CommandError::NoFile { .. })));
        let told = find_in("no-such-tool", dir.path(), path).unwrap_err().to_string();
        assert!(told.contains("`no-such-tool`") && told.contains("PATH"), "{told}");
    }
}
