//! The record of a division of the users among workers.

use serde::{Deserialize, Serialize};

use super::names::Lease;
use crate::yaml::from_yaml;

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
    use crate::store::Assignment;

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
