//! The engine that a configuration asks for.

use std::path::PathBuf;
use std::time::Duration;

use super::error::EngineError;
use super::{Builtin, CommandEngine, CommandOptions, Engine};
use crate::config::{Analysis, Config};
use crate::measures;
use crate::schema::Schemas;

/// Makes it ready: compiles expressions, or looks for the program. No unit takes longer than `timeout`
/// if the analysis is a program; it may set a shorter one itself.
pub(crate) fn engine<'a>(
    config: &'a Config,
    schemas: &Schemas,
    timeout: Option<Duration>,
) -> Result<Box<dyn Engine + 'a>, EngineError> {
    let Analysis::Command(program) = &config.analysis else {
        if let Some(key) = measures::unknown(config) {
            let known = measures::all().iter().map(|measure| measure.key()).collect::<Vec<_>>().join(", ");
            return Err(EngineError::UnknownMeasure { key: key.to_owned(), known });
        }
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
    crate::system::any_pages();
    Ok(Box::new(CommandEngine::new(options, schemas)?))
}
