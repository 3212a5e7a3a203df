//! The tables of a merge, and the session that asks them.

use super::error::MergeError;
use super::survey::Survey;
use crate::attempts::OpenRun;
use crate::sql::{Definitions, Session};
use crate::tables::SortedTables;

/// The tables of a merge.
pub(super) struct Tables {
    pub(super) session: Session,
    pub(super) sorted: SortedTables,
}

impl Tables {
    /// Those of the attempts that count.
    pub(super) async fn new(
        runs: &[OpenRun],
        survey: &Survey,
        memory: Option<u64>,
        definitions: Definitions<'_>,
    ) -> Result<Self, MergeError> {
        let sorted = SortedTables::new(runs, &survey.files, &survey.attempts, definitions.schemas)?;
        let (session, _) = Session::of_sorted(&sorted, runs, memory, definitions)?;
        // Asked for by every table with a group test.
        if !runs.is_empty() {
            session.keep("group_tests").await?;
        }
        Ok(Self { session, sorted })
    }
}
