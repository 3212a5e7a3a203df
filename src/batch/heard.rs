//! What a scheduler said of a submission.

use super::error::BatchError;
use super::load::Engines;
use super::record::{Submission, submissions, task_name};
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

/// What a scheduler says of the last submission of a run. No other one can have a job: nothing is submitted before all
/// others are over.
pub(super) struct Last {
    submission: Submission,
    title: String,
    states: States,
}

/// Asks about the last submission of a run, if there is one.
///
/// # Errors
/// Records cannot be read, or a scheduler does not answer.
pub(super) fn last(run: &Run, engines: Engines<'_>) -> Result<Option<Last>, BatchError> {
    let Some(submission) = submissions(run)?.pop() else { return Ok(None) };
    let Asked { title, heard, .. } = asked_about(&submission, engines);
    let states = heard.map_err(|says| BatchError::NoAnswer { title: title.clone(), says })?;
    Ok(Some(Last { submission, title, states }))
}

impl Last {
    /// The jobs that are not over.
    pub(super) fn live(&self) -> Vec<String> {
        live(&self.submission, &self.states)
            .into_iter()
            .map(|id| format!("{} job {id}", self.title))
            .collect()
    }

    /// Whether the scheduler says of a task, by the name that its workers have, that it is over. One that it has forgotten
    /// may be another scheduler's.
    pub(super) fn is_over(&self, name: &str) -> bool {
        let folder = self.submission.folder();
        let is_it = |task: &usize| task_name(&folder, &task.to_string()) == name;
        let Some(task) = (0..self.submission.tasks.len()).find(is_it) else { return false };
        let Some((job, index)) = self.submission.job_of(task) else { return false };
        let of_job = |index| self.states.get(&(job.known_as.clone(), index));
        of_job(index).or_else(|| of_job(None)).is_some_and(|state| !state.word.is_live())
    }
}

/// The ids of the jobs that are not over.
pub(super) fn live(submission: &Submission, states: &States) -> Vec<String> {
    let is_live = |job: &String| states.iter().any(|((of, _), state)| of == job && state.word.is_live());
    submission.jobs().filter(|(_, job)| is_live(job)).map(|(id, _)| id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::record::Job;
    use crate::batch::scheduler::State;
    use crate::batch::word::Word;

    #[test]
    fn a_task_is_over_when_its_own_scheduler_says_so() {
        let tasks = (0..4).map(|shard| vec![shard]).collect();
        let mut submission = Submission::new(2, "own", "results-run".into(), (tasks, 4));
        let job = |id: &str, first_task, tasks, first_index| Job {
            id: id.into(),
            known_as: id.into(),
            first_task,
            tasks,
            first_index,
        };
        submission.jobs = vec![job("7", 0, 3, Some(1)), job("8", 3, 1, None)];
        let state = |word| State { word, why: None, node: None, start: None, restarts: 0, name: None };
        let said =
            [(("7", Some(1)), Word::Failed), (("7", Some(2)), Word::Running), (("8", None), Word::NodeLost)];
        let states = said.map(|((job, task), word)| ((job.to_owned(), task), state(word))).into();
        let last = Last { submission, title: "Own".into(), states };
        let over = |task: &str, folder: &str| last.is_over(&task_name(folder, task));
        assert!(over("0", "_submit/0002") && over("3", "_submit/0002"));
        // At work, forgotten, of no task, of another submission.
        assert!(!over("1", "_submit/0002") && !over("2", "_submit/0002") && !over("4", "_submit/0002"));
        assert!(!over("0", "_submit/0001") && !last.is_over("job 7"));
        assert_eq!(last.live(), ["Own job 7"]);
    }
}
