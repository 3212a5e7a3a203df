//! The manifest of a run is changed: users are added, data are moved.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::changes;
use super::error::StoreError;
use super::expected::{self, EXPECTED, ExpectedUnit};
use super::manifest::{MANIFEST, Manifest, Protocol, RunState};
use super::plan::{self, Plan};
use super::run::{Run, manifest_yaml, read_manifest};
use super::storage::{Hold, Object};
use super::verify::checksum;

/// Held while the manifest is changed.
const MANIFEST_LOCK: &str = "_status/manifest.lock";

/// Longer than that takes.
const MOMENT: Duration = Duration::from_mins(1);

/// How often a change is refused without anything having changed before the storage is taken to be at fault.
const IN_VAIN: u32 = 5;

impl Run {
    /// Takes further users into the plan, after those that are in it.
    ///
    /// The plan is written before the manifest. With locks, a crash in between leaves a plan with more users than the
    /// manifest counts, which only means that the run is not complete; with names, files that nobody reads.
    pub fn extend(&mut self, more: Vec<ExpectedUnit>) -> Result<(), StoreError> {
        let (manifest, all) = match self.protocol() {
            Protocol::Locks => self.extend_locked(more)?,
            Protocol::Names => self.extend_by_names(&more)?,
        };
        self.manifest = Arc::new(manifest);
        self.plan = Arc::new(Plan::known(all));
        Ok(())
    }

    fn extend_locked(&self, more: Vec<ExpectedUnit>) -> Result<(Manifest, Vec<ExpectedUnit>), StoreError> {
        let (all, users) = extended(self.expected()?, more, self.manifest.shards);
        let plan = expected::encode(&all)?;
        let plan_fingerprint = checksum(&plan);
        self.storage().replace(&Object { path: EXPECTED.into(), bytes: plan })?;
        let manifest = self.change_manifest(|manifest| {
            reopen(manifest, users, all.len(), plan_fingerprint.clone());
            Ok(())
        })?;
        Ok((manifest, all))
    }

    fn extend_by_names(&self, more: &[ExpectedUnit]) -> Result<(Manifest, Vec<ExpectedUnit>), StoreError> {
        let last = std::cell::RefCell::new(Vec::new());
        let manifest = self.change_manifest(|manifest| {
            // As it is now: somebody else may have added users meanwhile, some of these too.
            let now = Plan::unread(manifest.shards);
            let known = now.all(self.storage(), manifest)?;
            let keys: HashSet<_> = known.iter().map(|u| (&u.user_id, &u.feature_mode)).collect();
            let is_new = |unit: &&ExpectedUnit| !keys.contains(&(&unit.user_id, &unit.feature_mode));
            let new: Vec<ExpectedUnit> = more.iter().filter(is_new).cloned().collect();
            let (all, users) = extended(known, new, manifest.shards);
            if all.len() > known.len() {
                let part = plan::write(self.storage(), manifest.plan.len(), &all[known.len()..])?;
                manifest.plan.push(part);
                reopen(manifest, users, all.len(), checksum(&expected::encode(&all)?));
            }
            last.replace(all);
            Ok(())
        })?;
        Ok((manifest, last.into_inner()))
    }

    /// The same plan, with its data in another folder.
    ///
    /// # Errors
    /// It cannot be written, or, of a run without locks, another command has changed the plan meanwhile.
    pub fn move_data(&mut self, units: Vec<ExpectedUnit>, folder: &str) -> Result<(), StoreError> {
        let plan = expected::encode(&units)?;
        let plan_fingerprint = checksum(&plan);
        let moved = |manifest: &mut Manifest| {
            folder.clone_into(&mut manifest.input.folder);
            folder.clone_into(&mut manifest.config.data_root);
            manifest.input.plan_fingerprint.clone_from(&plan_fingerprint);
        };
        let manifest = match self.protocol() {
            Protocol::Locks => {
                self.storage().replace(&Object { path: EXPECTED.into(), bytes: plan })?;
                self.change_manifest(|manifest| {
                    moved(manifest);
                    Ok(())
                })?
            }
            Protocol::Names => self.change_manifest(|manifest| {
                if manifest.plan != self.manifest.plan {
                    return Err(StoreError::Changed { dir: self.name() });
                }
                manifest.plan = vec![plan::write(self.storage(), manifest.plan.len(), &units)?];
                moved(manifest);
                Ok(())
            })?,
        };
        self.manifest = Arc::new(manifest);
        self.plan = Arc::new(Plan::known(units));
        Ok(())
    }

    /// The manifest as it is now: others may have changed what this one does not decide.
    pub(super) fn manifest_now(&self) -> Result<Manifest, StoreError> {
        Ok(read_manifest(self.storage())?.0)
    }

    /// Changes the manifest as it is now. Of several who do so at once, none undoes what another did: without locks, who
    /// comes second is asked again, about what the first one made of it.
    pub(super) fn change_manifest(
        &self,
        change: impl Fn(&mut Manifest) -> Result<(), StoreError>,
    ) -> Result<Manifest, StoreError> {
        if self.protocol() == Protocol::Names {
            return self.change_by_names(change);
        }
        let _alone = self.locked(MANIFEST_LOCK, Hold::Exclusive, MOMENT)?;
        let mut manifest = self.manifest_now()?;
        change(&mut manifest)?;
        self.storage().replace(&Object { path: MANIFEST.into(), bytes: manifest_yaml(&manifest)? })?;
        Ok(manifest)
    }

    fn change_by_names(
        &self,
        change: impl Fn(&mut Manifest) -> Result<(), StoreError>,
    ) -> Result<Manifest, StoreError> {
        let (mut last, mut in_vain) = (0, 0);
        loop {
            let (now, number) = read_manifest(self.storage())?;
            let mut changed = now.clone();
            change(&mut changed)?;
            if changed == now || changes::add(self.storage(), number + 1, &changed)? {
                return Ok(changed);
            }
            in_vain = if number == last { in_vain + 1 } else { 0 };
            if in_vain > IN_VAIN {
                let what = format!("the storage refuses record {} and does not list it", number + 1);
                return Err(StoreError::Damaged { file: format!("{}/{MANIFEST}", self.name()), what });
            }
            last = number;
            // Of many who are refused together, not all come back together.
            std::thread::sleep(Duration::from_millis(jitter() % (20 << in_vain)));
        }
    }
}

/// A number that is another one for every process and moment.
fn jitter() -> u64 {
    let name = super::attempt::new_attempt_id();
    name.bytes().fold(0, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

/// The plan with further users, and how many they are.
fn extended(known: &[ExpectedUnit], mut more: Vec<ExpectedUnit>, shards: u32) -> (Vec<ExpectedUnit>, u64) {
    let first = known.iter().map(|u| u.position + 1).max().unwrap_or(0);
    let mut places: BTreeMap<String, u64> = BTreeMap::new();
    for unit in &mut more {
        let next = first + places.len() as u64;
        unit.position = *places.entry(unit.user_id.clone()).or_insert(next);
        unit.shard = (unit.position % u64::from(shards)) as u32;
    }
    let users = places.len() as u64;
    (known.iter().cloned().chain(more).collect(), users)
}

/// Counts further users: the run is not complete any more.
fn reopen(manifest: &mut Manifest, users: u64, units: usize, plan_fingerprint: String) {
    manifest.state = RunState::Incomplete;
    manifest.finished_at = None;
    manifest.input.users += users;
    manifest.input.units = units as u64;
    manifest.input.plan_fingerprint = plan_fingerprint;
}
