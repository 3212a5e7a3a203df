//! A run is registered or joined.

use std::sync::Arc;

use super::attempt::new_attempt_id;
use super::error::StoreError;
use super::expected::{self, EXPECTED, ExpectedUnit};
use super::local::STAGING;
use super::location::Location;
use super::made::{Made, make};
use super::manifest::{ControlOf, InputListing, MANIFEST, Manifest, Protocol, RunState, now};
use super::plan::{self, is_part};
use super::run::{Run, manifest_yaml};
use super::storage::{Created, Object, Storage};
use super::verify::checksum;
use crate::config::{COMMIT_SECONDS, Config, Locks, fingerprint};
use crate::schema::{MadeOf, Schemas};

/// Seconds that units wait for others where every file is a request, unless it was said how long.
const PATIENCE_IN_REQUESTS: f64 = 60.0;

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
    /// Registers a run as incomplete, or joins one that is there already with the same plan. What keeps its writers
    /// apart is what the configuration says, or, if it doesn't, what suits the storage.
    ///
    /// # Errors
    /// The directory holds a run of another configuration, plan, shard count or newer format, or
    /// files that are no run.
    pub fn create_or_join(at: impl Into<Location>, new: &NewRun<'_>) -> Result<Self, StoreError> {
        let at = at.into();
        let storage = at.storage()?;
        let protocol = match (new.config.runtime.locks, storage.keeps_locks()) {
            (Locks::Flock, false) => return Err(StoreError::NoLocks { dir: storage.name() }),
            (Locks::Lease, _) | (Locks::Auto, false) => Protocol::Names,
            (Locks::Flock | Locks::Auto, true) => Protocol::Locks,
        };
        Self::create_or_join_by(at, storage, new, protocol)
    }

    /// The same, with what keeps the writers of a new run apart.
    pub(crate) fn create_or_join_by(
        at: Location,
        storage: Arc<dyn Storage>,
        new: &NewRun<'_>,
        protocol: Protocol,
    ) -> Result<Self, StoreError> {
        let storage = if protocol == Protocol::Names { at.by_names(storage) } else { storage };
        if storage.size(MANIFEST)?.is_none() {
            refuse_foreign_files(&*storage)?;
            storage.probe()?;
            let plan = expected::encode(&new.units)?;
            let mut manifest = register(new, &plan, protocol);
            // Whoever registers the run must have written the plan before; equal plans are equal bytes.
            let is_ours = match protocol {
                Protocol::Locks => {
                    let plan = Object { path: EXPECTED.into(), bytes: plan };
                    let _existed: Created = storage.create(&plan)?;
                    let yaml = Object { path: MANIFEST.into(), bytes: manifest_yaml(&manifest)? };
                    storage.create(&yaml)? == Created::Yes
                }
                Protocol::Names => {
                    manifest.plan = vec![plan::write(&*storage, 0, &new.units)?];
                    let yaml = Object { path: MANIFEST.into(), bytes: manifest_yaml(&manifest)? };
                    make(&*storage, &yaml)? == Made::Ours
                }
            };
            if is_ours {
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
        self.same_locks(new.config.runtime.locks)?;
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

    /// A run keeps what it was made with, whoever joins it.
    fn same_locks(&self, asked: Locks) -> Result<(), StoreError> {
        let run = self.protocol().locks();
        if asked == Locks::Auto || asked == run {
            return Ok(());
        }
        Err(StoreError::OtherLocks { dir: self.name(), run: run.as_str(), asked: asked.as_str() })
    }

    fn same_plan(&self, new: &NewRun<'_>) -> Result<(), StoreError> {
        fn keys(units: &[ExpectedUnit]) -> std::collections::BTreeSet<(&str, &str)> {
            units.iter().map(|u| (u.user_id.as_str(), u.feature_mode.as_str())).collect()
        }
        // Without locks, many workers join at once: none of them reads a plan that is its own.
        if self.protocol() == Protocol::Names
            && checksum(&expected::encode(&new.units)?) == self.manifest.input.plan_fingerprint
        {
            return Ok(());
        }
        let (ours, theirs) = (keys(self.expected()?), keys(&new.units));
        if ours == theirs {
            return Ok(());
        }
        let more = theirs.difference(&ours).map(|(user, _)| (*user).to_owned()).take(3).collect::<Vec<_>>();
        let less = ours.difference(&theirs).map(|(user, _)| (*user).to_owned()).take(3).collect::<Vec<_>>();
        Err(StoreError::OtherPlan { dir: self.storage().name(), more, less })
    }
}

/// What the units of a run are, in words.
fn of_what(control: Option<&ControlOf>) -> String {
    control.map_or_else(|| "a run of users".to_owned(), |control| format!("a control of {}", control.of))
}

fn register(new: &NewRun<'_>, plan: &[u8], protocol: Protocol) -> Manifest {
    let users: std::collections::BTreeSet<u64> = new.units.iter().map(|u| u.position).collect();
    let buckets = buckets(users.len() as u64, new);
    let mut config = new.config.clone();
    config.runtime.day_hours = config.runtime.day_hours.decided(buckets.is_none() && new.control.is_none());
    config.runtime.locks = protocol.locks();
    // Folders of users are put together by a lock; and a file a user is dear where each is a request.
    let buckets = if protocol == Protocol::Names { buckets.or(Some(1)) } else { buckets };
    if protocol == Protocol::Names && (config.runtime.commit_seconds - COMMIT_SECONDS).abs() < f64::EPSILON {
        config.runtime.commit_seconds = PATIENCE_IN_REQUESTS;
    }
    Manifest {
        format: protocol.format(),
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
        plan: Vec::new(),
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

fn refuse_foreign_files(storage: &dyn Storage) -> Result<(), StoreError> {
    let files = storage.list("")?;
    // Somebody has registered it since.
    if files.iter().any(|entry| entry.path == MANIFEST) {
        return Ok(());
    }
    let own = |path: &str| path == EXPECTED || path.starts_with(STAGING) || is_part(path);
    match files.into_iter().find(|entry| !own(&entry.path)) {
        Some(entry) => Err(StoreError::ForeignFiles { dir: storage.name(), file: entry.path }),
        None => Ok(()),
    }
}
