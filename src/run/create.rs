//! A run is planned and registered, or joined.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::error::RunError;
use crate::config::{Analysis, Config};
use crate::dataset::{Input, full_name, list};
use crate::engine::engine;
use crate::leases::divide;
use crate::measures::planned_rows;
use crate::schema::Schemas;
use crate::store::{ControlOf, ExpectedUnit, Location, NewRun, Protocol, Run, StoreError};

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct Planned<'a> {
    /// The resolved configuration.
    pub config: &'a Config,
    /// Number of shards.
    pub shards: u32,
    /// Shards the run will hold; empty means all.
    pub only_shards: Vec<u32>,
    /// The tables.
    pub schemas: &'a Schemas,
}

/// Who a run analyses: a user, or a pair of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The id.
    pub id: String,
    /// The files.
    pub input: Input,
    /// In which feature modes.
    pub feature_modes: Vec<String>,
}

/// Plans a run and registers it as incomplete, or joins one that is there with the same plan. `note` gets what
/// the data folder has that people should know.
///
/// # Errors
/// The configuration or the data cannot be used; another run, or something else, is there.
pub fn create(at: impl Into<Location>, planned: Planned<'_>, note: &dyn Fn(&str)) -> Result<Run, RunError> {
    let Planned { config, shards, only_shards, schemas } = planned;
    // Mistakes in expressions or the command show before any work.
    engine(config, schemas, None)?;
    let units = units(config, shards, note)?;
    let data_folder = full_name(Path::new(&config.data_root)).display().to_string();
    let new = NewRun { config, units, shards, only_shards, schemas, data_folder, control: None };
    register(at, &new)
}

/// Plans a control, whose subjects are pairs of the users of a run, and registers or joins it like any run.
///
/// # Errors
/// The configuration cannot be used; another run, or something else, is there.
pub fn create_control(
    at: impl Into<Location>,
    planned: Planned<'_>,
    subjects: &[Subject],
    control: ControlOf,
) -> Result<Run, RunError> {
    let Planned { config, shards, only_shards, schemas } = planned;
    engine(config, schemas, None)?;
    let units = units_of(config, shards, subjects)?;
    let data_folder = config.data_root.clone();
    let new = NewRun { config, units, shards, only_shards, schemas, data_folder, control: Some(control) };
    register(at, &new)
}

/// Registers or joins a run. Where its workers will hold leases, one of a new run finds its users divided.
fn register(at: impl Into<Location>, new: &NewRun<'_>) -> Result<Run, RunError> {
    let run = Run::create_or_join(at, new)?;
    if run.protocol() == Protocol::Names {
        divide(run.storage(), new.shards).map_err(StoreError::from)?;
    }
    Ok(run)
}

/// The units of all shards: every user in every feature mode.
pub(super) fn units(
    config: &Config,
    shards: u32,
    note: &dyn Fn(&str),
) -> Result<Vec<ExpectedUnit>, RunError> {
    let found = list(config)?;
    found.notes.iter().for_each(|words| note(words));
    let mut modes = config.feature_modes.clone();
    modes.sort();
    let subject = |user: crate::dataset::UserInput| Subject {
        id: user.id.clone(),
        input: Input::User(user),
        feature_modes: modes.clone(),
    };
    units_of(config, shards, &found.users.into_iter().map(subject).collect::<Vec<_>>())
}

/// The units of subjects, in their order.
fn units_of(config: &Config, shards: u32, subjects: &[Subject]) -> Result<Vec<ExpectedUnit>, RunError> {
    let rows: Arc<BTreeMap<String, u64>> = Arc::new(match config.analysis {
        Analysis::Builtin => {
            planned_rows(config).into_iter().map(|(table, n)| (table.to_owned(), n)).collect()
        }
        // How many rows a program gives is its own affair.
        Analysis::Command(_) => BTreeMap::new(),
    });
    let mut units = Vec::with_capacity(subjects.iter().map(|subject| subject.feature_modes.len()).sum());
    for (position, subject) in subjects.iter().enumerate() {
        let input = serde_json::to_string(&subject.input).map_err(RunError::Plan)?;
        for mode in &subject.feature_modes {
            units.push(ExpectedUnit {
                position: position as u64,
                shard: (position as u64 % u64::from(shards)) as u32,
                user_id: subject.id.clone(),
                feature_mode: mode.clone(),
                input: input.clone(),
                input_bytes: subject.input.bytes(),
                rows: Arc::clone(&rows),
            });
        }
    }
    Ok(units)
}
