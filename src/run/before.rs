//! A share of a run without locks is looked at before it is taken: where nothing is left to do, nobody has to have it.
//!
//! That asks the store for little: the plan and the ledger of the share, the files that the ledger names, and, as long as
//! the run is not finished, which leases there are. Nothing is written. Whoever finds work takes the share, and looks then
//! whether the ledger is still the one that was read.

use std::collections::HashSet;

use super::jobs::{Jobs, Wanted};
use super::problem::Problem;
use super::said::still_says;
use crate::attempts::Ledger;
use crate::event::Counts;
use crate::leases::{Listed, listed};
use crate::store::{Assignment, Entry, Protocol, Run, RunState, StoreError};

/// What was seen of a share.
pub(super) enum Before {
    /// Nothing that would be of use once it is taken.
    Nothing,
    /// There is work, or something to clear away.
    Work(Seen),
    /// Nothing is left to do.
    Idle(Counts, Idle),
}

/// A share that nobody has to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idle {
    /// The leases of the run by which that is so; none if it is finished.
    pub(super) leases: Vec<Listed>,
    /// The first of its units that did not end `ok`.
    pub(super) problems: Vec<Problem>,
}

/// By which files of its ledger a share is known, and what they say.
pub(super) struct Seen {
    pub(super) files: Vec<Entry>,
    known: Known,
}

enum Known {
    Ledger(Ledger),
    Jobs(Jobs),
}

impl Seen {
    /// What there is to do, if the ledger is as it was.
    pub(super) fn jobs(self, wanted: &Wanted<'_>) -> Result<Jobs, StoreError> {
        match self.known {
            Known::Ledger(ledger) => wanted.jobs(Some(ledger)),
            Known::Jobs(jobs) => Ok(jobs),
        }
    }
}

/// Looks at a share.
///
/// # Errors
/// The run cannot be read.
pub(super) fn look(wanted: &Wanted<'_>) -> Result<Before, StoreError> {
    let (run, share) = (wanted.run, wanted.share);
    if run.protocol() == Protocol::Locks {
        return Ok(Before::Nothing);
    }
    let (ledger, files) = Ledger::with_files(run, share)?;
    if !ledger.corrupt.is_empty() {
        // Whoever has the share moves them away.
        return Ok(Before::Nothing);
    }
    if !has_all(&ledger, run, share)? {
        return Ok(Before::Work(Seen { files, known: Known::Ledger(ledger) }));
    }
    let jobs = wanted.jobs(Some(ledger))?;
    let leases = if jobs.is_empty() { leases_if_idle(run, share)? } else { None };
    Ok(match leases {
        Some(leases) => Before::Idle(jobs.counts, Idle { leases, problems: jobs.problems }),
        None => Before::Work(Seen { files, known: Known::Jobs(jobs) }),
    })
}

/// Whether the ledger has a row of each unit: else there is work, and inputs and files are looked at by who has the share.
fn has_all(ledger: &Ledger, run: &Run, share: Assignment) -> Result<bool, StoreError> {
    let done: HashSet<(&str, &str)> =
        ledger.rows.iter().map(|row| (row.user_id.as_str(), row.feature_mode.as_str())).collect();
    let units = run.expected_of(share)?;
    Ok(units.iter().all(|unit| done.contains(&(unit.user_id.as_str(), unit.feature_mode.as_str()))))
}

/// The leases of a run if nobody has to say or to clear away anything of a share of which all is done. Whoever finished the run saw that
/// all leases had ended; in any other, one that has not belongs to somebody who is at work, or who died and may have left
/// something.
fn leases_if_idle(run: &Run, share: Assignment) -> Result<Option<Vec<Listed>>, StoreError> {
    if run.manifest().state == RunState::Complete {
        return Ok(Some(Vec::new()));
    }
    let leases = listed(run.storage())?;
    Ok(still_says(run, share, &leases)?.then_some(leases))
}
