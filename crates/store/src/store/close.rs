//! A run is closed once every unit has a row in the ledger.

use std::collections::HashSet;

use super::assignment::Assignment;
use super::error::StoreError;
use super::expected::ExpectedUnit;
use super::ledger::LedgerFile;
use super::manifest::{Manifest, Protocol, RunState, now};
use super::plan::{Plan, shards_of};
use super::reading::ReadLock;
use super::run::Run;
use super::storage::table_files;
use super::unit_ledger::ledger_files;
use crate::schema::LEDGER;

impl Run {
    /// Whether it is finished, as of now, by what its manifest says: nothing else is read.
    pub fn state_now(&self) -> Result<RunState, StoreError> {
        Ok(self.manifest_now()?.state)
    }

    /// Closes the run if every unit that belongs into it has a ledger row, which is read; says whether it did.
    pub fn close_if_complete(&self) -> Result<RunState, StoreError> {
        if self.protocol() == Protocol::Names {
            return self.close_if(|manifest| self.is_done(manifest));
        }
        let _reading = ReadLock::take(self.storage());
        let (ledger, _) = ledger_files(self.storage(), &table_files(self.storage(), LEDGER)?);
        let done = units_in(&ledger);
        if !self.own_units()?.all(|u| done.contains(&(u.user_id.as_str(), u.feature_mode.as_str()))) {
            return Ok(RunState::Incomplete);
        }
        let closed = self.change_manifest(|manifest| {
            manifest.state = RunState::Complete;
            manifest.finished_at = Some(now());
            Ok(())
        })?;
        Ok(closed.state)
    }

    /// Closes the run unless it is closed, if so it is done by its manifest as it is now.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn close_if(
        &self,
        is_done: impl Fn(&Manifest) -> Result<bool, StoreError>,
    ) -> Result<RunState, StoreError> {
        let closed = self.change_manifest(|manifest| {
            if manifest.state == RunState::Incomplete && is_done(manifest)? {
                manifest.state = RunState::Complete;
                manifest.finished_at = Some(now());
            }
            Ok(())
        })?;
        Ok(closed.state)
    }

    /// By the plan as it is now, shard by shard, until one is found that is not done.
    fn is_done(&self, manifest: &Manifest) -> Result<bool, StoreError> {
        let mut shards = (0..manifest.shards).map(|index| Assignment { index, of: manifest.shards });
        shards.try_fold(true, |done, shard| Ok(done && self.has_rows_of(shard, manifest)?))
    }

    /// Whether every unit of a share that belongs into this directory has a row in the ledger, by the plan of a manifest.
    /// Reads the plan and the ledger of the shards that the share meets.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn has_rows_of(&self, share: Assignment, manifest: &Manifest) -> Result<bool, StoreError> {
        let plan = Plan::unread(manifest.shards);
        let mut units = plan.of(share, self.storage(), manifest)?;
        units.retain(|unit| manifest.only_shards.is_empty() || manifest.only_shards.contains(&unit.shard));
        for shard in shards_of(share, manifest.shards) {
            if units.iter().all(|unit| unit.shard != shard) {
                continue;
            }
            // A file that goes meanwhile has its rows in another one: then the next who looks closes the run.
            let files = table_files(self.storage(), &format!("{LEDGER}/shard={shard}"))?;
            let (ledger, _) = ledger_files(self.storage(), &files);
            let done = units_in(&ledger);
            let is_done = |u: &ExpectedUnit| done.contains(&(u.user_id.as_str(), u.feature_mode.as_str()));
            if !units.iter().filter(|unit| unit.shard == shard).all(|unit| is_done(unit)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn units_in(ledger: &[LedgerFile]) -> HashSet<(&str, &str)> {
    let rows = ledger.iter().flat_map(|file| &file.rows);
    rows.map(|row| (row.user_id.as_str(), row.feature_mode.as_str())).collect()
}
