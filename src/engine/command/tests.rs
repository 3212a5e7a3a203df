//! Programs of all kinds: shell scripts that behave and that do not.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::config::RowFormat;
use crate::dataset::UserInput;
use crate::schema::Row;

/// Options for a shell script that gets the placeholders as `$1`, `$2`, ….
pub(super) fn options(script: &str, arguments: &[&str]) -> CommandOptions {
    let script = script.replace('{', "{{").replace('}', "}}");
    let mut program = vec!["/bin/sh".to_owned(), "-c".to_owned(), script, "script".to_owned()];
    program.extend(arguments.iter().map(|a| (*a).to_owned()));
    CommandOptions {
        program,
        mode: ProgramMode::PerUnit,
        format: RowFormat::Ndjson,
        timeout: Some(Duration::from_secs(20)),
        folder: std::env::current_dir().unwrap(),
        seed: 42,
        config_json: String::new(),
    }
}

pub(super) fn engine(options: CommandOptions) -> CommandEngine {
    CommandEngine::new(options, &Schemas::load(None).unwrap()).unwrap()
}

pub(super) fn job(user: &str, modes: &[&str]) -> UserJob {
    let input = UserInput { id: user.to_owned(), files: vec!["/dev/null".into()], bytes: 0, unread: false };
    UserJob {
        user_id: user.to_owned(),
        position: 0,
        shard: 0,
        input: serde_json::to_string(&input).unwrap(),
        input_bytes: 0,
        feature_modes: modes.iter().map(|m| (*m).to_owned()).collect(),
    }
}

/// The units of a job, and the stages that were told.
pub(super) fn units(engine: &CommandEngine, job: &UserJob) -> (Vec<UnitResult>, Vec<String>) {
    let (mut units, stages) = (Vec::new(), RefCell::new(Vec::new()));
    let stage = |stage: &str| stages.borrow_mut().push(stage.to_owned());
    engine.run(job, &stage, &mut |unit| {
        units.push(unit);
        true
    });
    (units, stages.into_inner())
}

/// The one unit of a script.
pub(super) fn unit(options: CommandOptions) -> UnitResult {
    let (mut units, _) = units(&engine(options), &job("u", &["m"]));
    assert_eq!(units.len(), 1);
    units.remove(0)
}

/// Why a script's unit failed.
pub(super) fn failure(script: &str) -> String {
    failed(unit(options(script, &[])))
}

pub(super) fn failed(unit: UnitResult) -> String {
    assert_eq!(unit.state, UnitState::Failed, "{unit:?}");
    assert_eq!(unit.tables.len(), 1, "only the issue");
    unit.reason.unwrap()
}

pub(super) fn rows<'a>(unit: &'a UnitResult, table: &str) -> &'a [Row] {
    unit.tables.iter().find(|(name, _)| name == table).map_or(&[], |(_, rows)| rows)
}

/// Whether a process is gone; one that nobody waited for counts as gone.
pub(super) fn is_gone(id: i32) -> bool {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat"));
        let dead = match state {
            Ok(stat) => stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'),
            Err(_) => nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), None).is_err(),
        };
        if dead || Instant::now() > until {
            return dead;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(super) fn id_in(file: &Path) -> i32 {
    std::fs::read_to_string(file).unwrap().trim().parse().unwrap()
}

#[test]
fn settings_that_cannot_work_are_told_at_once() {
    let schemas = Schemas::load(None).unwrap();
    let error = |change: &dyn Fn(&mut CommandOptions)| {
        let mut options = options(":", &[]);
        change(&mut options);
        CommandEngine::new(options, &schemas).unwrap_err().to_string()
    };
    assert!(error(&|o| o.program.clear()).contains("is empty"));
    assert!(error(&|o| o.program[0] = "no-such-program-here".into()).contains("in PATH"));
    assert!(error(&|o| o.program[0] = "/bin/{seed}".into()).contains("no placeholder"));
    assert!(error(&|o| o.program.push("{users}".into())).contains("`{users}`"));
    assert!(
        error(&|o| (o.mode, o.format) = (ProgramMode::Worker, RowFormat::Arrow)).contains("rows: ndjson")
    );
    let worker = |o: &mut CommandOptions| {
        o.mode = ProgramMode::Worker;
        o.program.push("--in={input}".into());
    };
    assert!(error(&worker).contains("`--in={input}`"));
}

#[test]
fn the_words_of_the_configuration() {
    let mode: ProgramMode = serde_json::from_str("\"per_unit\"").unwrap();
    let format: RowFormat = serde_json::from_str("\"arrow\"").unwrap();
    assert_eq!((mode, format), (ProgramMode::PerUnit, RowFormat::Arrow));
    assert_eq!(serde_json::to_string(&ProgramMode::Worker).unwrap(), "\"worker\"");
}
