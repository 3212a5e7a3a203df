//! Configuration: what a run does, read from YAML.
//!
//! Built-in defaults < `compat` < quality profile < file < command line. Unknown keys, wrong types and
//! impossible values are errors that name file, line and key; all of a file's faults are told at once.
//! [`Config`] is the resolved form; `run.yaml` keeps it.

mod analysis;
mod data;
mod defaults;
mod fingerprint;
mod load;
mod model;
mod presets;
mod read;
mod settings;
mod show;
#[cfg(test)]
mod tests;
mod tree;

pub use fingerprint::{differences, fingerprint};
pub use load::{ConfigError, ConfigSource, Loaded, Overrides, load, parse};
pub use model::*;
pub use presets::presets;
pub use read::Problem;
pub use settings::Settings;
pub use show::show;
