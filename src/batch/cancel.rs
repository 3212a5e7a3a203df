//! The jobs of a run are ended.

use super::error::BatchError;
use super::heard::live;
use super::load::Engines;
use super::record::submissions;
use crate::store::Run;

/// What was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cancelled {
    /// The jobs that were still there, by the scheduler's name and id.
    pub jobs: Vec<String>,
}

/// Ends all jobs of a run that its scheduler still has.
///
/// # Errors
/// It was never submitted; the scheduler does not answer, or does not end them.
pub(crate) fn cancel(run: &Run, engines: Engines<'_>) -> Result<Cancelled, BatchError> {
    let Some(submission) = submissions(run)?.pop() else {
        return Err(BatchError::NotSubmitted { run: run.name() });
    };
    let engine = engines.get(&submission.engine)?;
    engine.is_installed()?;
    let title = engine.title.clone();
    let states =
        engine.states(&submission).map_err(|says| BatchError::NoAnswer { title: title.clone(), says })?;
    let live = live(&submission, &states);
    if !live.is_empty() {
        // The merge first: it begins when the others have ended.
        let last_first: Vec<String> = live.iter().rev().cloned().collect();
        engine.end(&last_first).map_err(|says| BatchError::NotCancelled { title: title.clone(), says })?;
    }
    Ok(Cancelled { jobs: live.into_iter().map(|id| format!("{title} job {id}")).collect() })
}
