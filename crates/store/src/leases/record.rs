//! The record of a division of the users among workers.

use serde::{Deserialize, Serialize};

use super::names::{Lease, division_file};
use crate::store::{Created, Object, Storage, StorageError};
use crate::yaml::from_yaml;

/// Divides the users of a new run, unless somebody has: its workers would all ask for that at once, which object stores
/// answer late.
///
/// # Errors
/// The store does not answer.
pub fn divide(storage: &dyn Storage, of: u32) -> Result<(), StorageError> {
    let path = division_file(1);
    if storage.size(&path)?.is_none() {
        let bytes = Division::after(of, std::iter::empty()).to_yaml();
        let _existed: Created = storage.create(&Object { path, bytes })?;
    }
    Ok(())
}

/// `_leases/<e>.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Division {
    /// How many workers.
    pub(super) of: u32,
    /// The leases of the division before that had not ended and whose holders were taken for dead, as in `0of4f7`. Any
    /// other was taken after its maker had looked, and is in the way until it ends.
    #[serde(default)]
    pub(super) dead: Vec<String>,
}

impl Division {
    /// The one that follows those leases.
    pub(super) fn after(of: u32, dead: impl Iterator<Item = Lease>) -> Self {
        Self { of, dead: dead.map(|lease| lease.to_string()).collect() }
    }

    /// Whether its maker took the holder for dead.
    pub(super) fn buried(&self, lease: Lease) -> bool {
        self.dead.contains(&lease.to_string())
    }

    pub(super) fn to_yaml(&self) -> Vec<u8> {
        let dead = self.dead.join(", ");
        format!("of: {}\ndead: [{dead}]\n", self.of).into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        from_yaml(&String::from_utf8_lossy(bytes)).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Assignment, MemoryStorage};

    #[test]
    fn a_run_is_divided_once() {
        let storage = MemoryStorage::new();
        for of in [4, 7] {
            divide(&storage, of).unwrap();
            assert_eq!(storage.read("_leases/1.yaml").unwrap().as_deref(), Some(&b"of: 4\ndead: []\n"[..]));
        }
    }

    #[test]
    fn records_are_read_back() {
        let lease = |number| Lease { division: 1, share: Assignment { index: 0, of: 4 }, number };
        let division = Division::after(4, [lease(7), lease(8)].into_iter());
        assert_eq!(Division::parse(&division.to_yaml()), Ok(division.clone()));
        assert!(division.buried(lease(7)) && !division.buried(lease(9)));
        assert_eq!(Division::parse(b"of: 4\n"), Ok(Division { of: 4, dead: Vec::new() }));
        assert!(Division::parse(b"of: x").is_err());
    }
}
