//! What a source consists of at one moment.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::identity::identity;
use super::place::place;
use crate::serve::access::{Ended, Ending};
use crate::store::{Entry, Location, Pinned, ReadLock, StoreError};

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
    pub(super) fn now(dir: &Path, is_run: bool) -> Result<(Self, Option<ReadLock>), Ended> {
        if !is_run {
            return Ok((Self::Merged(identity(dir)?), None));
        }
        let damaged = |error: StoreError| Ended::new(Ending::SourceDamaged, crate::error::chain(&error));
        let storage = place(dir).storage().map_err(damaged)?;
        // First the lock: what is listed then stays.
        let reading = ReadLock::take(&*storage);
        let ledger = Pinned::ledger_now(&*storage).map_err(damaged)?;
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
            Self::Run(ledger) => place(dir).pinned(ledger.clone().into()),
            Self::Merged(_) => place(dir),
        }
    }
}
