//! `run.yaml`: what a run is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::schema::TableSchema;

/// Name of the file.
pub const MANIFEST: &str = "run.yaml";

/// Where the supervisor writes down what befell the workers, a line of JSON each.
pub const EVENTS: &str = "_logs/events.ndjson";

/// Version of the layout of a run directory.
///
/// 1: as described in `docs/run-format.md`.
pub const RUN_FORMAT: u32 = 1;

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
    /// The resolved configuration.
    pub config: Config,
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
    /// BLAKE3 of the plan (`_expected.parquet`'s content).
    pub plan_fingerprint: String,
}

/// The only field read from a manifest before its format is known to be ours.
#[derive(Debug, Deserialize)]
pub(super) struct FormatOnly {
    pub(super) format: u32,
    #[serde(default)]
    pub(super) tool_version: String,
}
