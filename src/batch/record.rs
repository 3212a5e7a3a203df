//! What was submitted, kept in the run: `_submit/<n>/record.yaml` beside the scripts.

use serde::{Deserialize, Serialize};

use super::error::BatchError;
use crate::store::{Created, Object, Protocol, Run};
use crate::yaml::{from_yaml, to_yaml};

/// Where submissions lie in a run.
pub(super) const FOLDER: &str = "_submit";

/// Held by who submits.
pub(super) const LOCK: &str = "_submit/submit.lock";

/// Schedulers cut long names.
const NAMED: usize = 60;

/// Version of the record.
const FORMAT: u32 = 1;

/// The record of one submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Submission {
    format: u32,
    /// Its number in the run, from 1.
    pub number: u32,
    /// The engine by its name.
    pub engine: String,
    /// When, RFC 3339.
    pub at: String,
    /// The machine it was submitted on.
    pub host: String,
    /// The name that its jobs have for the scheduler.
    pub name: String,
    /// Number of shards that the users are divided into.
    pub of: u32,
    /// The shards of each task.
    pub tasks: Vec<Vec<u32>>,
    /// Where its scripts and logs lie, if not in the run: a folder that its machines see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// The jobs, as far as the scheduler has taken them.
    pub jobs: Vec<Job>,
    /// The job that merges behind them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeJob>,
    /// The jobs that merge in parts behind them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<MergeStages>,
}

/// A job of the scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Its id, as commands take it.
    pub id: String,
    /// The same, as answers name it.
    pub known_as: String,
    /// Its first task, from 0.
    pub first_task: usize,
    /// How many.
    pub tasks: usize,
    /// The scheduler's number of the first one; none if the job is no array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_index: Option<u64>,
}

/// The job that merges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MergeJob {
    /// Its id.
    pub id: String,
    /// The same, as answers name it.
    pub known_as: String,
    /// Its name.
    pub name: String,
    /// Where it writes.
    pub output: String,
}

/// The jobs of a merge in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MergeStages {
    /// Where they write.
    pub output: String,
    /// How many parts.
    pub parts: u32,
    /// Their name.
    pub name: String,
    /// The jobs, in the order of the stages.
    pub jobs: Vec<StageJob>,
}

/// A job of a stage of a merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StageJob {
    /// The stage by its name.
    pub stage: String,
    /// Which of its jobs, from 1.
    pub number: usize,
    /// Whether each task does a part; else it does what one does for all.
    pub of_parts: bool,
    /// The job; its tasks are the parts.
    pub job: Job,
}

impl Submission {
    /// One that the scheduler knows nothing of yet.
    pub(super) fn new(number: u32, engine: &str, name: String, (tasks, of): (Vec<Vec<u32>>, u32)) -> Self {
        Self {
            format: FORMAT,
            number,
            engine: engine.to_owned(),
            at: chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
            host: crate::system::host(),
            name,
            of,
            tasks,
            files: None,
            jobs: Vec::new(),
            merge: None,
            stages: None,
        }
    }

    /// The jobs by id, and as answers name them; the merge last.
    pub(super) fn jobs(&self) -> impl Iterator<Item = (&String, &String)> {
        let merge = self.merge.iter().map(|merge| (&merge.id, &merge.known_as));
        let stages = self.stages.iter().flat_map(|stages| &stages.jobs);
        let stages = stages.map(|stage| (&stage.job.id, &stage.job.known_as));
        self.jobs.iter().map(|job| (&job.id, &job.known_as)).chain(merge).chain(stages)
    }

    /// Whether a job of this name is one of its own: numbers of jobs begin anew when a scheduler is set up again.
    pub(super) fn has_name(&self, name: &str) -> bool {
        let merge = self.merge.iter().map(|merge| &merge.name);
        let stages = self.stages.iter().map(|stages| &stages.name);
        let own = std::iter::once(&self.name).chain(merge).chain(stages);
        let start = |name: &str| name.trim().chars().take(NAMED).collect::<String>();
        own.into_iter().any(|own| start(own) == start(name))
    }

    /// Its folder in the run.
    pub(crate) fn folder(&self) -> String {
        folder(self.number)
    }

    /// The ids of all its jobs.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.jobs().map(|(id, _)| id.clone()).collect()
    }

    /// Writes it down before anything is asked for; false if the number is taken.
    pub(super) fn register(&self, run: &Run) -> Result<bool, BatchError> {
        Ok(run.storage().create(&self.object())? == Created::Yes)
    }

    /// Writes it down again, with what has come since. Its number is this process's.
    pub(super) fn update(&self, run: &Run) -> Result<(), BatchError> {
        let (storage, object) = (run.storage(), self.object());
        match run.protocol() {
            Protocol::Locks => storage.replace(&object)?,
            Protocol::Names => storage.note(&object)?,
        }
        Ok(())
    }

    /// The scheduler's job that has a task, and its number there.
    pub(super) fn job_of(&self, task: usize) -> Option<(&Job, Option<u64>)> {
        let job =
            self.jobs.iter().find(|job| (job.first_task..job.first_task + job.tasks).contains(&task))?;
        Some((job, job.first_index.map(|first| first + (task - job.first_task) as u64)))
    }

    fn object(&self) -> Object {
        // A structure of texts and numbers has a text.
        let text = to_yaml(self).unwrap_or_default();
        Object { path: format!("{}/record.yaml", self.folder()), bytes: text.into_bytes() }
    }
}

/// The folder of a submission in the run.
pub(super) fn folder(number: u32) -> String {
    format!("{FOLDER}/{number:04}")
}

/// What a task of a submission, by its number from 0, is called in the leases of its workers.
pub(super) fn task_name(folder: &str, task: &str) -> String {
    format!("task {task} of {folder}")
}

/// The highest number of a submission of a run, whoever wrote it; 0 if there is none.
pub(super) fn last_number(run: &Run) -> Result<u32, BatchError> {
    let number = |path: &str| {
        let number = path.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix("/record.yaml")?;
        number.parse().ok()
    };
    let records = run.storage().list(FOLDER)?;
    Ok(records.iter().filter_map(|entry| number(&entry.path)).max().unwrap_or(0))
}

/// The submissions of a run, in order. What another version wrote and this one does not understand is left out.
///
/// # Errors
/// They cannot be read.
pub(crate) fn submissions(run: &Run) -> Result<Vec<Submission>, BatchError> {
    let mut all = Vec::new();
    for entry in run.storage().list(FOLDER)? {
        if !entry.path.ends_with("/record.yaml") {
            continue;
        }
        let Some(bytes) = run.storage().read(&entry.path)? else { continue };
        match from_yaml::<Submission>(&String::from_utf8_lossy(&bytes)) {
            Ok(submission) if submission.format <= FORMAT => all.push(submission),
            Ok(_) => tracing::warn!("{} is of a newer version, and passed over", entry.path),
            Err(error) => tracing::warn!("{} cannot be read, and is passed over: {error}", entry.path),
        }
    }
    all.sort_by_key(|submission| submission.number);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back() {
        let mut submission =
            Submission::new(3, "slurm", "results-a b".into(), (vec![vec![0, 1], vec![7]], 25));
        submission.jobs.push(Job {
            id: "12".into(),
            known_as: "12".into(),
            first_task: 0,
            tasks: 2,
            first_index: Some(0),
        });
        submission.merge = Some(MergeJob {
            id: "13".into(),
            known_as: "13".into(),
            name: "m".into(),
            output: "/a 'b'\n#".into(),
        });
        let object = submission.object();
        assert_eq!(object.path, "_submit/0003/record.yaml");
        let text = String::from_utf8(object.bytes).unwrap();
        assert_eq!(from_yaml::<Submission>(&text).unwrap(), submission);
        assert_eq!(submission.ids(), ["12", "13"]);
        let job = Job { id: "14".into(), ..submission.jobs[0].clone() };
        let job = StageJob { stage: "runs".into(), number: 1, of_parts: true, job };
        let stages = MergeStages { output: "/o".into(), parts: 2, name: "n".into(), jobs: vec![job] };
        submission.stages = Some(stages);
        let text = String::from_utf8(submission.object().bytes).unwrap();
        assert_eq!(from_yaml::<Submission>(&text).unwrap(), submission);
        assert_eq!(submission.ids(), ["12", "13", "14"]);
        assert!(
            submission.has_name("results-a b ")
                && submission.has_name("m")
                && !submission.has_name("results")
        );
    }
}
