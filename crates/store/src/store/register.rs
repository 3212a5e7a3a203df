//! A run is registered, joined, extended and closed: everything that changes its manifest.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::attempt::new_attempt_id;
use super::error::StoreError;
use super::expected::{self, EXPECTED, ExpectedUnit};
use super::local::STAGING;
use super::location::Location;
use super::manifest::{ControlOf, InputListing, MANIFEST, Manifest, RUN_FORMAT, RunState};
use super::reading::ReadLock;
use super::run::{Run, read_manifest};
use super::storage::{Created, Hold, Object, Storage, table_files};
use super::unit_ledger::ledger_files;
use super::verify::checksum;
use crate::config::{Config, fingerprint};
use crate::schema::{LEDGER, MadeOf, Schemas};

/// Held while the manifest is changed.
const CHANGES: &str = "_status/manifest.lock";

/// Longer than that takes.
const MOMENT: Duration = Duration::from_mins(1);

/// What a new run is registered with.
#[derive(Debug)]
pub struct NewRun<'a> {
    /// The resolved configuration.
    pub config: &'a Config,
    /// The plan.
    pub units: Vec<ExpectedUnit>,
    /// Number of shards.
    pub shards: u32,
    /// Shards this directory will hold; empty means all.
    pub only_shards: Vec<u32>,
    /// The tables and their versions.
    pub schemas: &'a Schemas,
    /// Absolute path of the data folder.
    pub data_folder: String,
    /// Of a control: of what.
    pub control: Option<ControlOf>,
}

impl Run {
    /// Registers a run as incomplete, or joins one that is there already with the same plan.
    ///
    /// # Errors
    /// The directory holds a run of another configuration, plan, shard count or newer format, or
    /// files that are no run.
    pub fn create_or_join(at: impl Into<Location>, new: &NewRun<'_>) -> Result<Self, StoreError> {
        let at = at.into();
        let storage = at.storage();
        if storage.size(MANIFEST)?.is_none() {
            refuse_foreign_files(&*storage)?;
            let plan = expected::encode(&new.units)?;
            let manifest = register(new, &plan);
            let plan = Object { path: EXPECTED.into(), bytes: plan };
            // Whoever registers the run must have written the plan before; equal plans are equal bytes.
            let _existed: Created = storage.create(&plan)?;
            let yaml = Object { path: MANIFEST.into(), bytes: to_yaml(&manifest)? };
            if storage.create(&yaml)? == Created::Yes {
                let run = Self::open_storage(at, storage)?;
                run.same_plan(new)?;
                return Ok(run);
            }
        }
        let run = Self::open_storage(at, storage)?;
        run.writable()?;
        run.same_experiment(new)?;
        Ok(run)
    }

    fn same_experiment(&self, new: &NewRun<'_>) -> Result<(), StoreError> {
        self.same_config(new.config)?;
        let of = |control: &Option<ControlOf>| control.as_ref().map(|control| control.of.clone());
        if of(&self.manifest.control) != of(&new.control) {
            return Err(StoreError::OtherControl {
                dir: self.storage().name(),
                run: of_what(self.manifest.control.as_ref()),
                asked: of_what(new.control.as_ref()),
            });
        }
        if self.manifest.shards != new.shards {
            return Err(StoreError::OtherShards {
                dir: self.storage().name(),
                run: self.manifest.shards,
                asked: new.shards,
            });
        }
        if !self.manifest.only_shards.is_empty()
            && new.only_shards.iter().any(|s| !self.manifest.only_shards.contains(s))
        {
            return Err(StoreError::OtherShardDir {
                dir: self.storage().name(),
                holds: self.manifest.only_shards.clone(),
            });
        }
        self.same_plan(new)
    }

    fn same_plan(&self, new: &NewRun<'_>) -> Result<(), StoreError> {
        fn keys(units: &[ExpectedUnit]) -> std::collections::BTreeSet<(&str, &str)> {
            units.iter().map(|u| (u.user_id.as_str(), u.feature_mode.as_str())).collect()
        }
        let (ours, theirs) = (keys(self.expected()?), keys(&new.units));
        if ours == theirs {
            return Ok(());
        }
        let more = theirs.difference(&ours).map(|(user, _)| (*user).to_owned()).take(3).collect::<Vec<_>>();
        let less = ours.difference(&theirs).map(|(user, _)| (*user).to_owned()).take(3).collect::<Vec<_>>();
        Err(StoreError::OtherPlan { dir: self.storage().name(), more, less })
    }

    /// Takes further users into the plan, after those that are in it.
    ///
    /// The plan is written before the manifest; a crash in between leaves a plan with more users than the
    /// manifest counts, which only means that the run is not complete.
    pub fn extend(&mut self, mut more: Vec<ExpectedUnit>) -> Result<(), StoreError> {
        let first = self.expected()?.iter().map(|u| u.position + 1).max().unwrap_or(0);
        let mut places: BTreeMap<String, u64> = BTreeMap::new();
        for unit in &mut more {
            let next = first + places.len() as u64;
            unit.position = *places.entry(unit.user_id.clone()).or_insert(next);
            unit.shard = (unit.position % u64::from(self.manifest.shards)) as u32;
        }
        let mut all = self.expected()?.to_vec();
        all.extend(more);
        let plan = expected::encode(&all)?;
        let plan_fingerprint = checksum(&plan);
        self.storage().replace(&Object { path: EXPECTED.into(), bytes: plan })?;
        let manifest = self.change_manifest(|manifest| {
            manifest.state = RunState::Incomplete;
            manifest.finished_at = None;
            manifest.input.users += places.len() as u64;
            manifest.input.units = all.len() as u64;
            manifest.input.plan_fingerprint = plan_fingerprint;
        })?;
        self.manifest = Arc::new(manifest);
        self.expected = Arc::new(OnceLock::from(all));
        Ok(())
    }

    /// The same plan, with its data in another folder.
    pub fn move_data(&mut self, units: Vec<ExpectedUnit>, folder: &str) -> Result<(), StoreError> {
        let plan = expected::encode(&units)?;
        let plan_fingerprint = checksum(&plan);
        self.storage().replace(&Object { path: EXPECTED.into(), bytes: plan })?;
        let manifest = self.change_manifest(|manifest| {
            folder.clone_into(&mut manifest.input.folder);
            folder.clone_into(&mut manifest.config.data_root);
            manifest.input.plan_fingerprint = plan_fingerprint;
        })?;
        self.manifest = Arc::new(manifest);
        self.expected = Arc::new(OnceLock::from(units));
        Ok(())
    }

    /// The manifest as it is now: others may have changed what this one does not decide.
    pub(super) fn manifest_now(&self) -> Result<Manifest, StoreError> {
        read_manifest(self.storage())
    }

    /// Changes the manifest as it is now. Of several who do so at once, none undoes what another did.
    pub(super) fn change_manifest(&self, change: impl FnOnce(&mut Manifest)) -> Result<Manifest, StoreError> {
        let _alone = self.locked(CHANGES, Hold::Exclusive, MOMENT)?;
        let mut manifest = self.manifest_now()?;
        change(&mut manifest);
        self.storage().replace(&Object { path: MANIFEST.into(), bytes: to_yaml(&manifest)? })?;
        Ok(manifest)
    }

    /// Closes the run if every unit that belongs into it has a ledger row; says whether it did.
    pub fn close_if_complete(&self) -> Result<RunState, StoreError> {
        let _reading = ReadLock::take(self.storage());
        let (ledger, _) = ledger_files(self.storage(), &table_files(self.storage(), LEDGER)?);
        let done: std::collections::HashSet<(&str, &str)> = ledger
            .iter()
            .flat_map(|file| &file.rows)
            .map(|r| (r.user_id.as_str(), r.feature_mode.as_str()))
            .collect();
        if !self.own_units()?.all(|u| done.contains(&(&u.user_id, &u.feature_mode))) {
            return Ok(RunState::Incomplete);
        }
        self.change_manifest(|manifest| {
            manifest.state = RunState::Complete;
            manifest.finished_at = Some(now());
        })?;
        Ok(RunState::Complete)
    }
}

/// What the units of a run are, in words.
fn of_what(control: Option<&ControlOf>) -> String {
    control.map_or_else(|| "a run of users".to_owned(), |control| format!("a control of {}", control.of))
}

fn register(new: &NewRun<'_>, plan: &[u8]) -> Manifest {
    let users: std::collections::BTreeSet<u64> = new.units.iter().map(|u| u.position).collect();
    let buckets = buckets(users.len() as u64, new);
    let mut config = new.config.clone();
    config.runtime.day_hours = config.runtime.day_hours.decided(buckets.is_none() && new.control.is_none());
    Manifest {
        format: RUN_FORMAT,
        run_id: format!("{}-{}", new.config.name, new_attempt_id()),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: now(),
        finished_at: None,
        state: RunState::Incomplete,
        shards: new.shards,
        buckets,
        only_shards: new.only_shards.clone(),
        seed: new.config.seed,
        config_fingerprint: fingerprint(new.config),
        schema_versions: new
            .schemas
            .iter()
            .filter(|s| s.made_of() != MadeOf::AllUsers)
            .map(|s| (s.table.clone(), s.version))
            .collect(),
        tables: new.schemas.own(),
        control: new.control.clone(),
        input: InputListing {
            folder: new.data_folder.clone(),
            users: users.len() as u64,
            units: new.units.len() as u64,
            plan_fingerprint: checksum(plan),
        },
        config,
    }
}

/// Users of a shard and bucket. Every flush writes a file a bucket, so there are few: a merge reads files of
/// any size in parts.
const USERS_A_BUCKET: u64 = 250_000;

/// How many buckets; none while there are so few users that each can have a folder.
fn buckets(users: u64, new: &NewRun<'_>) -> Option<u32> {
    let most = new.config.runtime.user_folders?;
    let each = USERS_A_BUCKET * u64::from(new.shards.max(1));
    (users > most).then(|| users.div_ceil(each).clamp(1, 9999) as u32)
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn to_yaml(manifest: &Manifest) -> Result<Vec<u8>, StoreError> {
    serde_saphyr::to_string(manifest)
        .map(String::into_bytes)
        .map_err(|e| StoreError::Damaged { file: MANIFEST.into(), what: e.to_string() })
}

fn refuse_foreign_files(storage: &dyn Storage) -> Result<(), StoreError> {
    let own = |path: &str| path == EXPECTED || path.starts_with(STAGING);
    match storage.list("")?.into_iter().find(|e| !own(&e.path)) {
        Some(entry) => Err(StoreError::ForeignFiles { dir: storage.name(), file: entry.path }),
        None => Ok(()),
    }
}
