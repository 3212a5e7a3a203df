//! How a merge ended.

use std::collections::BTreeMap;

use super::calls::ChangedCall;
use super::finding::{Conflict, Gap, Kept, Kind};
use crate::check::CheckResult;
use crate::legacy::Finding;
use crate::sql::ControlRow;
use crate::store::{Location, MergeManifest};

/// A merge that was carried out.
#[derive(Debug)]
#[must_use]
pub struct Merged {
    /// How it ended.
    pub outcome: MergeOutcome,
    /// Units of the plans.
    pub units: u64,
    /// Those that are ok, and whose files are whole.
    pub units_ok: u64,
    /// Attempts of units that have another one.
    pub duplicates: u64,
    /// What is worth knowing and keeps nothing from being complete.
    pub notes: Vec<String>,
    /// What was noticed while the predecessor's directories were read.
    pub legacy: Vec<Finding>,
    /// Whether all directories are the predecessor's.
    pub all_legacy: bool,
}

impl Merged {
    /// What to do about findings of a kind.
    pub fn remedy(&self, kind: Kind) -> &'static str {
        if self.all_legacy { kind.remedy_of_predecessor() } else { kind.remedy() }
    }
}

/// How a merge ended.
#[derive(Debug)]
#[must_use]
pub enum MergeOutcome {
    /// The output is there.
    Written(Box<Written>),
    /// Units are missing; nothing was written.
    Incomplete(Vec<Gap>),
    /// Attempts have several rows of one key; nothing was written.
    Repeated(Kept<Gap>),
    /// Duplicates differ; nothing was written.
    Conflicting(Kept<Conflict>),
    /// A part was done; nothing was written into its place.
    PartDone,
    /// Checks found something; nothing was written.
    Wrong(Vec<CheckResult>),
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// Where.
    pub place: Location,
    /// Its manifest.
    pub manifest: MergeManifest,
    /// What is missing in a partial output.
    pub gaps: Vec<Gap>,
    /// Checks that were run and passed.
    pub checks: usize,
    /// Significance calls of the predecessor that change.
    pub changed: Vec<ChangedCall>,
    /// What pairs of strangers say about the tests; empty without a control.
    pub control: Vec<ControlRow>,
    /// How many tests could have been called at all.
    pub reach: Reach,
}

/// How many tests could have been called at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Tests with a p.
    pub tests: u64,
    /// Those whose smallest possible p is above alpha.
    pub out_of_reach: u64,
    /// Tests that have no p, by the reason.
    pub without_p: BTreeMap<String, u64>,
}
