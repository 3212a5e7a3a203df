//! The `analysis` section: the built-in measures, or a program.

use std::path::Path;

use serde::Deserialize;

use super::model::Config;
use super::program::{Analysis, Program, ProgramMode, RowFormat};
use super::read::Section;

/// The keys of a program.
pub(super) const PROGRAM_KEYS: [&str; 5] = ["command", "mode", "rows", "timeout", "folder"];

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Engine {
    Builtin,
    Command,
}

/// Reads `analysis`.
pub(super) fn read_analysis(root: &mut Section<'_>, c: &mut Config) {
    let Some(mut s) = root.section("analysis") else { return };
    let mut engine = Engine::Builtin;
    s.set("engine", "builtin or command", &mut engine);
    if engine == Engine::Builtin {
        let why = "goes with `engine: command` only";
        s.refused(&PROGRAM_KEYS, why);
    } else {
        c.analysis = Analysis::Command(read_program(&mut s));
    }
    s.finish();
}

fn read_program(s: &mut Section<'_>) -> Program {
    let mut program = Program {
        command: Vec::new(),
        mode: ProgramMode::default(),
        rows: RowFormat::default(),
        timeout: None,
        folder: ".".to_owned(),
    };
    s.set("command", "a list: the program and its arguments", &mut program.command);
    s.require("command", !program.command.is_empty(), "is missing: the program and its arguments");
    s.set("mode", "per_unit or worker", &mut program.mode);
    s.set("rows", "ndjson or arrow", &mut program.rows);
    s.set("timeout", "a number of seconds or null", &mut program.timeout);
    let is_time = |t: f64| t > 0.0 && std::time::Duration::try_from_secs_f64(t).is_ok();
    s.require("timeout", program.timeout.is_none_or(is_time), "must be above 0");
    s.set("folder", "a folder", &mut program.folder);
    // A resume may be started elsewhere.
    if let Ok(folder) = std::path::absolute(Path::new(&program.folder)) {
        program.folder = folder.display().to_string();
    }
    program
}
