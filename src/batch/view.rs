//! The tasks of a submission beside the run's own view of its shards.

use std::path::Path;

use serde::Serialize;

use super::engine::Engine;
use super::heard::Asked;
use super::record::{Job, MergeStages, StageJob, Submission};
use super::scheduler::{State, States};
use super::word::Word;
use super::work::stem_of;
use crate::run::RunStatus;
use crate::store::{Assignment, Location, MERGE_MANIFEST, Run};

/// Logs that are looked at: of a whole array that failed, the first say enough.
const LOGS: usize = 50;

/// Where the tasks of a submission stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct BatchView {
    /// The engine.
    pub engine: String,
    /// The scheduler, for people.
    pub title: String,
    /// Number of the submission in the run.
    pub submission: u32,
    /// When the scheduler was asked, RFC 3339.
    pub asked_at: String,
    /// Whether it was asked just now, and not some seconds ago.
    #[serde(skip)]
    pub is_new: bool,
    /// Why it did not answer, if it did not.
    pub no_answer: Option<String>,
    /// Number of shards that the tasks divide the users into.
    pub of: u32,
    /// Each task.
    pub tasks: Vec<TaskView>,
    /// The job that merges.
    pub merge: Option<JobView>,
    /// The jobs that merge in parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_parts: Option<MergeView>,
}

/// Where a merge in parts stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MergeView {
    /// Where it writes.
    pub output: String,
    /// How many parts.
    pub parts: u32,
    /// Whether the output is there.
    pub is_done: bool,
    /// Each part of each stage, in order.
    pub stages: Vec<PartView>,
}

/// Where a part of a stage stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PartView {
    /// The stage by its name.
    pub stage: String,
    /// The part; none if one does it for all.
    pub part: Option<usize>,
    /// Its job.
    #[serde(flatten)]
    pub job: JobView,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TaskView {
    /// Its shards.
    pub shards: Vec<u32>,
    /// Whether they have work left, by the run.
    pub work_left: bool,
    /// Its job.
    #[serde(flatten)]
    pub job: JobView,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct JobView {
    /// As the scheduler names it.
    pub id: String,
    /// Its state; none if the scheduler does not know it any more, or did not answer.
    pub state: Option<Word>,
    /// Why.
    pub why: Option<String>,
    /// The node.
    pub node: Option<String>,
    /// Seconds until it starts, as far as it was told.
    pub starts_in_seconds: Option<i64>,
    /// How often it was put back.
    pub restarts: u64,
    /// Its log in the run, or with its full path beside it, unless it is known that there is none.
    pub log: Option<String>,
}

impl JobView {
    /// Its log with its full name, of a run of that name.
    pub(crate) fn full_log(&self, run: &str) -> Option<String> {
        let log = self.log.as_ref()?;
        Some(if Path::new(log).is_absolute() { log.clone() } else { format!("{run}/{log}") })
    }
}

impl BatchView {
    pub(super) fn of(
        run: &Run,
        status: &RunStatus,
        submission: &Submission,
        asked: &Asked,
        engine: Option<&Engine>,
    ) -> Self {
        let folder = submission.folder();
        let folder = submission.files.as_ref().map_or(folder.clone(), |files| format!("{files}/{folder}"));
        let heard = Heard { states: asked.heard.as_ref().ok(), folder: &folder };
        let mut tasks = Vec::with_capacity(submission.tasks.len());
        for (at, job) in submission.jobs.iter().enumerate() {
            let shards = submission.tasks.iter().skip(job.first_task).take(job.tasks);
            let stem = (at + 1).to_string();
            tasks.extend(shards.zip(0..).map(|(shards, offset)| TaskView {
                work_left: has_work(status, shards, submission.of),
                shards: shards.clone(),
                job: heard.of_task(job, offset, &stem),
            }));
        }
        let merge = submission.merge.as_ref().map(|merge| {
            let log = format!("{folder}/merge.out");
            JobView::of(merge.known_as.clone(), heard.find(&merge.known_as, None), log)
        });
        let merge_parts = submission.stages.as_ref().map(|stages| MergeView::of(stages, &heard));
        let mut view = Self {
            engine: submission.engine.clone(),
            title: asked.title.clone(),
            submission: submission.number,
            asked_at: asked.at.clone(),
            is_new: true,
            no_answer: asked.heard.as_ref().err().cloned(),
            of: submission.of,
            tasks,
            merge,
            merge_parts,
        };
        // Scripts and logs that lie beside the run are not seen from everywhere.
        let is_seen = submission.files.as_ref().is_none_or(|files| Path::new(files).is_dir());
        if let Some(engine) = engine.filter(|_| is_seen) {
            view.read_logs(run, engine);
        }
        view
    }

    /// Whether the scheduler still has a task of it.
    pub(crate) fn is_live(&self) -> bool {
        self.tasks.iter().any(|task| task.job.state.is_some_and(Word::is_live))
    }

    /// Whether something of it goes on by itself.
    pub(crate) fn goes_on(&self) -> bool {
        let parts = self.merge_parts.iter().flat_map(|merge| &merge.stages).map(|part| &part.job);
        let jobs = self.tasks.iter().map(|task| &task.job).chain(&self.merge).chain(parts);
        jobs.filter_map(|job| job.state).any(Word::goes_on)
    }

    /// The task that has a shard of the run, which has so many.
    pub(crate) fn task_of(&self, shard: u32, of: u32) -> Option<&TaskView> {
        let run = Assignment { index: shard, of };
        let meets =
            |task: &&TaskView| task.shards.iter().any(|&index| Assignment { index, of: self.of }.meets(run));
        self.tasks
            .iter()
            .filter(meets)
            .min_by_key(|task| task.job.state.map_or((1, None), |word| (0, Some(word))))
    }

    /// What the logs say of tasks that are over with work left: the scheduler writes there why it ended them, and
    /// the log stays when the scheduler has forgotten.
    fn read_logs(&mut self, run: &Run, engine: &Engine) {
        let vague =
            |state: Option<Word>| matches!(state, None | Some(Word::Failed | Word::Cancelled | Word::Ended));
        let silent = self.no_answer.is_some();
        let tasks = self.tasks.iter_mut().filter(|task| task.work_left).map(|task| &mut task.job);
        let parts = self.merge_parts.iter_mut().filter(|merge| !merge.is_done);
        let parts = parts.flat_map(|merge| &mut merge.stages).map(|part| &mut part.job);
        let parts = parts.filter(|job| vague(job.state) && job.state != Some(Word::Ended));
        let jobs = tasks.filter(|job| vague(job.state)).take(LOGS);
        for job in jobs.chain(parts.take(LOGS)) {
            let bytes = job.log.as_ref().and_then(|log| read_log(run, log));
            let Some(bytes) = bytes else {
                job.log = None;
                if job.state == Some(Word::Failed) {
                    job.why = Some("it left no log: its node may not see the folder of the run".into());
                }
                continue;
            };
            let text = String::from_utf8_lossy(&bytes);
            let said = text.lines().rev().find_map(|line| {
                let of_line = engine.log_words.iter().find(|known| known.says.0.is_match(line));
                of_line.map(|known| known.word)
            });
            // While the scheduler is silent, an old log says nothing of now.
            if let Some(word) = said.filter(|_| !silent) {
                (job.state, job.why) = (Some(word), None);
            } else if job.state != Some(Word::Cancelled) {
                let error = text.lines().rev().find_map(|line| line.strip_prefix("error: "));
                job.why = error.map(str::to_owned).or_else(|| job.why.take());
            }
        }
    }
}

/// What a scheduler said, and where logs are.
struct Heard<'a> {
    states: Option<&'a States>,
    folder: &'a str,
}

impl Heard<'_> {
    fn find(&self, job: &str, task: Option<u64>) -> Option<&State> {
        let states = self.states?;
        states.get(&(job.to_owned(), task)).or_else(|| states.get(&(job.to_owned(), None)))
    }

    /// Where a task of a job stands, whose script has that name.
    fn of_task(&self, job: &Job, offset: u64, stem: &str) -> JobView {
        let index = job.first_index.map(|first| first + offset);
        let end = |between: &str| index.map_or(String::new(), |index| format!("{between}{index}"));
        let log = format!("{}/{stem}{}.out", self.folder, end("-"));
        JobView::of(format!("{}{}", job.known_as, end("_")), self.find(&job.known_as, index), log)
    }
}

impl MergeView {
    fn of(stages: &MergeStages, heard: &Heard<'_>) -> Self {
        let mut all = Vec::new();
        for StageJob { stage, number, of_parts, job } in &stages.jobs {
            let stem = stem_of(stage, *number);
            all.extend((0..job.tasks).map(|offset| PartView {
                stage: stage.clone(),
                part: of_parts.then_some(job.first_task + offset),
                job: heard.of_task(job, offset as u64, &stem),
            }));
        }
        let MergeStages { output, parts, .. } = stages.clone();
        Self { is_done: is_merged(&output), output, parts, stages: all }
    }

    /// Whether the scheduler still has a part of it.
    pub(crate) fn is_live(&self) -> bool {
        self.stages.iter().any(|part| part.job.state.is_some_and(Word::is_live))
    }
}

/// Whether an output is there. Nobody is kept from looking at a run by an output that cannot be looked at.
fn is_merged(output: &str) -> bool {
    let storage = Location::of(output.as_ref()).ok().and_then(|output| output.storage().ok());
    storage.is_some_and(|storage| storage.size(MERGE_MANIFEST).is_ok_and(|size| size.is_some()))
}

impl JobView {
    fn of(id: String, state: Option<&State>, log: String) -> Self {
        let now = chrono::Utc::now().timestamp();
        Self {
            id,
            state: state.map(|state| state.word),
            why: state.and_then(|state| state.why.clone()),
            node: state.and_then(|state| state.node.clone()),
            starts_in_seconds: state
                .and_then(|state| state.start)
                .map(|at| at - now)
                .filter(|left| *left > 0),
            restarts: state.map_or(0, |state| state.restarts),
            log: Some(log),
        }
    }

    /// For people: `queued: waits for free nodes`, `running on n1`.
    pub(crate) fn words(&self) -> String {
        let Some(state) = self.state else { return self.why.clone().unwrap_or_default() };
        let mut text = state.as_str().to_owned();
        match (state, &self.node) {
            (Word::Running, Some(node)) => text = format!("running on {node}"),
            (Word::NodeLost, Some(node)) => text = format!("node {node} lost"),
            _ => {}
        }
        if let Some(seconds) = self.starts_in_seconds {
            return format!("{text}, starts in {seconds} s");
        }
        match &self.why {
            Some(why) => format!("{text}: {}", why.split(" (hint:").next().unwrap_or(why)),
            None => text,
        }
    }
}

/// A log, by its path in the run, or its full path beside it.
fn read_log(run: &Run, log: &str) -> Option<Vec<u8>> {
    if Path::new(log).is_absolute() { std::fs::read(log).ok() } else { run.storage().read(log).ok()? }
}

/// Whether shards of a task have units that are not done, by the run.
fn has_work(status: &RunStatus, shards: &[u32], of: u32) -> bool {
    status.shards.iter().filter(|shard| shard.counts.done() < shard.counts.total).any(|shard| {
        let run = Assignment { index: shard.shard, of: status.of };
        shards.iter().any(|&index| Assignment { index, of }.meets(run))
    })
}

#[cfg(test)]
mod tests;
