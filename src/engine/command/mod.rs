//! Any program as the analysis: it is told a user and gives rows.
//!
//! Either a process a unit, or processes that live and do one unit after another. What a program says
//! is checked against the schemas line by line, so that a wrong value is told with its place. Nothing a
//! program does ends a run: the unit fails, with the cause.

mod answer;
mod arrow;
mod block;
mod check;
mod deadline;
mod error;
mod fault;
mod guard;
mod input;
mod lines;
mod literal;
mod lookup;
mod per_unit;
mod process;
mod program;
mod rows;
mod strays;
mod tables;
mod tail;
mod template;
#[cfg(test)]
mod tests;
mod tree;
mod values;
mod version;
mod worker;

use std::path::Path;

use super::{Engine, UnitResult, UserJob};
use crate::config::ProgramMode;
use crate::schema::Schemas;
use crate::store::UnitState;
pub(crate) use error::CommandError;
use fault::Fault;
use input::Unit;
pub(crate) use program::CommandOptions;
use program::Program;
use worker::Pool;

/// A program as the analysis.
#[derive(Debug)]
pub(crate) struct CommandEngine {
    version: String,
    // Before the program, whose guard watches over it.
    pool: Pool,
    program: Program,
}

impl CommandEngine {
    /// Checks the settings and that the program is there; starts none yet.
    ///
    /// # Errors
    /// Settings that contradict each other, an unknown placeholder, a program that cannot be found.
    pub(crate) fn new(options: CommandOptions, schemas: &Schemas) -> Result<Self, CommandError> {
        let version = version::of(&options.program, &options.folder);
        Ok(Self { version, pool: Pool::default(), program: Program::new(options, schemas)? })
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
        stage(
            Path::new(&self.program.program).file_name().and_then(|name| name.to_str()).unwrap_or("program"),
        );
        match self.program.options.mode {
            ProgramMode::PerUnit => per_unit::run(&self.program, unit, stage),
            ProgramMode::Worker => self.pool.run(&self.program, unit, stage),
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
        let file = input::file(&job.input);
        // Of what the program is given: the file may be replaced while it works.
        let fingerprint = match &file {
            Ok(file) => file.fingerprint().ok(),
            Err(_) => input::fingerprint(&job.input),
        };
        let input = file.as_ref().map_err(Clone::clone).and_then(input::path);
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
