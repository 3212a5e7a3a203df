//! The engine that a configuration asks for.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::{Builtin, CommandEngine, CommandError, CommandOptions, Engine};
use crate::config::{Analysis, Config};
use crate::dataset::DatasetError;
use crate::schema::Schemas;

/// An analysis that cannot be made ready.
#[derive(Debug, Error)]
pub enum EngineError {
    /// An expression of the configuration.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A program.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Makes it ready: compiles expressions, or looks for the program. No unit takes longer than `timeout`
/// if the analysis is a program; it may set a shorter one itself.
pub fn engine<'a>(
    config: &'a Config,
    schemas: &Schemas,
    timeout: Option<Duration>,
) -> Result<Box<dyn Engine + 'a>, EngineError> {
    let Analysis::Command(program) = &config.analysis else {
        return Ok(Box::new(Builtin::new(config)?));
    };
    let own = program.timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let options = CommandOptions {
        program: program.command.clone(),
        mode: program.mode,
        format: program.rows,
        timeout: own.into_iter().chain(timeout).min(),
        folder: PathBuf::from(&program.folder),
        seed: config.seed,
        config_json: serde_json::to_string(config).unwrap_or_default(),
    };
    crate::pages::any();
    Ok(Box::new(CommandEngine::new(options, schemas)?))
}
