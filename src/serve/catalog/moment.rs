//! What a source consists of at one moment.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::identity::identity;
use crate::store::{Entry, LocalStorage, Location, Pinned, ReadLock};

/// What a source consists of at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Moment {
    /// The files of a run's ledger: what is committed later is in none of them.
    Run(Vec<Entry>),
    /// The mark of the files of a merged output.
    Merged(String),
}

impl Moment {
    /// That of a directory now, with what keeps a compaction from removing files of it.
    pub(super) fn now(dir: &Path, is_run: bool) -> Result<(Self, Option<ReadLock>), String> {
        if !is_run {
            return Ok((Self::Merged(identity(dir)?), None));
        }
        let storage = LocalStorage::new(dir);
        // First the lock: what is listed then stays.
        let reading = ReadLock::take(&storage);
        let ledger = Pinned::ledger_now(&storage).map_err(|error| crate::error::chain(&error))?;
        Ok((Self::Run(ledger), Some(reading)))
    }

    /// A name for it that says nothing of it.
    pub(super) fn id(&self, dir: &Path) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(dir.as_os_str().as_encoded_bytes());
        match self {
            Self::Run(ledger) => {
                for entry in ledger {
                    hash.update(entry.path.as_bytes());
                    hash.update(&entry.bytes.to_le_bytes());
                }
            }
            Self::Merged(identity) => {
                hash.update(identity.as_bytes());
            }
        }
        hash.finalize().to_hex()[..32].to_owned()
    }

    /// The directory as it was then, for those who read it.
    pub(crate) fn of(&self, dir: &Path) -> Location {
        match self {
            Self::Run(ledger) => Location::Pinned(dir.to_owned(), ledger.clone().into()),
            Self::Merged(_) => Location::Folder(dir.to_owned()),
        }
    }
}
