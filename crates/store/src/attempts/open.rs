//! A run that is being read, and its ledger.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::damage::Damage;
use super::index::Index;
use super::ledger::Ledger;
use crate::store::{Location, ReadLock, Run, StoreError};

/// A run and its ledger.
#[derive(Debug)]
pub struct OpenRun {
    /// Name for people and for the column `run`: the directory's.
    pub name: String,
    /// The run.
    pub run: Run,
    /// Where people know it to be.
    pub place: Location,
    /// Whether it was a directory of the predecessor.
    pub is_imported: bool,
    /// Data files that are known to be damaged, which the index leaves out.
    damage: Damage,
    ledger: OnceLock<Ledger>,
    index: OnceLock<Index>,
    /// Its files stay where they are as long as this is open.
    reading: Arc<ReadLock>,
}

impl OpenRun {
    /// A run by the name of its directory.
    pub fn new(run: Run) -> Self {
        let name = run.location().short_name();
        let reading = Arc::new(ReadLock::take(run.storage()));
        let place = run.location().clone();
        Self {
            name,
            place,
            is_imported: false,
            run,
            damage: Damage::default(),
            ledger: OnceLock::new(),
            index: OnceLock::new(),
            reading,
        }
    }

    /// A directory of the predecessor that has become a run somewhere else.
    pub fn imported(run: Run, from: &Path) -> Self {
        Self { place: from.into(), is_imported: true, ..Self::new(run) }
    }

    /// Leaves damaged files out of the index: readers of tables answer for the others.
    pub fn leave_out(&mut self, damage: Damage) {
        self.damage = damage;
        self.index = OnceLock::new();
    }

    /// What is left out of the index.
    pub fn damage(&self) -> &Damage {
        &self.damage
    }

    /// What keeps its files where they are.
    pub fn reading(&self) -> Arc<ReadLock> {
        Arc::clone(&self.reading)
    }

    /// Its data files and repeated attempts, as they were when they were first asked for.
    pub fn index(&self) -> Result<&Index, StoreError> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let mut index = Index::read(self.run.storage())?;
        index.files.retain(|file| !self.damage.has(0, &file.path));
        Ok(self.index.get_or_init(|| index))
    }

    /// Its ledger, as it was when it was first asked for.
    pub fn ledger(&self) -> Result<&Ledger, StoreError> {
        if let Some(ledger) = self.ledger.get() {
            return Ok(ledger);
        }
        let ledger = Ledger::read(self.run.storage())?;
        Ok(self.ledger.get_or_init(|| ledger))
    }
}
