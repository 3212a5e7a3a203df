//! A run's shards are handed to a scheduler.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::array::{Array, packed, share};
use super::ask::{Answer, ask};
use super::engine::Engine;
use super::error::BatchError;
use super::heard::{Last, last};
use super::load::Engines;
use super::record::{Job, LOCK, MergeJob, MergeStages, StageJob, Submission, folder, last_number};
use super::script::{Places, Scripts, Wish, is_url};
use super::shell::line;
use super::steps::{Step, steps};
use super::word::Word;
use super::work::{StageWork, Work};
use crate::leases::{Terms, observe};
use crate::run::status;
use crate::store::{Created, Held, Hold, Location, Object, Protocol, Run};

/// What is waited for a scheduler that takes a job. One that is busy tries again by itself.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long is watched whether a job may start at all.
const WATCHED: Duration = Duration::from_secs(2);

/// How long a reason has to stay: some are there for a moment only.
const STAYS: Duration = Duration::from_millis(900);

const LOOK: Duration = Duration::from_millis(150);

/// So many of those who work on a run are named.
const NAMED: usize = 8;

/// Shards of a run that are to be worked on by a scheduler's tasks.
#[derive(Debug)]
pub(crate) struct Submit<'a> {
    engine: &'a Engine,
    run: &'a Run,
    wish: Wish,
    places: Places,
    tasks: Vec<Vec<u32>>,
    of: u32,
}

/// What would be submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preview {
    /// Each script, by its path, and the command that submits it.
    pub jobs: Vec<(String, String, String)>,
}

/// What was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Submitted {
    /// The record.
    pub submission: Submission,
    /// The scheduler's name.
    pub title: String,
}

impl<'a> Submit<'a> {
    /// Shards of a run that is, or will be, at `at`; `definitions` are a folder of the user's own.
    ///
    /// # Errors
    /// A path cannot be handed on.
    pub(crate) fn new(
        engine: &'a Engine,
        run: &'a Run,
        at: &Location,
        definitions: Option<&Path>,
        mut wish: Wish,
        shards: (&[u32], u32),
    ) -> Result<Self, BatchError> {
        let full = |path: &Path| std::path::absolute(path).map_err(BatchError::Program);
        let place = |path: PathBuf| if is_url(&path) { Ok(path) } else { full(&path) };
        wish.merge = wish.merge.map(place).transpose()?;
        wish.container = wish.container.map(|image| full(&image)).transpose()?;
        let folder = std::env::current_dir().map_err(BatchError::Program)?;
        let (in_run, files) = match at.folder() {
            Some(dir) => (full(dir)?, full(dir)?),
            None => (at.to_string().into(), folder.join(files_of(run, at))),
        };
        let known =
            if at.folder().is_none() { run.manifest().config.store.environment() } else { Vec::new() };
        let places = Places {
            environment: known
                .into_iter()
                .filter_map(|(names, value)| Some((*names.first()?, value)))
                .collect(),
            program: std::env::current_exe().map_err(BatchError::Program)?,
            definitions: definitions.map(full).transpose()?,
            folder,
            run: in_run,
            files,
            data: PathBuf::from(&run.manifest().input.folder),
        };
        let (shards, of) = shards;
        let tasks = packed(shards, wish.pack);
        let submit = Self { engine, run, wish, places, tasks, of };
        submit.has_good_paths()?;
        Ok(submit)
    }

    /// Scripts and commands, without asking for anything but limits.
    pub(crate) fn preview(&self) -> Preview {
        let number = 1 + last_number(self.run).unwrap_or(0);
        let folder = folder(number);
        let scripts = self.scripts(&folder);
        let mut ids = Vec::new();
        let mut jobs = Vec::new();
        for (at, Step { work, behind }) in self.steps().into_iter().enumerate() {
            let job = scripts.command(work, &ids[behind]);
            ids.push(format!("JOB{}", at + 1));
            jobs.push((scripts.in_run(&job.script), scripts.text(work), line(&job.command)));
        }
        Preview { jobs }
    }

    /// Submits. `note` is told what it waits for.
    ///
    /// # Errors
    /// The scheduler refuses, would never start the job, or says what is not understood; the run is submitted already,
    /// or worked on.
    pub(crate) fn send(&self, engines: Engines<'_>, note: &dyn Fn(&str)) -> Result<Submitted, BatchError> {
        let _alone = self.alone()?;
        let last = last_number(self.run)?;
        let over = self.is_free(engines, note)?;
        let mut submission = self.registered(last + 1)?;
        let folder = submission.folder();
        let scripts = Scripts { over: &over, ..self.scripts(&folder) };
        let tasks: Vec<String> = self.tasks.iter().map(|shards| share(shards, self.of) + "\n").collect();
        self.write(&format!("{folder}/tasks"), tasks.concat())?;
        let mut sent = self.send_all(&scripts, &mut submission);
        if sent.is_ok() {
            sent = self.may_start(&submission);
        }
        if let Err(error) = sent {
            // Half a submission is none.
            if let Err(says) = self.take_back(&submission) {
                tracing::warn!("jobs {} could not be taken back: {says}", submission.ids().join(", "));
            }
            return Err(error);
        }
        Ok(Submitted { submission, title: self.engine.title.clone() })
    }

    fn send_all(&self, scripts: &Scripts<'_>, submission: &mut Submission) -> Result<(), BatchError> {
        let mut ids: Vec<String> = Vec::new();
        for Step { work, behind } in self.steps() {
            let job = scripts.command(work, &ids[behind]);
            let text = scripts.text(work);
            self.write(&job.script, text.clone())?;
            let input = job.reads_script.then(|| text.into_bytes());
            let answer = ask(&job.command, &self.places.folder, input.as_deref(), PATIENCE)
                .map_err(|says| self.engine.not_taken(says))?;
            let (id, name) = self.id_in(&answer, &job.command)?;
            ids.push(id.clone());
            self.write_down(submission, scripts, work, (id, name));
            // From now on it is known, whatever becomes of this process.
            submission.update(self.run)?;
        }
        Ok(())
    }

    /// Writes a job down that the scheduler has taken.
    fn write_down(
        &self,
        submission: &mut Submission,
        scripts: &Scripts<'_>,
        work: Work,
        (id, known_as): (String, String),
    ) {
        let output =
            || self.wish.merge.as_ref().map(|output| output.display().to_string()).unwrap_or_default();
        let Array { first_task, tasks } = work.array().unwrap_or(Array { first_task: 0, tasks: 1 });
        let first_index = scripts.indices(work).map(|(first, _)| first);
        let job = Job { id, known_as, first_task, tasks, first_index };
        match work {
            Work::Tasks(..) => submission.jobs.push(job),
            Work::Merge => {
                let Job { id, known_as, .. } = job;
                let (name, output) = (scripts.name(work), output());
                submission.merge = Some(MergeJob { id, known_as, name, output });
            }
            Work::Stage(StageWork { stage, number, parts }) => {
                let count = self.wish.parts.as_ref().map_or(1, |parts| parts.count);
                let none = || MergeStages {
                    output: output(),
                    parts: count,
                    name: scripts.name(work),
                    jobs: Vec::new(),
                };
                let of_parts = parts.is_some();
                let stage = StageJob { stage: stage.to_owned(), number, of_parts, job };
                submission.stages.get_or_insert_with(none).jobs.push(stage);
            }
        }
    }

    fn id_in(&self, answer: &Answer, command: &[String]) -> Result<(String, String), BatchError> {
        if !answer.good {
            return Err(self.engine.refused(answer));
        }
        let command = command.first().map_or("submit", String::as_str);
        self.engine.id_in(&answer.out, command)
    }

    /// Sees for a moment whether the scheduler says that it will never start them.
    fn may_start(&self, submission: &Submission) -> Result<(), BatchError> {
        if self.engine.never.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let mut since: Option<Instant> = None;
        while start.elapsed() < WATCHED {
            std::thread::sleep(LOOK);
            let Ok(states) = self.engine.states(submission) else { return Ok(()) };
            let never = states.values().find(|state| state.word == Word::NeverStarts);
            let Some(why) = never.and_then(|state| state.why.clone()) else {
                since = None;
                if states.values().any(|state| !matches!(state.word, Word::Queued)) {
                    return Ok(());
                }
                continue;
            };
            if since.get_or_insert_with(Instant::now).elapsed() >= STAYS {
                let why = why.replace(" (hint:", "\n(hint:");
                return Err(BatchError::Never { title: self.engine.title.clone(), why });
            }
        }
        Ok(())
    }

    fn take_back(&self, submission: &Submission) -> Result<(), String> {
        let ids = submission.ids();
        if ids.is_empty() { Ok(()) } else { self.engine.end(&ids) }
    }

    /// Only one process submits a run at a time: by a lock, or else by the number of the submission.
    fn alone(&self) -> Result<Option<Held>, BatchError> {
        let storage = self.run.storage();
        if self.run.protocol() == Protocol::Names {
            return Ok(None);
        }
        if let Some(held) = storage.lock(LOCK, Hold::Exclusive, Duration::ZERO)? {
            return Ok(Some(held));
        }
        let holder = String::from_utf8_lossy(&storage.read(LOCK)?.unwrap_or_default()).trim().to_owned();
        let holder = if holder.is_empty() { holder } else { format!(" ({holder})") };
        Err(BatchError::Submitting { run: self.run.name(), holder })
    }

    /// Refuses a run that somebody works on, or will; the leases of which it is known now that they are over, by their
    /// tokens, so that no task has to find that out again.
    fn is_free(&self, engines: Engines<'_>, note: &dyn Fn(&str)) -> Result<Vec<String>, BatchError> {
        let last = last(self.run, engines)?;
        let jobs = last.as_ref().map(Last::live).unwrap_or_default();
        if !jobs.is_empty() {
            return Err(BatchError::Submitted { run: self.run.name(), jobs: jobs.join(", ") });
        }
        let (busy, over) = match self.run.protocol() {
            Protocol::Locks => {
                let busy = |worker: String, shard: u32| format!("shard {shard}: {worker}");
                let shards = status(self.run)?.shards.into_iter();
                (shards.filter_map(|s| Some(busy(s.worker?, s.shard))).collect(), Vec::new())
            }
            Protocol::Names => {
                let is_over = |job: &Option<String>| {
                    last.as_ref().zip(job.as_deref()).is_some_and(|(last, job)| last.is_over(job))
                };
                let wait = |who: &str, most: Duration| {
                    note(&format!(
                        "seeing for up to {} s whether it is still worked on: {who}",
                        most.as_secs()
                    ));
                };
                let storage = self.run.storage();
                let seen = observe(storage, Terms::default(), &|claim| is_over(&claim.job), &wait)?;
                (seen.living, seen.over)
            }
        };
        if busy.is_empty() {
            return Ok(over);
        }
        Err(BatchError::Working { run: self.run.name(), who: named(&busy) })
    }

    /// Writes it down under a number that nobody had when it was seen that nobody works on the run.
    fn registered(&self, number: u32) -> Result<Submission, BatchError> {
        let tasks = (self.tasks.clone(), self.of);
        let name = self.scripts("").name(Work::Tasks(Array { first_task: 0, tasks: 1 }, 1));
        let mut submission = Submission::new(number, &self.engine.name, name, tasks);
        if self.places.files != self.places.run {
            submission.files = Some(self.places.files.display().to_string());
        }
        if submission.register(self.run)? {
            return Ok(submission);
        }
        Err(BatchError::Submitting { run: self.run.name(), holder: String::new() })
    }

    /// The jobs, the merge last.
    fn steps(&self) -> Vec<Step> {
        steps(self.tasks.len(), &self.wish, self.engine)
    }

    fn scripts<'b>(&'b self, folder: &'b str) -> Scripts<'b> {
        Scripts { engine: self.engine, wish: &self.wish, places: &self.places, folder, over: &[] }
    }

    fn write(&self, path: &str, text: String) -> Result<(), BatchError> {
        if self.places.files == self.places.run {
            let object = Object { path: path.to_owned(), bytes: text.into_bytes() };
            // The folder has a number that nobody had before.
            let _is_there: Created = self.run.storage().create(&object)?;
            return Ok(());
        }
        let path = self.places.files.join(path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, text))
            .map_err(|source| BatchError::Write { path: path.display().to_string(), source })
    }

    fn has_good_paths(&self) -> Result<(), BatchError> {
        let refused = |path: &Path, character: char, who: &str| BatchError::Path {
            path: path.display().to_string(),
            character: character.escape_debug().to_string(),
            who: who.to_owned(),
        };
        let bad =
            |path: &Path, is_bad: &dyn Fn(char) -> bool| path.to_string_lossy().chars().find(|c| is_bad(*c));
        let refuses = &self.engine.log.refuses;
        if let Some(c) = bad(&self.places.files, &|c| c == '\n' || refuses.contains(c)) {
            return Err(refused(
                &self.places.files,
                c,
                &format!("{} as the place of logs", self.engine.title),
            ));
        }
        if self.wish.container.is_none() {
            return Ok(());
        }
        let scripts = self.scripts("");
        for folder in scripts.bound_folders() {
            if let Some(c) = bad(&folder, &|c| c == ',' || c == ':') {
                return Err(refused(&folder, c, "a container as a folder"));
            }
        }
        Ok(())
    }
}

/// The first of those who are at work, and how many more there are.
fn named(busy: &[String]) -> String {
    let shown = busy.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    if busy.len() > NAMED { format!("{shown}; … ({} in all)", busy.len()) } else { shown }
}

/// The folder for scripts and logs of a run in an object store, beside where it is submitted: no two runs have one.
fn files_of(run: &Run, at: &Location) -> String {
    let id = blake3::hash(run.manifest().run_id.as_bytes()).to_hex();
    format!("{}-{}.submit", at.short_name(), &id[..8])
}

#[cfg(test)]
mod tests;
