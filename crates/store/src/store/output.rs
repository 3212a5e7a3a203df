//! `merge.yaml`: what an output of `merge` is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::manifest::{ControlOf, InputListing};
use crate::config::{Config, Fdr, Settings};
use crate::schema::TableSchema;

/// Name of the file that marks a merged output.
pub const MERGE_MANIFEST: &str = "merge.yaml";

/// `merge.yaml`: what a merged output is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a line of the file")]
pub struct MergeManifest {
    /// Version of the layout.
    pub format: u32,
    /// Whether every expected unit is in it, or accepted as skipped.
    pub complete: bool,
    /// Version of the tool.
    pub tool_version: String,
    /// When, RFC 3339.
    pub merged_at: String,
    /// The runs.
    pub sources: Vec<MergedRun>,
    /// Fingerprint of the settings behind every number.
    pub config_fingerprint: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Hour bins of the configuration.
    pub hour_bins: u32,
    /// Correction for multiple testing.
    pub fdr: Fdr,
    /// Of a merged control: of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlOf>,
    /// Whether values are compared with more than shuffled observations, so that tables have columns about it.
    #[serde(default, skip_serializing_if = "is_no")]
    pub nulls: bool,
    /// Units of the plan.
    pub units: u64,
    /// Units that are `ok`.
    pub units_ok: u64,
    /// Duplicate attempts that were left out, being equal to the one kept.
    pub duplicates: u64,
    /// Skipped units that it is complete without, as whoever merged decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_skipped: Vec<AcceptedUnit>,
    /// What keeps a partial output from being complete; none in outputs of before it was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// Whether it has CSV files.
    #[serde(default = "yes")]
    pub csv: bool,
    /// Whether it has Parquet files.
    #[serde(default = "yes")]
    pub parquet: bool,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Versions of the schemas of the runs' tables; none in outputs of before they were kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schema_versions: BTreeMap<String, u32>,
    /// Tables of the user's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableSchema>,
    /// The settings of the runs; none of results of the older pipeline, and in outputs of before they were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Box<Config>>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_no(v: &bool) -> bool {
    !*v
}

impl MergeManifest {
    /// The settings that it knows.
    pub fn settings(&self) -> Settings {
        serde_json::json!({"seed": self.seed, "hour_bins": self.hour_bins, "fdr": self.fdr}).into()
    }
}

/// A skipped unit that an output is complete without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedUnit {
    /// The user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// Why it was skipped.
    pub reason: String,
}

/// Something that keeps an output from being complete, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Its code, for programs.
    pub code: String,
    /// Its name, as the list of missing units has it.
    pub state: String,
    /// How many there are.
    pub count: u64,
}

/// A run that went into an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedRun {
    /// Its id.
    pub run_id: String,
    /// Where it was.
    pub dir: String,
    /// What it was made from; not known of the older pipeline's results, and in outputs of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputListing>,
}
