//! What turns a user's input into rows.

mod builtin;
mod choose;
mod command;
mod error;

use std::fmt::Debug;

use crate::schema::Row;
use crate::store::{TableRows, UnitState};

pub(crate) use builtin::Builtin;
pub(crate) use choose::engine;
pub(crate) use command::{CommandEngine, CommandOptions};
pub(crate) use error::EngineError;

/// A user with the feature modes that are to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserJob {
    /// The user.
    pub user_id: String,
    /// Place in the run's list.
    pub position: u64,
    /// Shard of the plan.
    pub shard: u32,
    /// Where the input is (JSON of the dataset's `Input`).
    pub input: String,
    /// Its size.
    pub input_bytes: u64,
    /// The modes.
    pub feature_modes: Vec<String>,
}

/// A unit that is ready to be committed.
#[derive(Debug, Clone)]
pub struct UnitResult {
    /// The feature mode.
    pub feature_mode: String,
    /// What became of it.
    pub state: UnitState,
    /// Why, unless it is ok.
    pub reason: Option<String>,
    /// Kept rows.
    pub n_samples: Option<u64>,
    /// Selected history length.
    pub k: Option<u32>,
    /// Fingerprint of the input's bytes.
    pub input_fingerprint: Option<String>,
    /// Rows by table.
    pub tables: Vec<TableRows>,
}

impl UnitResult {
    /// A unit without results.
    pub fn without_rows(feature_mode: &str, state: UnitState, reason: String) -> Self {
        Self {
            feature_mode: feature_mode.to_owned(),
            state,
            n_samples: None,
            k: None,
            input_fingerprint: None,
            tables: vec![failure_issue(feature_mode, &reason)],
            reason: Some(reason),
        }
    }
}

/// The entry of `issues` that goes with a unit that has no results.
pub(crate) fn failure_issue(feature_mode: &str, reason: &str) -> TableRows {
    let issue = Row::new()
        .with("feature_mode", feature_mode)
        .with("method", "PROCESS")
        .with("error", reason)
        .with("severity", "error");
    ("issues".to_owned(), vec![issue])
}

/// An analysis.
pub trait Engine: Debug + Sync {
    /// Name and version of the estimators: units made with another one are made again by a resume.
    fn version(&self) -> String;

    /// Fingerprint of a user's input (the job's `input`) as it is now; absent if it cannot be read.
    fn input_fingerprint(&self, input: &str) -> Option<String>;

    /// Does a user: calls `done` once for every feature mode of the job, in their order, and stops
    /// when `done` says no. `stage` may be called at any time with what is being done.
    fn run(&self, job: &UserJob, stage: &dyn Fn(&str), done: &mut dyn FnMut(UnitResult) -> bool);
}
