//! Any program as the analysis: it is told a user and gives rows.
//!
//! Either a process a unit, or processes that live and do one unit after another. What a program says
//! is checked against the schemas line by line, so that a wrong value is told with its place. Nothing a
//! program does ends a run: the unit fails, with the cause.

mod answer;
mod arrow;
mod check;
mod deadline;
mod error;
mod fault;
mod guard;
mod input;
mod lines;
mod lookup;
mod per_unit;
mod process;
mod rows;
mod tables;
mod tail;
mod template;
#[cfg(test)]
mod tests;
mod tree;
mod values;
mod version;
mod worker;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::{Engine, UnitResult, UserJob};
use crate::config::{ProgramMode, RowFormat};
use crate::schema::Schemas;
use crate::store::UnitState;
pub use error::CommandError;
use fault::Fault;
use guard::Guard;
use input::Unit;
use tables::Tables;
use template::{Placeholder, Template};
use worker::Pool;

/// What to start, and how to talk with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOptions {
    /// The program and its arguments, with placeholders.
    pub program: Vec<String>,
    /// A process a unit, or longer-lived ones.
    pub mode: ProgramMode,
    /// Form of the rows.
    pub format: RowFormat,
    /// Longest time of a unit.
    pub timeout: Option<Duration>,
    /// Folder it is started in; relative paths start there.
    pub folder: PathBuf,
    /// Seed of the run.
    pub seed: u64,
    /// The resolved configuration, for the program to read; empty for none.
    pub config_json: String,
}

/// Bounds of a program's output.
#[derive(Debug, Clone, Copy)]
struct Limits {
    line: usize,
    unit: u64,
}

/// What fits any analysis; a program that gives more has lost its way.
const LIMITS: Limits = Limits { line: 64 << 20, unit: 2 << 30 };

/// A program as the analysis.
#[derive(Debug)]
pub struct CommandEngine {
    options: CommandOptions,
    program: String,
    arguments: Vec<Template>,
    version: String,
    tables: Tables,
    limits: Limits,
    // Before the guard, which watches over its programs.
    pool: Pool,
    guard: Arc<Guard>,
}

impl CommandEngine {
    /// Checks the settings and that the program is there; starts none yet.
    ///
    /// # Errors
    /// Settings that contradict each other, an unknown placeholder, a program that cannot be found.
    pub fn new(options: CommandOptions, schemas: &Schemas) -> Result<Self, CommandError> {
        let (program, arguments) = options.program.split_first().ok_or(CommandError::Empty)?;
        let template = Template::parse(program)?;
        if template.placeholders().next().is_some() {
            return Err(CommandError::ProgramPlaceholder { program: program.clone() });
        }
        let program = template.fill(|_| String::new());
        let worker = options.mode == ProgramMode::Worker;
        if worker && options.format == RowFormat::Arrow {
            return Err(CommandError::ArrowWorker);
        }
        let parsed = arguments.iter().map(|a| Template::parse(a)).collect::<Result<Vec<_>, _>>()?;
        if worker && let Some((argument, _)) = arguments.iter().zip(&parsed).find(|(_, t)| t.needs_unit()) {
            return Err(CommandError::WorkerPlaceholder { argument: argument.clone() });
        }
        lookup::find(&program, &options.folder)?;
        Ok(Self {
            program,
            arguments: parsed,
            version: version::of(&options.program, &options.folder),
            tables: Tables::new(schemas),
            limits: LIMITS,
            pool: Pool::default(),
            guard: Arc::new(Guard::start()),
            options,
        })
    }

    /// The command of a unit, or of a worker.
    fn command(&self, unit: Option<&Unit<'_>>) -> Command {
        let seed = self.options.seed.to_string();
        let value = |placeholder| match (placeholder, unit) {
            (Placeholder::UserId, Some(unit)) => unit.user_id.to_owned(),
            (Placeholder::Input, Some(unit)) => unit.input.to_owned(),
            (Placeholder::FeatureMode, Some(unit)) => unit.feature_mode.to_owned(),
            (Placeholder::Seed, _) => seed.clone(),
            (_, None) => String::new(),
        };
        let mut command = Command::new(lookup::absolute(&self.program, &self.options.folder));
        command.current_dir(&self.options.folder);
        command.args(self.arguments.iter().map(|argument| argument.fill(value)));
        command.env("RESULTS_SEED", &seed);
        if !self.options.config_json.is_empty() {
            command.env("RESULTS_CONFIG", &self.options.config_json);
        }
        match unit {
            None => command.stdin(Stdio::piped()),
            Some(unit) => command
                .stdin(Stdio::null())
                .env("RESULTS_USER_ID", unit.user_id)
                .env("RESULTS_INPUT", unit.input)
                .env("RESULTS_FEATURE_MODE", unit.feature_mode),
        };
        command
    }

    /// Does a unit; one whose program dies is tried once more, as it may not be the unit's fault.
    fn twice(&self, unit: &Unit<'_>, stage: &dyn Fn(&str)) -> Result<UnitResult, Fault> {
        match self.unit(unit, stage) {
            Err(Fault::Ended(first)) => {
                tracing::warn!(user = unit.user_id, "{first}; trying once more");
                self.unit(unit, stage)
            }
            result => result,
        }
    }

    fn unit(&self, unit: &Unit<'_>, stage: &dyn Fn(&str)) -> Result<UnitResult, Fault> {
        stage(Path::new(&self.program).file_name().and_then(|name| name.to_str()).unwrap_or("program"));
        match self.options.mode {
            ProgramMode::PerUnit => per_unit::run(self, unit, stage),
            ProgramMode::Worker => self.pool.run(self, unit, stage),
        }
    }
}

impl Engine for CommandEngine {
    fn version(&self) -> String {
        self.version.clone()
    }

    fn input_fingerprint(&self, input: &str) -> Option<String> {
        input::fingerprint(input)
    }

    fn run(&self, job: &UserJob, stage: &dyn Fn(&str), done: &mut dyn FnMut(UnitResult) -> bool) {
        let (input, fingerprint) = (input::path(&job.input), input::fingerprint(&job.input));
        for mode in &job.feature_modes {
            let result = match &input {
                Err(reason) => Err(reason.clone()),
                Ok(path) => {
                    let unit = Unit { user_id: &job.user_id, input: path, feature_mode: mode };
                    self.twice(&unit, stage).map_err(|fault| fault.to_string())
                }
            };
            let mut result =
                result.unwrap_or_else(|reason| UnitResult::without_rows(mode, UnitState::Failed, reason));
            result.input_fingerprint.clone_from(&fingerprint);
            if !done(result) {
                return;
            }
        }
    }
}
