//! A program as the settings name it: what is started, and within which bounds.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::error::CommandError;
use super::fault::Fault;
use super::guard::Guard;
use super::input::Unit;
use super::lookup;
use super::tables::Tables;
use super::template::{Placeholder, Template};
use crate::config::{ProgramMode, RowFormat};
use crate::schema::Schemas;

/// What to start, and how to talk with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandOptions {
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
pub(super) struct Limits {
    pub(super) line: usize,
    pub(super) unit: u64,
}

/// What fits any analysis; a program that gives more has lost its way.
const LIMITS: Limits = Limits { line: 64 << 20, unit: 2 << 30 };

/// A program that can be started.
#[derive(Debug)]
#[allow(clippy::struct_field_names, reason = "the program of a program's settings is called so")]
pub(super) struct Program {
    pub(super) options: CommandOptions,
    pub(super) program: String,
    pub(super) arguments: Vec<Template>,
    pub(super) tables: Tables,
    pub(super) limits: Limits,
    pub(super) guard: Arc<Guard>,
}

impl Program {
    /// Checks the settings and that the program is there; starts none yet.
    ///
    /// # Errors
    /// Settings that contradict each other, an unknown placeholder, a program that cannot be found.
    pub(super) fn new(options: CommandOptions, schemas: &Schemas) -> Result<Self, CommandError> {
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
        let started: Vec<String> = std::iter::once(&program).chain(arguments).cloned().collect();
        lookup::find(&started, &options.folder)?;
        Ok(Self {
            program,
            arguments: parsed,
            tables: Tables::new(schemas),
            limits: LIMITS,
            guard: Arc::new(Guard::start()),
            options,
        })
    }

    /// The command of a unit, or of a worker.
    pub(super) fn command(&self, unit: Option<&Unit<'_>>) -> Command {
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
}

impl Limits {
    /// Refuses more bytes than a unit may have.
    pub(super) fn check(&self, taken: u64) -> Result<(), Fault> {
        if taken <= self.unit {
            return Ok(());
        }
        Err(Fault::TooMuch(format!("more than {} MB of output", self.unit >> 20)))
    }
}
