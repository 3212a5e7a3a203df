//! A run directory: made, joined, opened, closed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::assignment::Assignment;
use super::attempt::is_compaction;
use super::error::StoreError;
use super::expected::{self, EXPECTED, ExpectedUnit};
use super::ledger::Ledger;
use super::local::{LocalStorage, STAGING};
use super::manifest::{FormatOnly, InputListing, MANIFEST, Manifest, RUN_FORMAT, RunState};
use super::reading::CompactionLock;
use super::storage::{Created, Object, Storage};
use super::verify::checksum;
use crate::config::{Config, differences, fingerprint};
use crate::schema::{MadeOf, Schemas, made_of};

/// An open run.
#[derive(Debug, Clone)]
pub struct Run {
    storage: Arc<dyn Storage>,
    manifest: Arc<Manifest>,
    /// Read when it is first asked for: a merge of millions of users never does.
    expected: Arc<OnceLock<Vec<ExpectedUnit>>>,
}

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
}

/// What resume found and removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Data files whose attempt is not in the ledger.
    pub data_files: usize,
    /// Half-written files.
    pub staged_files: usize,
}

impl Run {
    /// Registers a run as incomplete, or joins one that is there already with the same plan.
    ///
    /// # Errors
    /// The directory holds a run of another configuration, plan, shard count or newer format, or
    /// files that are no run.
    pub fn create_or_join(dir: &Path, new: &NewRun<'_>) -> Result<Self, StoreError> {
        Self::create_or_join_storage(Arc::new(LocalStorage::new(dir)), new)
    }

    /// The same behind a given storage.
    pub fn create_or_join_storage(storage: Arc<dyn Storage>, new: &NewRun<'_>) -> Result<Self, StoreError> {
        if storage.size(MANIFEST)?.is_none() {
            refuse_foreign_files(&*storage)?;
            let plan = expected::encode(&new.units)?;
            let manifest = register(new, &plan);
            let plan = Object { path: EXPECTED.into(), bytes: plan };
            // Whoever registers the run must have written the plan before; equal plans are equal bytes.
            let _existed: Created = storage.create(&plan)?;
            let yaml = Object { path: MANIFEST.into(), bytes: to_yaml(&manifest)? };
            if storage.create(&yaml)? == Created::Yes {
                let run = Self::open_storage(storage)?;
                run.same_plan(new)?;
                return Ok(run);
            }
        }
        let run = Self::open_storage(storage)?;
        run.writable()?;
        run.same_experiment(new)?;
        Ok(run)
    }

    /// Opens a run for reading; call [`Run::writable`] before writing.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        if !dir.exists() {
            return Err(StoreError::NotFound { dir: dir.to_owned() });
        }
        Self::open_storage(Arc::new(LocalStorage::new(dir)))
    }

    /// Opens a run behind a given storage.
    pub fn open_storage(storage: Arc<dyn Storage>) -> Result<Self, StoreError> {
        let manifest = read_manifest(&*storage)?;
        if storage.size(EXPECTED)?.is_none() {
            return Err(no_plan(storage.root()));
        }
        Ok(Self { storage, manifest: Arc::new(manifest), expected: Arc::default() })
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
        let Some(plan) = self.storage.read(EXPECTED)? else { return Err(no_plan(self.dir())) };
        let units = expected::decode(plan)?;
        Ok(self.expected.get_or_init(|| units))
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.storage.root()
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
                dir: self.dir().to_owned(),
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
            dir: self.dir().to_owned(),
            differences: differences(&self.manifest.config, config)
                .into_iter()
                .map(|(key, run, yours)| format!("  {key}: {run} in the run, {yours} asked for"))
                .collect::<Vec<_>>()
                .join("\n"),
        })
    }

    fn same_experiment(&self, new: &NewRun<'_>) -> Result<(), StoreError> {
        self.same_config(new.config)?;
        if self.manifest.shards != new.shards {
            return Err(StoreError::OtherShards {
                dir: self.dir().to_owned(),
                run: self.manifest.shards,
                asked: new.shards,
            });
        }
        if !self.manifest.only_shards.is_empty()
            && new.only_shards.iter().any(|s| !self.manifest.only_shards.contains(s))
        {
            return Err(StoreError::OtherShardDir {
                dir: self.dir().to_owned(),
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
        Err(StoreError::OtherPlan { dir: self.dir().to_owned(), more, less })
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
        let mut manifest = self.manifest_now()?;
        manifest.state = RunState::Incomplete;
        manifest.finished_at = None;
        manifest.input.users += places.len() as u64;
        manifest.input.units = all.len() as u64;
        manifest.input.plan_fingerprint = checksum(&plan);
        self.storage.replace(&Object { path: EXPECTED.into(), bytes: plan })?;
        self.storage.replace(&Object { path: MANIFEST.into(), bytes: to_yaml(&manifest)? })?;
        self.manifest = Arc::new(manifest);
        self.expected = Arc::new(OnceLock::from(all));
        Ok(())
    }

    /// The manifest as it is now: others may have changed what this one does not decide.
    fn manifest_now(&self) -> Result<Manifest, StoreError> {
        read_manifest(self.storage())
    }

    /// Puts users into buckets from now on, if each had a folder; gives the number of buckets.
    pub fn use_buckets(&self) -> Result<u32, StoreError> {
        let mut manifest = self.manifest_now()?;
        if let Some(buckets) = manifest.buckets {
            return Ok(buckets.max(1));
        }
        manifest.buckets = Some(1);
        self.storage.replace(&Object { path: MANIFEST.into(), bytes: to_yaml(&manifest)? })?;
        Ok(1)
    }

    /// Closes the run if every unit that belongs into it has a ledger row; says whether it did.
    pub fn close_if_complete(&self) -> Result<RunState, StoreError> {
        let ledger = Ledger::read(self.storage())?;
        let done: std::collections::HashSet<(&str, &str)> =
            ledger.rows.iter().map(|r| (r.user_id.as_str(), r.feature_mode.as_str())).collect();
        if !self.own_units()?.all(|u| done.contains(&(&u.user_id, &u.feature_mode))) {
            return Ok(RunState::Incomplete);
        }
        let mut manifest = self.manifest_now()?;
        manifest.state = RunState::Complete;
        manifest.finished_at = Some(now());
        self.storage.replace(&Object { path: MANIFEST.into(), bytes: to_yaml(&manifest)? })?;
        Ok(RunState::Complete)
    }

    /// Removes what a crash left behind, seen by worker `index` of `of` that holds its lock: data files
    /// without a ledger row that it wrote itself in an earlier life, or that a worker of another division
    /// wrote, or that no worker can have written. While this one lives, none of another division does.
    ///
    /// What a compaction left behind is removed unless one is at work; the files that one has replaced are
    /// left to the next.
    pub fn sweep(&self, index: u32, of: u32) -> Result<Leftovers, StoreError> {
        let no_compaction = CompactionLock::take_to_sweep(self.storage())?;
        let ledger = Ledger::read(self.storage())?;
        let known: std::collections::HashSet<&str> = ledger.data_files().collect();
        let is_dead = |path: &str| {
            let Some((.., name)) = super::path::parse(path) else { return false };
            let of_a_living_one = super::attempt::writer(name).is_some_and(|(i, n)| n == of && i != index)
                || (is_compaction(name) && no_compaction.is_none());
            !known.contains(path) && !of_a_living_one
        };
        let mut found = Leftovers::default();
        for table in self.manifest.schema_versions.keys().filter(|t| made_of(t) == MadeOf::Units) {
            let shards = self.manifest.shards;
            let meets =
                |shard: &u32| Assignment { index, of }.meets(Assignment { index: *shard, of: shards });
            for shard in (0..shards).filter(meets) {
                for entry in self.storage.list(&format!("{table}/shard={shard}"))? {
                    if is_dead(&entry.path) {
                        self.storage.remove(&entry.path)?;
                        found.data_files += 1;
                    }
                }
            }
        }
        for entry in self.storage.list(STAGING)? {
            if staged_by_the_dead(&entry.path) {
                self.storage.remove(&entry.path)?;
                found.staged_files += 1;
            }
        }
        Ok(found)
    }
}

/// Staged files carry process and machine. One whose process still runs may be about to be renamed,
/// and another machine's processes cannot be seen from here.
fn staged_by_the_dead(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let (name, host) = name.split_once('@').unwrap_or((name, ""));
    let Some(Ok(pid)) = name.split('-').next().map(str::parse::<u32>) else { return false };
    (host.is_empty() || host == crate::system::host_tag())
        && pid != std::process::id()
        && !Path::new("/proc").join(pid.to_string()).exists()
}

fn read_manifest(storage: &dyn Storage) -> Result<Manifest, StoreError> {
    let dir = storage.root();
    let Some(bytes) = storage.read(MANIFEST)? else {
        return Err(StoreError::NoRun { dir: dir.to_owned() });
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let damaged = |what: String| StoreError::Damaged { file: dir.join(MANIFEST).display().to_string(), what };
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

fn no_plan(dir: &Path) -> StoreError {
    StoreError::Damaged { file: dir.join(EXPECTED).display().to_string(), what: "is missing".into() }
}

fn register(new: &NewRun<'_>, plan: &[u8]) -> Manifest {
    let users: std::collections::BTreeSet<u64> = new.units.iter().map(|u| u.position).collect();
    Manifest {
        format: RUN_FORMAT,
        run_id: format!("{}-{}", new.config.name, super::attempt::new_attempt_id()),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: now(),
        finished_at: None,
        state: RunState::Incomplete,
        shards: new.shards,
        buckets: buckets(users.len() as u64, new),
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
        input: InputListing {
            folder: new.data_folder.clone(),
            users: users.len() as u64,
            units: new.units.len() as u64,
            plan_fingerprint: checksum(plan),
        },
        config: new.config.clone(),
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
        Some(entry) => Err(StoreError::ForeignFiles { dir: storage.root().to_owned(), file: entry.path }),
        None => Ok(()),
    }
}
