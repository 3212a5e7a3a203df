//! Which versions talk to each other: plans mean the same to one version only.

use ballista_core::BALLISTA_VERSION;
use serde::{Deserialize, Serialize};

/// What a program of the cluster says it is, instead of what it is: so that a test can have another one.
const SAID: &str = "RESULTS_CLUSTER_VERSION";

/// Versions of a program of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Versions {
    /// Of results.
    pub(super) results: String,
    /// Of Ballista.
    pub(super) ballista: String,
}

impl Versions {
    /// Those of this program.
    pub(super) fn own() -> Self {
        let results = std::env::var(SAID).unwrap_or_else(|_| env!("CARGO_PKG_VERSION").to_owned());
        Self { results, ballista: BALLISTA_VERSION.to_owned() }
    }

    /// Refuses another program that is of other versions; `who` it is, for people.
    pub(super) fn check(&self, who: &str) -> Result<(), String> {
        let own = Self::own();
        if *self == own {
            return Ok(());
        }
        Err(format!(
            "{who} is results-cluster {} with Ballista {}, this is {} with Ballista {}\n(hint: have one version of \
             results-cluster on all machines)",
            self.results, self.ballista, own.results, own.ballista
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_told() {
        assert_eq!(Versions::own().check("x"), Ok(()));
        let other = Versions { ballista: "56.1.0".into(), ..Versions::own() };
        let told = other.check("the scheduler df://a:1").unwrap_err();
        let own = env!("CARGO_PKG_VERSION");
        let both = format!("with Ballista 56.1.0, this is {own} with Ballista {BALLISTA_VERSION}");
        assert!(
            told.starts_with("the scheduler df://a:1 is results-cluster ") && told.contains(&both),
            "{told}"
        );
    }
}
