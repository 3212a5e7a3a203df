//! An open run.

use std::sync::Arc;

use super::assignment::Assignment;
use super::attempt::{Writer, writer};
use super::changes;
use super::error::StoreError;
use super::expected::{EXPECTED, ExpectedUnit};
use super::location::Location;
use super::made::{self, Made};
use super::manifest::{FormatOnly, MANIFEST, Manifest, Protocol, RUN_FORMAT};
use super::many::ask_each;
use super::path;
use super::plan::{self, Plan};
use super::storage::{Created, Object, Storage};
use super::void::{Voided, settle, void_in, void_object};
use crate::config::{Config, differences, fingerprint};
use crate::yaml::{from_yaml, to_yaml};

/// An open run.
#[derive(Debug, Clone)]
pub struct Run {
    location: Location,
    storage: Arc<dyn Storage>,
    pub(super) manifest: Arc<Manifest>,
    pub(super) plan: Arc<Plan>,
}

impl Run {
    /// Opens a run for reading; call [`Run::writable`] before writing.
    pub fn open(at: impl Into<Location>) -> Result<Self, StoreError> {
        let at = at.into();
        if !at.exists() {
            return Err(StoreError::NotFound { dir: at.to_string() });
        }
        let storage = at.storage()?;
        Self::open_storage(at, storage)
    }

    pub(super) fn open_storage(location: Location, storage: Arc<dyn Storage>) -> Result<Self, StoreError> {
        let (manifest, _) = read_manifest(&*storage)?;
        if Protocol::of_format(manifest.format) == Protocol::Locks && storage.size(EXPECTED)?.is_none() {
            return Err(plan::missing(&*storage, EXPECTED));
        }
        let storage = match Protocol::of_format(manifest.format) {
            Protocol::Locks => storage,
            Protocol::Names => location.by_names(location.as_told(storage, &manifest.config.store)?),
        };
        let plan = Arc::new(Plan::unread(manifest.shards));
        Ok(Self { location, storage, manifest: Arc::new(manifest), plan })
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

    /// What keeps its writers apart.
    pub fn protocol(&self) -> Protocol {
        Protocol::of_format(self.manifest.format)
    }

    /// Makes files a part of the run by the last of them, which is of the ledger.
    ///
    /// # Errors
    /// They cannot be written, or the name of the last was made void: another worker has the share.
    pub(crate) fn publish(&self, objects: &[Object]) -> Result<(), StoreError> {
        if self.protocol() == Protocol::Locks {
            let _: Created = self.storage.publish(objects)?;
            return Ok(());
        }
        match (made::publish(self.storage(), objects)?, objects.last()) {
            (Made::Theirs(there), Some(last)) => Err(self.refused(&last.path, &there)),
            _ => Ok(()),
        }
    }

    /// Why a commit could not be made.
    fn refused(&self, path: &str, there: &[u8]) -> StoreError {
        let by = path::parse(path).and_then(|(.., name)| writer(name));
        match (void_in(there), by) {
            (Some(void), Some(Writer { share, .. })) => StoreError::TakenOver {
                shard: format!("{} of {}", share.index, share.of),
                lease: void.by.lease.unwrap_or_default(),
            },
            _ => StoreError::Damaged {
                file: format!("{}/{path}", self.name()),
                what: "another process has committed something else under this name".into(),
            },
        }
    }

    /// Takes the name of a commit, the path of a file of the ledger, so that nobody can commit under it any more.
    ///
    /// # Errors
    /// The storage does not answer.
    pub fn void(&self, path: &str, by: Writer) -> Result<Voided, StoreError> {
        let manifest = self.manifest();
        let void = void_object(path, by, (&manifest.run_id, &manifest.config_fingerprint))?;
        Ok(settle(self.storage(), &void)?)
    }

    /// The manifest as it was when the run was opened.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// All units of the plan, by position and feature mode.
    pub fn expected(&self) -> Result<&[ExpectedUnit], StoreError> {
        self.plan.all(self.storage(), &self.manifest)
    }

    /// The units of a share that belong into this directory, by position and feature mode. Where the plan lies by shards,
    /// only those are read that the share meets.
    pub fn expected_of(&self, share: Assignment) -> Result<Vec<&ExpectedUnit>, StoreError> {
        let mut units = self.plan.of(share, self.storage(), &self.manifest)?;
        units.retain(|unit| self.is_own(unit));
        Ok(units)
    }

    /// How many units of each of some shares, of so many, belong into this directory. Where they are the shards of a plan by
    /// shards, only the footers of its files are read.
    ///
    /// # Errors
    /// The plan cannot be read.
    pub fn planned_in(&self, indices: &[u32], of: u32) -> Result<Vec<u64>, StoreError> {
        let only = &self.manifest.only_shards;
        let is_by_shards = self.protocol() == Protocol::Names && of == self.manifest.shards;
        ask_each(indices, |&index| {
            if !is_by_shards {
                return Ok(self.expected_of(Assignment { index, of })?.len() as u64);
            }
            let is_own = only.is_empty() || only.contains(&index);
            if is_own { plan::units_of_shard(self.storage(), &self.manifest, index) } else { Ok(0) }
        })
    }

    /// The shards of the plan in which a share has users.
    pub fn shards_of(&self, share: Assignment) -> Vec<u32> {
        plan::shards_of(share, self.manifest.shards).collect()
    }

    /// Whether the plan, of a run without locks, is the one that it was registered with.
    pub fn has_its_first_plan(&self) -> bool {
        plan::is_first(&self.manifest)
    }

    /// The files of the plan, with their shards.
    pub fn plan_files(&self) -> Vec<(u32, String)> {
        match self.protocol() {
            Protocol::Locks => vec![(0, EXPECTED.to_owned())],
            Protocol::Names => plan::files(&self.manifest, |_| true),
        }
    }

    /// Units that belong into this directory.
    pub fn own_units(&self) -> Result<impl Iterator<Item = &ExpectedUnit>, StoreError> {
        Ok(self.expected()?.iter().filter(|unit| self.is_own(unit)))
    }

    fn is_own(&self, unit: &ExpectedUnit) -> bool {
        let only = &self.manifest.only_shards;
        only.is_empty() || only.contains(&unit.shard)
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

/// The manifest as it is now, and the number of the record that says so: 0 where there are none.
pub(super) fn read_manifest(storage: &dyn Storage) -> Result<(Manifest, u64), StoreError> {
    let Some(bytes) = storage.read(MANIFEST)? else {
        return Err(StoreError::NoRun { dir: storage.name() });
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let damaged = |what: String| StoreError::Damaged { file: format!("{}/{MANIFEST}", storage.name()), what };
    let format: FormatOnly = from_yaml(&text).map_err(|e| damaged(e.to_string()))?;
    if format.format > RUN_FORMAT {
        tracing::warn!(
            format = format.format,
            "the run was made by results {}; this version reads it but will not write it",
            format.tool_version
        );
    }
    let mut manifest: Manifest = from_yaml(&text).map_err(|e| damaged(e.to_string()))?;
    let number = match Protocol::of_format(manifest.format) {
        Protocol::Locks => 0,
        Protocol::Names => changes::apply_newest(storage, &mut manifest)?,
    };
    Ok((manifest, number))
}

/// The content of `run.yaml`.
pub(super) fn manifest_yaml(manifest: &Manifest) -> Result<Vec<u8>, StoreError> {
    to_yaml(manifest)
        .map(String::into_bytes)
        .map_err(|e| StoreError::Damaged { file: MANIFEST.into(), what: e.to_string() })
}
