//! Configuration: what a run does, read from YAML.
//!
//! Built-in defaults < `compat` < quality profile < file < command line. Unknown keys, wrong types and
//! impossible values are errors that name file, line and key; all of a file's faults are told at once.
//! [`Config`] is the resolved form; `run.yaml` keeps it.

mod analysis;
mod catalogue;
mod data;
mod day_hours;
mod defaults;
mod encodings;
mod error;
mod fingerprint;
mod gates;
mod homes;
mod input;
mod load;
mod locks;
mod model;
mod null_settings;
mod nulls;
mod presets;
mod program;
mod quality;
mod read;
mod reading;
mod settings;
mod show;
mod store;
mod tag;
#[cfg(test)]
pub(crate) mod testing;
mod time_zone;
mod tree;

pub use catalogue::{Block, GateSettings, MeasureSettings};
pub use day_hours::{Auto, DayHours};
pub use defaults::COMMIT_SECONDS;
pub use error::ConfigError;
pub use fingerprint::{differences, fingerprint};
pub use input::*;
pub use load::{ConfigSource, Loaded, Overrides, load, parse};
pub use locks::Locks;
pub use model::*;
pub use nulls::{NullKind, Nulls};
pub use presets::presets;
pub use program::*;
pub use quality::{Gate, GateAction, Quality};
pub use read::nearest;
pub use read::{Problem, Section};
pub use reading::Reading;
pub use settings::Settings;
pub use show::show;
pub use store::StoreConfig;
