//! From shards to one table: same experiment? duplicates? complete? correct, check, export.

mod accepted;
mod calls;
mod control;
mod error;
mod examine;
mod finding;
mod outcome;
mod output;
mod place;
mod request;
mod same;
mod survey;
mod tables;

use arrow::record_batch::RecordBatch;

use crate::attempts::{OpenRun, Precedence};
use crate::export::is_free;
use crate::legacy::Call;
use crate::schema::CONTROL;
use crate::sources::Opened;
use survey::Survey;
use tables::Tables;

pub use accepted::{AcceptSkipped, NotSkipped};
pub use calls::ChangedCall;
pub use error::MergeError;
pub use examine::{Examined, examine};
pub use finding::{Conflict, Gap, Kept, Kind};
pub use outcome::{MergeOutcome, Merged, Reach, Written};
pub use request::{Merge, OnConflict};

impl Merge<'_> {
    /// Does the merge. An output directory is whole or absent.
    pub async fn run(&self) -> Result<Merged, MergeError> {
        if !is_free(&self.output) {
            return Err(MergeError::OutputExists(self.output.clone()));
        }
        let Opened { runs, legacy, calls, folder: _folder, .. } = self.open()?;
        same::same_experiment(&runs)?;
        let precedence =
            if self.on_conflict == OnConflict::First { Precedence::First } else { Precedence::Latest };
        let mut survey = survey::survey(&runs, precedence, self.definitions.schemas)?;
        if let Some(users) = &self.expected {
            survey.expect(users, &runs)?;
        }
        if let Some(accept) = &self.accept_skipped {
            survey.accepted = accept.take(&mut survey.gaps)?;
        } else if runs.iter().any(|run| run.run.manifest().control.is_some()) {
            survey.accepted = accepted::of_control(&mut survey.gaps);
        }
        let control = match &self.control {
            Some(dir) => Some(control::rows(dir, &runs, self.allow_partial, self.definitions).await?),
            None => None,
        };
        let (units, units_ok, duplicates) = (survey.units, survey.units_ok, survey.duplicates);
        let notes = std::mem::take(&mut survey.notes);
        let outcome = self.write(&runs, &mut survey, &calls, control).await?;
        let all_legacy = runs.iter().all(|run| run.is_imported);
        Ok(Merged { outcome, units, units_ok, duplicates, notes, legacy, all_legacy })
    }

    async fn write(
        &self,
        runs: &[OpenRun],
        survey: &mut Survey,
        calls: &[(String, Call)],
        control: Option<RecordBatch>,
    ) -> Result<MergeOutcome, MergeError> {
        if !survey.gaps.is_empty() && !self.allow_partial {
            return Ok(MergeOutcome::Incomplete(std::mem::take(&mut survey.gaps)));
        }
        let conflicts = std::mem::take(&mut survey.conflicts);
        if !conflicts.is_empty() && self.on_conflict == OnConflict::Stop {
            return Ok(MergeOutcome::Conflicting(conflicts.into_iter().collect()));
        }
        let tables = Tables::new(runs, survey, self.memory, self.definitions).await?;
        if let Some(rows) = control {
            tables.session.batch(CONTROL, rows)?;
        }
        output::Output { merge: self, tables: &tables, runs, survey, calls }.write().await
    }
}
