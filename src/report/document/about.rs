//! What a run or a merged output says of itself.

use std::collections::BTreeMap;

use crate::config::{Config, Fdr};
use crate::store::{AcceptedUnit, InputListing, Manifest, MergeManifest, RunState};

/// What a report says of a directory.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// Name of the directory.
    pub name: String,
    /// Whether it was merged.
    pub is_merged: bool,
    /// Whether nothing is missing.
    pub is_complete: bool,
    /// Whether its units are pairs of strangers.
    pub is_control: bool,
    /// Units of the plan.
    pub units: u64,
    /// Those that are ok, if that is known.
    pub units_ok: Option<u64>,
    /// When it was made, and when it was done.
    pub times: Vec<(&'static str, String)>,
    /// Version of the program.
    pub tool_version: String,
    /// Its runs: id, and where each was.
    pub runs: Vec<(String, String)>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Fingerprint of the settings.
    pub fingerprint: String,
    /// Versions of the tables' schemas.
    pub schema_versions: BTreeMap<String, u32>,
    /// What was found in the folders of the input.
    pub inputs: Vec<InputListing>,
    /// The settings, if they are known.
    pub config: Option<Config>,
    /// Correction for multiple testing.
    pub fdr: Fdr,
    /// Skipped units that it is complete without.
    pub accepted: Vec<AcceptedUnit>,
}

impl About {
    /// Of a run.
    pub(crate) fn run(name: &str, manifest: &Manifest) -> Self {
        let ended = manifest.finished_at.clone().map(|at| ("ended", at));
        Self {
            name: name.to_owned(),
            is_merged: false,
            is_complete: manifest.state == RunState::Complete,
            is_control: manifest.control.is_some(),
            units: manifest.input.units,
            units_ok: None,
            times: [("began", manifest.created_at.clone())].into_iter().chain(ended).collect(),
            tool_version: manifest.tool_version.clone(),
            runs: vec![(manifest.run_id.clone(), String::new())],
            seed: manifest.seed,
            fingerprint: manifest.config_fingerprint.clone(),
            schema_versions: manifest.schema_versions.clone(),
            inputs: vec![manifest.input.clone()],
            config: Some(manifest.config.clone()),
            fdr: manifest.config.fdr.clone(),
            accepted: Vec::new(),
        }
    }

    /// Of a merged output.
    pub(crate) fn merged(name: &str, manifest: &MergeManifest) -> Self {
        Self {
            name: name.to_owned(),
            is_merged: true,
            is_complete: manifest.complete,
            is_control: manifest.control.is_some(),
            units: manifest.units,
            units_ok: Some(manifest.units_ok),
            times: vec![("merged", manifest.merged_at.clone())],
            tool_version: manifest.tool_version.clone(),
            runs: manifest.sources.iter().map(|run| (run.run_id.clone(), run.dir.clone())).collect(),
            seed: manifest.seed,
            fingerprint: manifest.config_fingerprint.clone(),
            schema_versions: manifest.schema_versions.clone(),
            inputs: inputs(manifest),
            config: manifest.config.as_deref().cloned(),
            fdr: manifest.fdr.clone(),
            accepted: manifest.accepted_skipped.clone(),
        }
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match (self.is_merged, self.is_control) {
            (true, false) => "merged results",
            (true, true) => "merged results of a negative control",
            (false, false) => "a run",
            (false, true) => "a negative control",
        }
    }

    /// The sentence that stands on every page of what is not complete.
    pub(super) fn warning(&self) -> String {
        match (self.is_complete, self.is_merged) {
            (true, _) => String::new(),
            (false, true) => {
                format!("Partial: {} of {} units.", self.units_ok.unwrap_or_default(), self.units)
            }
            (false, false) => "Partial: the run is not complete, and its q-values will change.".to_owned(),
        }
    }
}

/// What runs were made from, each once: those of one plan are of one folder.
fn inputs(manifest: &MergeManifest) -> Vec<InputListing> {
    let mut inputs: Vec<InputListing> = Vec::new();
    for input in manifest.sources.iter().filter_map(|run| run.input.as_ref()) {
        if !inputs.contains(input) {
            inputs.push(input.clone());
        }
    }
    inputs
}
