//! The manifest of a run without locks: `run.yaml` is written once, and what changes comes in records.
//!
//! A record has all that may change, so that the newest one is enough: `_changes/00000007.yaml` is made under the number
//! behind that of the record it was made from. Of several who change a run at once, one has the number; the others
//! read what it wrote, and decide again.

use serde::{Deserialize, Serialize};

use super::attempt::new_attempt_id;
use super::error::StoreError;
use super::made::{Made, make};
use super::manifest::{InputListing, Manifest, PlanPart, RunState};
use super::storage::{Object, Storage};
use crate::yaml::{from_yaml, to_yaml};

/// Where they are.
const CHANGES: &str = "_changes";

/// What of a manifest may change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Change {
    /// Which process made it: no two are equal.
    by: String,
    state: RunState,
    finished_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    buckets: Option<u32>,
    data_root: String,
    input: InputListing,
    plan: Vec<PlanPart>,
}

impl Change {
    fn of(manifest: &Manifest) -> Self {
        Self {
            by: new_attempt_id(),
            state: manifest.state,
            finished_at: manifest.finished_at.clone(),
            buckets: manifest.buckets,
            data_root: manifest.config.data_root.clone(),
            input: manifest.input.clone(),
            plan: manifest.plan.clone(),
        }
    }

    fn apply(self, manifest: &mut Manifest) {
        manifest.state = self.state;
        manifest.finished_at = self.finished_at;
        manifest.buckets = self.buckets;
        manifest.config.data_root = self.data_root;
        manifest.input = self.input;
        manifest.plan = self.plan;
    }
}

/// Brings a manifest up to date; gives the number of the newest record, 0 if there is none.
pub(super) fn apply_newest(storage: &dyn Storage, manifest: &mut Manifest) -> Result<u64, StoreError> {
    let records = storage.list(CHANGES)?;
    let Some(number) = records.iter().filter_map(|entry| number_of(&entry.path)).max() else { return Ok(0) };
    let file = path_of(number);
    let damaged = |what: String| StoreError::Damaged { file: format!("{}/{file}", storage.name()), what };
    let bytes = storage.read(&file)?.ok_or_else(|| damaged("is missing".into()))?;
    let text = String::from_utf8_lossy(&bytes);
    let change: Change = from_yaml(&text).map_err(|e| damaged(e.to_string()))?;
    change.apply(manifest);
    Ok(number)
}

/// Writes a record under a number; whether nobody else has it.
pub(super) fn add(storage: &dyn Storage, number: u64, manifest: &Manifest) -> Result<bool, StoreError> {
    let path = path_of(number);
    let yaml = to_yaml(&Change::of(manifest))
        .map_err(|e| StoreError::Damaged { file: path.clone(), what: e.to_string() })?;
    Ok(make(storage, &Object { path, bytes: yaml.into() })? == Made::Ours)
}

fn path_of(number: u64) -> String {
    format!("{CHANGES}/{number:08}.yaml")
}

fn number_of(path: &str) -> Option<u64> {
    let number = path.strip_prefix(CHANGES)?.strip_prefix('/')?.strip_suffix(".yaml")?;
    (number.len() >= 8 && number.bytes().all(|b| b.is_ascii_digit())).then(|| number.parse().ok())?
}
