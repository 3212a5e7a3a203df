//! Settings that cannot work, told before the first unit is started.

use thiserror::Error;

/// A `command` that cannot be used.
#[derive(Debug, Error)]
pub enum CommandError {
    /// There is no program.
    #[error(
        "analysis.command is empty\n(hint: name the program and its arguments, such as [python3, analyse.py, \"{{user_id}}\", \"{{input}}\"])"
    )]
    Empty,
    /// A placeholder that does not exist.
    #[error(
        "analysis.command: `{argument}` contains the unknown placeholder `{{{name}}}`\n(hint: known are {{user_id}}, {{input}}, {{feature_mode}} and {{seed}}; write {{{{ and }}}} for braces that are meant as such)"
    )]
    Placeholder {
        /// The argument.
        argument: String,
        /// What stands in the braces.
        name: String,
    },
    /// A brace without its partner.
    #[error(
        "analysis.command: `{argument}` has a single brace\n(hint: write {{{{ and }}}} for braces that are meant as such)"
    )]
    Brace {
        /// The argument.
        argument: String,
    },
    /// The program depends on the unit.
    #[error(
        "analysis.command: the program `{program}` may hold no placeholder\n(hint: placeholders belong into its arguments)"
    )]
    ProgramPlaceholder {
        /// The program.
        program: String,
    },
    /// A worker is started before its first unit is known.
    #[error(
        "analysis.command: `{argument}` cannot be filled in with `mode: worker`, where one process does many units\n(hint: the units come as lines on standard input; only {{seed}} can be an argument)"
    )]
    WorkerPlaceholder {
        /// The argument.
        argument: String,
    },
    /// A worker cannot tell in Arrow where a unit ends.
    #[error(
        "analysis: `rows: arrow` goes with `mode: per_unit` only\n(hint: set `rows: ndjson` for a worker)"
    )]
    ArrowWorker,
    /// The program is in no folder of `PATH`.
    #[error(
        "analysis.command: program `{program}` not found in PATH\n(hint: install it, activate its environment, or name its path; PATH is {path})"
    )]
    NotInPath {
        /// The program.
        program: String,
        /// Where it was looked for.
        path: String,
    },
    /// The program's file is not there.
    #[error(
        "analysis.command: file `{program}` not found\n(hint: relative paths start at {folder}; a run that goes on needs its program where it was)"
    )]
    NoFile {
        /// The program.
        program: String,
        /// The current folder.
        folder: String,
    },
    /// There is nothing to start it in.
    #[error(
        "analysis.folder: {folder} isn't a folder\n(hint: name the folder that the program is started in; a run that goes on needs it where it was)"
    )]
    NoFolder {
        /// The folder.
        folder: String,
    },
    /// The script of an interpreter is not there.
    #[error(
        "analysis.command: script `{script}` not found\n(hint: relative paths start at {folder}; a run that goes on needs its script where it was)"
    )]
    NoScript {
        /// The script.
        script: String,
        /// The current folder.
        folder: String,
    },
    /// What the first line of the program's file names is not there.
    #[error(
        "analysis.command: the first line of `{program}` names the interpreter `{interpreter}`, which isn't there\n(hint: {hint})"
    )]
    NoInterpreter {
        /// The program.
        program: String,
        /// The interpreter.
        interpreter: String,
        /// What to do.
        hint: &'static str,
    },
    /// The program's file is a text that does not say what runs it.
    #[error(
        "analysis.command: `{program}` has no first line that names its interpreter\n(hint: begin it with one like #!/usr/bin/env python3, or name its interpreter first, such as [python3, {program}])"
    )]
    NoFirstLine {
        /// The program.
        program: String,
    },
    /// The program's file cannot be started.
    #[error(
        "analysis.command: `{program}` isn't an executable file\n(hint: chmod +x, or name its interpreter first, such as [python3, {program}])"
    )]
    NotExecutable {
        /// The program.
        program: String,
    },
}
