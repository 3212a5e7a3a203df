//! Of which merge parts are.

use serde::{Deserialize, Serialize};

use crate::attempts::OpenRun;
use crate::merge::error::MergeError;
use crate::merge::request::Merge;
use crate::schema::LEDGER;
use crate::store::{Location, StoreError, checksum, table_files};

/// What parts must have in common to be put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    version: String,
    parts: u32,
    runs: Vec<String>,
    /// Hash of which files the ledgers had, and of the plans.
    snapshot: String,
    /// Hash of what was asked for.
    asked: String,
}

impl Identity {
    /// Of a merge of runs as they are now.
    pub(super) fn of(merge: &Merge<'_>, runs: &[OpenRun]) -> Result<Self, MergeError> {
        let mut seen = String::new();
        for run in runs {
            seen.push_str(&run.run.manifest().input.plan_fingerprint);
            for file in table_files(run.run.storage(), LEDGER).map_err(StoreError::from)? {
                seen.push_str(&format!("\n{} {}", file.bytes, file.path));
            }
        }
        let asked = (
            (merge.allow_partial, &merge.accept_skipped, merge.on_conflict),
            (&merge.formats, &merge.only, &merge.expected),
            (merge.control.as_ref().map(Location::full_name), merge.definitions.schemas.own()),
        );
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            parts: merge.parts.count,
            runs: runs.iter().map(|run| run.run.manifest().run_id.clone()).collect(),
            snapshot: checksum(seen.as_bytes()),
            asked: checksum(format!("{asked:?}").as_bytes()),
        })
    }

    /// Identities of the runs.
    pub(super) fn into_runs(self) -> Vec<String> {
        self.runs
    }

    /// In what another one differs, in words; none if it is of the same merge.
    pub(super) fn difference(&self, there: &Self) -> Option<String> {
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        let differ = |what: &str, there: &str, here: &str| {
            (there != here).then(|| format!("{what} there {there}, here {here}"))
        };
        let parts = |n: u32| n.to_string();
        differ("version of the program", &there.version, &self.version)
            .or_else(|| differ("number of parts", &parts(there.parts), &parts(self.parts)))
            .or_else(|| differ("runs", &there.runs.join(", "), &self.runs.join(", ")))
            .or_else(|| differ("files of the ledger", &short(&there.snapshot), &short(&self.snapshot)))
            .or_else(|| differ("what was asked for", &short(&there.asked), &short(&self.asked)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_told() {
        let one = Identity {
            version: "1".into(),
            parts: 8,
            runs: vec!["a".into()],
            snapshot: "0123456789abcdef".into(),
            asked: "x".into(),
        };
        assert_eq!(one.difference(&one.clone()), None);
        let other = |change: fn(&mut Identity)| {
            let mut there = one.clone();
            change(&mut there);
            one.difference(&there).unwrap()
        };
        assert_eq!(other(|there| there.parts = 7), "number of parts there 7, here 8");
        assert_eq!(other(|there| there.version = "2".into()), "version of the program there 2, here 1");
        assert_eq!(other(|there| there.runs.push("b".into())), "runs there a, b, here a");
        let snapshot = other(|there| there.snapshot = "f".into());
        assert_eq!(snapshot, "files of the ledger there f, here 0123456789ab");
        assert!(other(|there| there.asked = "y".into()).starts_with("what was asked for"));
    }
}
