//! An open run.

use std::sync::{Arc, OnceLock};

use super::error::StoreError;
use super::expected::{self, EXPECTED, ExpectedUnit};
use super::location::Location;
use super::manifest::{FormatOnly, MANIFEST, Manifest, RUN_FORMAT};
use super::storage::Storage;
use crate::config::{Config, differences, fingerprint};

/// An open run.
#[derive(Debug, Clone)]
pub struct Run {
    location: Location,
    storage: Arc<dyn Storage>,
    pub(super) manifest: Arc<Manifest>,
    /// Read when it is first asked for: a merge of millions of users never does.
    pub(super) expected: Arc<OnceLock<Vec<ExpectedUnit>>>,
}

impl Run {
    /// Opens a run for reading; call [`Run::writable`] before writing.
    pub fn open(at: impl Into<Location>) -> Result<Self, StoreError> {
        let at = at.into();
        if !at.exists() {
            return Err(StoreError::NotFound { dir: at.to_string() });
        }
        let storage = at.storage();
        Self::open_storage(at, storage)
    }

    pub(super) fn open_storage(location: Location, storage: Arc<dyn Storage>) -> Result<Self, StoreError> {
        let manifest = read_manifest(&*storage)?;
        if storage.size(EXPECTED)?.is_none() {
            return Err(no_plan(&*storage));
        }
        Ok(Self { location, storage, manifest: Arc::new(manifest), expected: Arc::default() })
    }

    /// Where it lies.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        self.location.to_string()
    }

    /// The storage.
    pub fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// The storage, for readers that outlive the run.
    pub fn shared_storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }

    /// The manifest as it was when the run was opened.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// All units of the plan, by position and feature mode.
    pub fn expected(&self) -> Result<&[ExpectedUnit], StoreError> {
        if let Some(units) = self.expected.get() {
            return Ok(units);
        }
        let Some(plan) = self.storage.read(EXPECTED)? else { return Err(no_plan(self.storage())) };
        let units = expected::decode(plan)?;
        Ok(self.expected.get_or_init(|| units))
    }

    /// Units that belong into this directory.
    pub fn own_units(&self) -> Result<impl Iterator<Item = &ExpectedUnit>, StoreError> {
        let only = &self.manifest.only_shards;
        Ok(self.expected()?.iter().filter(move |u| only.is_empty() || only.contains(&u.shard)))
    }

    /// Refuses a run of a newer layout.
    pub fn writable(&self) -> Result<(), StoreError> {
        if self.manifest.format > RUN_FORMAT {
            return Err(StoreError::NewerFormat {
                dir: self.name(),
                format: self.manifest.format,
                made_by: self.manifest.tool_version.clone(),
            });
        }
        Ok(())
    }

    /// Refuses numbers made under other settings than the run's.
    pub fn same_config(&self, config: &Config) -> Result<(), StoreError> {
        if fingerprint(config) == self.manifest.config_fingerprint {
            return Ok(());
        }
        Err(StoreError::OtherConfig {
            dir: self.name(),
            differences: differences(&self.manifest.config, config)
                .into_iter()
                .map(|(key, run, yours)| format!("  {key}: {run} in the run, {yours} asked for"))
                .collect::<Vec<_>>()
                .join("\n"),
        })
    }
}

pub(super) fn read_manifest(storage: &dyn Storage) -> Result<Manifest, StoreError> {
    let Some(bytes) = storage.read(MANIFEST)? else {
        return Err(StoreError::NoRun { dir: storage.name() });
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let damaged = |what: String| StoreError::Damaged { file: format!("{}/{MANIFEST}", storage.name()), what };
    let format: FormatOnly = serde_saphyr::from_str(&text).map_err(|e| damaged(e.to_string()))?;
    if format.format > RUN_FORMAT {
        tracing::warn!(
            format = format.format,
            "the run was made by results {}; this version reads it but will not write it",
            format.tool_version
        );
    }
    serde_saphyr::from_str(&text).map_err(|e| damaged(e.to_string()))
}

fn no_plan(storage: &dyn Storage) -> StoreError {
    StoreError::Damaged { file: format!("{}/{EXPECTED}", storage.name()), what: "is missing".into() }
}
