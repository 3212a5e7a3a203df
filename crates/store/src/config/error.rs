//! A configuration that cannot be used.

use std::path::PathBuf;

use thiserror::Error;

use super::read::Problem;

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// No such preset.
    #[error("unknown preset `{name}`{}\n(hint: presets are {known}; a file is named with --config FILE)", near.as_ref().map_or(String::new(), |n| format!("; did you mean `{n}`?")))]
    NoPreset {
        /// What was asked for.
        name: String,
        /// The nearest.
        near: Option<String>,
        /// All there are.
        known: String,
    },
    /// Faults of a file.
    #[error("{}\n(hint: `results config show` prints every key with its value)", list(.0))]
    Problems(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}
