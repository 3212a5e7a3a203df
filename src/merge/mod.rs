//! From shards to one table: same experiment? duplicates? complete? correct, check, export.

mod about;
mod accepted;
mod calls;
mod control;
mod division;
mod error;
mod examine;
mod explain;
mod finding;
mod outcome;
mod output;
mod parts;
mod place;
mod request;
mod runner;
mod same;
mod size;
mod stage;
mod survey;
mod table;
mod tables;

use crate::attempts::{OpenRun, Precedence};
use crate::legacy::Call;
use crate::schema::CONTROL;
use crate::sources::Opened;
use crate::system;
use about::About;
use parts::Divided;
use survey::{Seen, Survey, survey_with};
use tables::Tables;

pub use accepted::{AcceptSkipped, NotSkipped};
pub use calls::ChangedCall;
pub use division::Division;
pub use error::MergeError;
pub use examine::{Examined, examine};
pub use explain::{Explained, MANY, Requests};
pub use finding::{Conflict, Gap, Kept, Kind};
pub use outcome::{MergeOutcome, Merged, Reach, Written};
pub use place::is_free_for;
pub use request::{Merge, OnConflict};
pub use runner::PartRunner;
pub use size::Size;
pub use stage::{Parts, Stage};

/// Has files of runs far away copied, as long as that takes a quarter of the disk: sorts may have half of what is left.
fn bring_once(runs: &[OpenRun]) {
    let free = system::free_disk(&std::env::temp_dir()).unwrap_or(0);
    for run in runs {
        run.run.storage().bring_once(free / 4 / runs.len() as u64);
    }
}

impl Merge<'_> {
    /// Does the merge, or one of its parts. An output directory is whole or absent.
    pub async fn run(&self) -> Result<Merged, MergeError> {
        if !self.is_divided() {
            place::check(&self.output)?;
        }
        let Opened { runs, legacy, calls, folder: _folder, .. } = self.open()?;
        same::same_experiment(&runs)?;
        if self.is_alone() {
            bring_once(&runs);
        }
        let divided = if self.is_divided() { Some(Divided::open(self, &runs)?) } else { None };
        let mut merged = Merged {
            outcome: MergeOutcome::PartDone,
            units: 0,
            units_ok: 0,
            duplicates: 0,
            notes: Vec::new(),
            all_legacy: runs.iter().all(|run| run.is_imported),
            legacy,
        };
        let verify = |first: &mut Seen| {
            (self.told)(explain::size_of(self, &runs, &first.found));
            match &divided {
                None => Ok(first.found.files.verify(&runs, self.definitions.schemas)),
                Some(divided) => divided.damage(first),
            }
        };
        let seen = divided.as_ref().and_then(Divided::seen);
        let mut survey = survey_with(&runs, self.precedence(), self.definitions.schemas, seen, verify)?;
        let outcome = self.outcome(&runs, &calls, &mut survey, divided.as_ref()).await;
        if let Some(divided) = &divided {
            divided.ended(&outcome)?;
        }
        merged.outcome = outcome?;
        (merged.units, merged.units_ok) = (survey.units, survey.units_ok);
        merged.duplicates = survey.duplicates;
        merged.notes = std::mem::take(&mut survey.notes);
        merged.notes.extend(divided.into_iter().flat_map(Divided::into_notes));
        Ok(merged)
    }

    /// What comes of what plan, ledger and files say.
    async fn outcome(
        &self,
        runs: &[OpenRun],
        calls: &[(String, Call)],
        survey: &mut Survey,
        divided: Option<&Divided<'_>>,
    ) -> Result<MergeOutcome, MergeError> {
        self.judge(survey, runs)?;
        let control = match &self.control {
            Some(place) => Some(control::rows(place, runs, self.allow_partial, self.definitions).await?),
            None => None,
        };
        if let Some(refused) = self.refused(survey) {
            return Ok(refused);
        }
        let about = About { runs, survey, calls, control };
        match divided {
            None => self.write(about).await,
            Some(divided) => divided.carry_out(&about).await,
        }
    }

    /// Refuses what can be refused without going through plan and ledger: a place that is taken, parts of another merge,
    /// more parts than users. Nothing is made, unless all parts are to be done.
    ///
    /// # Errors
    /// It would be refused, or the runs cannot be read.
    pub fn is_possible(&self) -> Result<(), MergeError> {
        if !self.parts.are_several() {
            return place::check(&self.output);
        }
        let Opened { runs, folder: _folder, .. } = self.open()?;
        same::same_experiment(&runs)?;
        Divided::open(self, &runs).map(|_| ())
    }

    /// Which of two attempts that are as good counts.
    fn precedence(&self) -> Precedence {
        if self.on_conflict == OnConflict::First { Precedence::First } else { Precedence::Latest }
    }

    /// What is missing besides, and what of it is accepted.
    fn judge(&self, survey: &mut Survey, runs: &[OpenRun]) -> Result<(), MergeError> {
        if let Some(users) = &self.expected {
            survey.expect(users, runs)?;
        }
        if let Some(accept) = &self.accept_skipped {
            survey.accepted = accept.take(&mut survey.gaps)?;
        } else if runs.iter().any(|run| run.run.manifest().control.is_some()) {
            survey.accepted = accepted::of_control(&mut survey.gaps);
        }
        Ok(())
    }

    /// Writes all of it at once.
    async fn write(&self, about: About<'_>) -> Result<MergeOutcome, MergeError> {
        let About { runs, survey, calls, control } = about;
        let tables = Tables::new(runs, survey, self.memory, self.definitions).await?;
        if let Some(rows) = control {
            tables.session.batch(CONTROL, rows)?;
        }
        output::Output { merge: self, tables: &tables, runs, survey, calls, parts: None }.write().await
    }

    /// Why nothing is written, as far as plan and ledger tell.
    fn refused(&self, survey: &mut Survey) -> Option<MergeOutcome> {
        if !survey.gaps.is_empty() && !self.allow_partial {
            return Some(MergeOutcome::Incomplete(std::mem::take(&mut survey.gaps)));
        }
        let conflicts = std::mem::take(&mut survey.conflicts);
        let is_refused = !conflicts.is_empty() && self.on_conflict == OnConflict::Stop;
        is_refused.then(|| MergeOutcome::Conflicting(conflicts.into_iter().collect()))
    }
}
