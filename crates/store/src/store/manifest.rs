//! `run.yaml`: what a run is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Locks};
use crate::schema::TableSchema;

/// Name of the file.
pub const MANIFEST: &str = "run.yaml";

/// Where the supervisor writes down what befell the workers, a line of JSON each.
pub const EVENTS: &str = "_logs/events.ndjson";

/// Version of the layout of a run directory.
///
/// 1 and 2: as described in `docs/run-format.md`.
pub const RUN_FORMAT: u32 = 2;

/// What keeps several writers of a run apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Locks of the operating system; format 1.
    Locks,
    /// Names that are given once, by creating a file unless it is there; format 2.
    Names,
}

impl Protocol {
    /// The format of runs that keep it.
    pub fn format(self) -> u32 {
        match self {
            Self::Locks => 1,
            Self::Names => 2,
        }
    }

    /// The word for it in the configuration.
    pub fn locks(self) -> Locks {
        match self {
            Self::Locks => Locks::Flock,
            Self::Names => Locks::Lease,
        }
    }

    /// That of a format.
    pub fn of_format(format: u32) -> Self {
        if format < Self::Names.format() { Self::Locks } else { Self::Names }
    }
}

/// Whether a run is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Registered; units are missing, or nobody has closed it.
    Incomplete,
    /// Every expected unit has a ledger row.
    Complete,
}

/// The manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout: [`RUN_FORMAT`] of the tool that made it.
    pub format: u32,
    /// Unique id.
    pub run_id: String,
    /// Version of the tool that made it.
    pub tool_version: String,
    /// When it was registered, RFC 3339.
    pub created_at: String,
    /// When it was closed.
    pub finished_at: Option<String>,
    /// Whether it is finished.
    pub state: RunState,
    /// Number of shards of the plan.
    pub shards: u32,
    /// Number of buckets that users are put into; none gives every user a folder of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<u32>,
    /// Shards written into this directory; empty means all.
    pub only_shards: Vec<u32>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Fingerprint of the settings that decide numbers.
    pub config_fingerprint: String,
    /// Version of each table's schema.
    pub schema_versions: BTreeMap<String, u32>,
    /// Tables of the user's own, so that a reader needs no folder of definitions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableSchema>,
    /// Of a control: of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlOf>,
    /// The input.
    pub input: InputListing,
    /// The parts of the plan that count; none of a run with locks, whose plan is one file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<PlanPart>,
    /// The resolved configuration.
    pub config: Config,
}

/// The time, as the manifest says it.
pub(super) fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A part of a plan: its files, one a shard, were written together and never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPart {
    /// What its files are called.
    pub name: String,
    /// The shards that it has a file of.
    pub shards: Vec<u32>,
}

/// What a control is of: its units are pairs of strangers, made of the users of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlOf {
    /// Id of the run.
    pub of: String,
    /// Where it was.
    pub dir: String,
}

/// What the run found in the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputListing {
    /// The folder, as an absolute path.
    pub folder: String,
    /// Users in the plan.
    pub users: u64,
    /// Units in the plan.
    pub units: u64,
    /// BLAKE3 of the plan as one file, which a run with locks has.
    pub plan_fingerprint: String,
}

/// The only field read from a manifest before its format is known to be ours.
#[derive(Debug, Deserialize)]
pub(super) struct FormatOnly {
    pub(super) format: u32,
    #[serde(default)]
    pub(super) tool_version: String,
}
