//! What a scheduler said of a submission.

use super::error::BatchError;
use super::load::Engines;
use super::record::{Submission, submissions};
use super::scheduler::States;
use crate::store::Run;

/// What came of a question.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) title: String,
    /// When, RFC 3339.
    pub(super) at: String,
    pub(super) heard: Result<States, String>,
}

/// Asks about a submission.
pub(super) fn asked_about(submission: &Submission, engines: Engines<'_>) -> Asked {
    let at = chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
    match engines.get(&submission.engine) {
        Ok(engine) => Asked { title: engine.title.clone(), at, heard: engine.states(submission) },
        Err(error) => Asked { title: submission.engine.clone(), at, heard: Err(error.to_string()) },
    }
}

/// The jobs of a run that a scheduler still has. Only the last submission can have any: nothing is submitted before all
/// others are over.
///
/// # Errors
/// Records cannot be read, or a scheduler does not answer.
pub(super) fn live_jobs(run: &Run, engines: Engines<'_>) -> Result<Vec<String>, BatchError> {
    let Some(submission) = submissions(run)?.pop() else { return Ok(Vec::new()) };
    let Asked { title, heard, .. } = asked_about(&submission, engines);
    let states = heard.map_err(|says| BatchError::NoAnswer { title: title.clone(), says })?;
    Ok(live(&submission, &states).into_iter().map(|id| format!("{title} job {id}")).collect())
}

/// The ids of the jobs that are not over.
pub(super) fn live(submission: &Submission, states: &States) -> Vec<String> {
    let is_live = |job: &String| states.iter().any(|((of, _), state)| of == job && state.word.is_live());
    submission.jobs().filter(|(_, job)| is_live(job)).map(|(id, _)| id.clone()).collect()
}
