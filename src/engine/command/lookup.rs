//! Whether a program can be found, so that a wrong name is one error and not one a unit.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::error::CommandError;

/// Programs that run a script of this machine, without the version behind the name.
const INTERPRETERS: [&str; 15] = [
    "python", "pypy", "Rscript", "sh", "bash", "dash", "zsh", "ksh", "perl", "ruby", "node", "julia",
    "octave", "php", "lua",
];

/// Programs that start another one on this machine. What starts it elsewhere, as in a container, has files of its own.
const STARTERS: [&str; 13] = [
    "env",
    "nice",
    "ionice",
    "nohup",
    "stdbuf",
    "timeout",
    "taskset",
    "uv",
    "poetry",
    "pipenv",
    "conda",
    "micromamba",
    "pixi",
];

/// Ends of the names of scripts.
const SCRIPTS: [&str; 12] = ["py", "pyz", "R", "r", "sh", "bash", "pl", "rb", "js", "mjs", "jl", "m"];

/// Looks for what is started as the system will: its folder, the program (a name in `PATH`, anything with a slash as a
/// path), and the script that an interpreter is given.
pub(super) fn find(command: &[String], folder: &Path) -> Result<(), CommandError> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    if !folder.is_dir() {
        return Err(CommandError::NoFolder { folder: folder.display().to_string() });
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_in(program, folder, &path)?;
    // A shell looks for a name in `PATH` too.
    let is_there = |script: &str| {
        let in_path = || std::env::split_paths(&path).any(|folder| folder.join(script).exists());
        folder.join(script).exists() || (!script.contains('/') && in_path())
    };
    match script(program, arguments, folder) {
        Some(script) if !is_there(script) => {
            Err(CommandError::NoScript { script: script.to_owned(), folder: folder.display().to_string() })
        }
        _ => Ok(()),
    }
}

/// A relative path from the folder; a name as it is.
pub(super) fn absolute(program: &str, folder: &Path) -> PathBuf {
    if program.contains('/') { folder.join(program) } else { PathBuf::from(program) }
}

fn find_in(program: &str, folder: &Path, path: &OsStr) -> Result<(), CommandError> {
    let name = || program.to_owned();
    let file = if program.contains('/') {
        let file = folder.join(program);
        if !file.exists() {
            return Err(CommandError::NoFile { program: name(), folder: folder.display().to_string() });
        }
        if !is_executable(&file) {
            return Err(CommandError::NotExecutable { program: name() });
        }
        file
    } else {
        in_path(program, path).ok_or_else(|| CommandError::NotInPath {
            program: name(),
            path: path.to_string_lossy().into_owned(),
        })?
    };
    let start = start_of(&file);
    if is_text(&start) {
        return Err(CommandError::NoFirstLine { program: name() });
    }
    match missing_interpreter(&start, path) {
        Some(interpreter) => Err(CommandError::NoInterpreter {
            program: name(),
            hint: if interpreter.ends_with('\r') {
                "its first line ends in a carriage return: save the file with line feeds alone"
            } else {
                "install it, activate its environment, or name another one in the first line of the file"
            },
            interpreter: interpreter.escape_debug().to_string(),
        }),
        None => Ok(()),
    }
}

fn in_path(program: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|file| is_executable(file))
}

/// Whether the system would start it: the file system may forbid that too.
fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, AccessFlags::X_OK).is_ok()
}

/// How a file begins; nothing of one that cannot be read, which the system may start all the same.
fn start_of(file: &Path) -> Vec<u8> {
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| file.take(256).read_to_end(&mut start));
    read.map_or_else(|_| Vec::new(), |_| start)
}

/// Whether it is a text that names nothing to run it: a shell would take it for its own, the system refuses it.
fn is_text(start: &[u8]) -> bool {
    let is_plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..);
    !start.is_empty() && !start.starts_with(b"#!") && start.iter().all(is_plain)
}

/// The interpreter that the first line of a script names, if it is not there: the system would say that the script is not.
fn missing_interpreter(start: &[u8], path: &OsStr) -> Option<String> {
    let line = start.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let named = words.next()?;
    if named.starts_with('/') && !Path::new(named).exists() {
        return Some(named.to_owned());
    }
    let program =
        words.find(|word| *word != "-S").filter(|word| !word.starts_with('-') && !word.contains('='))?;
    (name_of(named) == "env" && in_path(program, path).is_none()).then(|| program.to_owned())
}

/// The script that an interpreter is given, as far as that can be told from the words of the command.
fn script<'a>(program: &'a str, arguments: &'a [String], folder: &Path) -> Option<&'a str> {
    let runs_scripts = |word: &str| {
        INTERPRETERS.contains(&name_of(word).trim_end_matches(|c: char| c == '.' || c.is_ascii_digit()))
    };
    let behind = if runs_scripts(program) {
        arguments
    } else if STARTERS.contains(&name_of(program)) {
        let at = arguments.iter().position(|word| runs_scripts(word))?;
        &arguments[at + 1..]
    } else {
        return None;
    };
    for (place, word) in behind.iter().enumerate() {
        if word.starts_with('-') {
            // Behind `-c`, `-e` and `-m` stands code, or a module.
            let is_code = !word.starts_with("--") && word.ends_with(['c', 'e', 'm', 'E']);
            if is_code || ["--eval", "--print"].contains(&word.as_str()) {
                return None;
            }
            continue;
        }
        let is_plain = !word.contains(['{', '}']);
        let ends_as_one =
            Path::new(word).extension().is_some_and(|end| SCRIPTS.iter().any(|known| end == *known));
        if !is_plain || place == 0 || ends_as_one || folder.join(word).exists() {
            return is_plain.then_some(word);
        }
        // What is no file may be the value of the option before it.
        if !behind[place - 1].starts_with('-') {
            return None;
        }
    }
    None
}

fn name_of(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn executable(file: &Path, text: &str) {
        std::fs::write(file, text).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn scripts_are_found_before_they_are_needed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("there.py"), "").unwrap();
        std::fs::write(dir.path().join("tool"), "").unwrap();
        let script = |command: &str| {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            script(&words[0], &words[1..], dir.path()).map(str::to_owned)
        };
        for (command, told) in [
            ("python3 a.py {input}", Some("a.py")),
            ("/opt/bin/python3.12 -u a.py", Some("a.py")),
            ("python3 -W ignore a.py", Some("a.py")),
            ("Rscript --vanilla a.R", Some("a.R")),
            ("sh a {input}", Some("a")),
            ("nice -n 10 python3 a.py", Some("a.py")),
            ("sh -u tool a.py", Some("tool")),
            ("python3 -m a b.py", None),
            ("bash -lc a.sh", None),
            ("python3 {input} a.py", None),
            ("python3 -u tools x y.py", None),
            ("apptainer exec x.sif python3 /app/a.py", None),
            ("./a.py b.py", None),
        ] {
            assert_eq!(script(command).as_deref(), told, "{command}");
        }
        let find = |command: &[&str]| {
            let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            find(&command, dir.path()).map_err(|error| error.to_string())
        };
        assert_eq!(find(&["sh", "there.py"]), Ok(()));
        let told = find(&["sh", "moved.sh"]).unwrap_err();
        assert!(
            told.contains("script `moved.sh` not found") && told.contains("relative paths start at"),
            "{told}"
        );
        let gone = super::find(&["sh".to_owned()], &dir.path().join("gone")).unwrap_err().to_string();
        assert!(gone.contains("/gone isn't a folder") && gone.contains("analysis.folder"), "{gone}");
    }

    #[test]
    fn what_the_first_line_names_has_to_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tool");
        let path = std::env::var_os("PATH").unwrap();
        for (line, told) in [
            ("#!/bin/sh", None),
            ("#! /usr/bin/env sh", None),
            ("#!/no/such/python3 -u", Some("interpreter `/no/such/python3`")),
            ("#!/usr/bin/env no-such-python", Some("interpreter `no-such-python`")),
            ("#!/bin/sh\r", Some("interpreter `/bin/sh\\r`")),
            ("\u{7f}ELF", None),
            ("import sys", Some("has no first line that names its interpreter")),
        ] {
            executable(&file, &format!("{line}\n"));
            let said = find_in("./tool", dir.path(), &path).err().map(|error| error.to_string());
            match (said, told) {
                (None, None) => {}
                (Some(said), Some(told)) => assert!(said.contains(told), "{line}: {said}"),
                (said, _) => panic!("{line}: {said:?}"),
            }
        }
    }

    #[test]
    fn programs_are_found_before_they_are_needed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tool");
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        let (path, by_path) = (dir.path().as_os_str(), file.to_str().unwrap());
        let told = find_in(by_path, dir.path(), path).unwrap_err().to_string();
        assert!(told.contains("isn't an executable file") && told.contains("chmod"), "{told}");
        assert!(matches!(find_in("tool", dir.path(), path), Err(CommandError::NotInPath { .. })));
        executable(&file, "#!/bin/sh\n");
        assert!(find_in("tool", dir.path(), path).is_ok());
        assert!(find_in(by_path, dir.path(), path).is_ok());
        assert!(find_in("./tool", dir.path(), path).is_ok());
        assert!(matches!(find_in("./none/x", dir.path(), path), Err(CommandError::NoFile { .. })));
        let told = find_in("no-such-tool", dir.path(), path).unwrap_err().to_string();
        assert!(told.contains("`no-such-tool`") && told.contains("PATH"), "{told}");
    }
}
