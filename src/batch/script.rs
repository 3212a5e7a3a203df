//! The scripts of a submission: a head in the scheduler's own language, and what a task does.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::engine::Engine;
use super::record::task_name;
use super::shell::{line, quoted};
use super::template::{filled, filled_or_empty};
use super::work::{StageWork, Work};
use crate::leases::{JOB, OVER};
use crate::store::Location;

/// What a process takes besides the memory that it may have.
const BESIDE: u64 = 64_000_000;

/// A task is told so many seconds before its time is over, if it has ten minutes or more.
const WARNING: u64 = 120;

/// What is asked of the scheduler.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// Shards of a task.
    pub pack: u32,
    /// Threads of each shard's process.
    pub threads: u32,
    /// Memory of each shard's process, bytes.
    pub memory: Option<u64>,
    /// Time of a task.
    pub time: Option<Duration>,
    /// The partition or queue.
    pub partition: Option<String>,
    /// The account or project.
    pub account: Option<String>,
    /// Where everything is merged into, once all tasks are over.
    pub merge: Option<PathBuf>,
    /// Into how many parts that is divided; none if one process does it.
    pub parts: Option<MergeParts>,
    /// The image that the program lies in.
    pub container: Option<PathBuf>,
}

/// A merge in parts: an array a stage, or one job for all parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergeParts {
    /// How many.
    pub count: u32,
    /// The stages by name, in order, and whether each part does it.
    pub stages: Vec<(&'static str, bool)>,
}

/// Where tasks find things: full paths, the same on every node.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) program: PathBuf,
    pub(super) definitions: Option<PathBuf>,
    /// Where it was submitted.
    pub(super) folder: PathBuf,
    /// The run, as programs are told: a full path, or a URL.
    pub(super) run: PathBuf,
    /// Where scripts and logs lie: in the run, or, if that is in an object store, in a folder of their own.
    pub(super) files: PathBuf,
    pub(super) data: PathBuf,
    /// Variables that a task needs to reach the run, unless it has them.
    pub(super) environment: Vec<(&'static str, String)>,
}

impl Places {
    /// Whether the run is in an object store.
    fn is_away(&self) -> bool {
        is_url(&self.run)
    }
}

/// Whether a place is in an object store.
pub(super) fn is_url(place: &Path) -> bool {
    matches!(Location::of(place.as_os_str()), Ok(Location::Url(_)))
}

/// The scripts of one submission.
#[derive(Debug)]
pub(super) struct Scripts<'a> {
    pub(super) engine: &'a Engine,
    pub(super) wish: &'a Wish,
    pub(super) places: &'a Places,
    /// The folder of the submission in the run.
    pub(super) folder: &'a str,
    /// The tokens of leases of which it is known that they are over.
    pub(super) over: &'a [String],
}

type Value<'a> = (&'a str, Option<Cow<'a, str>>);

impl Scripts<'_> {
    /// A script as it is written down.
    pub(super) fn text(&self, work: Work) -> String {
        let values = self.values(work);
        let mut text = String::new();
        for line in self.engine.script.lines() {
            if line.trim() == "{commands}" {
                text.push_str(&self.commands(work));
            } else if let Some(line) = filled(line, &values) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }

    /// The numbers of the scheduler for the first and the last task of an array; none if it is none.
    pub(super) fn indices(&self, work: Work) -> Option<(u64, u64)> {
        let tasks = work.array()?.tasks;
        let rules = &self.engine.array;
        (tasks >= rules.least).then(|| (rules.first, rules.first + tasks as u64 - 1))
    }

    fn values(&self, work: Work) -> Vec<Value<'static>> {
        fn value<T: ToString>(name: &'static str, value: Option<T>) -> Value<'static> {
            (name, value.map(|value| value.to_string().into()))
        }
        let pack = if matches!(work, Work::Tasks(..)) { u64::from(self.wish.pack.max(1)) } else { 1 };
        let cores = u64::from(self.wish.threads.max(1)) * pack;
        let memory = self.wish.memory.map(|each| (each * pack + BESIDE * (pack + 1)).div_ceil(20) * 21);
        let megabytes = memory.map(|bytes| bytes.div_ceil(1 << 20));
        let minutes = self.wish.time.map(|time| time.as_secs().div_ceil(60).max(1));
        let indices = self.indices(work);
        vec![
            value("first", indices.map(|(first, _)| first)),
            value("last", indices.map(|(_, last)| last)),
            value("cores", Some(cores)),
            value("memory_mb", megabytes),
            value("memory_mb_a_core", megabytes.map(|all| all.div_ceil(cores))),
            value("minutes", minutes),
            value("hours", minutes.map(|all| all / 60)),
            value("minutes_of_hour", minutes.map(|all| format!("{:02}", all % 60))),
            value("seconds", minutes.map(|all| all * 60)),
            value("warning", minutes.filter(|all| *all >= 10).map(|_| WARNING)),
        ]
    }

    fn commands(&self, work: Work) -> String {
        let run = self.places.run.display().to_string();
        let mut text = format!("# Made by results {} for {}.\n", env!("CARGO_PKG_VERSION"), one_line(&run));
        text.push_str(&self.looks());
        for (name, value) in &self.places.environment {
            text.push_str(&format!(": \"${{{name}:={}}}\"; export {name}\n", in_double_quotes(value)));
        }
        let own = match work {
            Work::Merge => self.merge(run),
            Work::Stage(StageWork { stage, parts, .. }) => {
                let own = format!("{}{}", self.merge(run), self.of_stage(stage));
                if parts.is_some() {
                    text.push_str(&format!("part=$(({}))\n", self.number(work)));
                    own + " --part \"$part\""
                } else {
                    own
                }
            }
            Work::Tasks(..) => {
                let tasks = quoted(&self.tasks().display().to_string());
                let number = self.number(work);
                text.push_str(&format!("shards=$(sed -n \"$(({number} + 1))p\" {tasks}) || exit 1\n"));
                let name = task_name(self.folder, &format!("$(({number}))"));
                text.push_str(&format!("{JOB}=\"{name}\"; export {JOB}\n"));
                if !self.over.is_empty() {
                    text.push_str(&format!("{OVER}={}; export {OVER}\n", quoted(&self.over.join(" "))));
                }
                self.task(&run)
            }
        };
        // No shell stands between the scheduler and the program: signals reach it.
        text.push_str(&format!("exec {} {own}\n", self.program()));
        text
    }

    /// The number of a task among all, from 0, as a shell computes it.
    fn number(&self, work: Work) -> String {
        let first_task = work.array().map_or(0, |array| array.first_task);
        match self.indices(work) {
            Some((first, _)) => {
                format!("${{{}:?a task has a number}} - {first} + {first_task}", self.engine.array.index)
            }
            None => first_task.to_string(),
        }
    }

    fn merge(&self, run: String) -> String {
        let output = self.wish.merge.as_ref().map(|output| output.display().to_string());
        let output = output.unwrap_or_default();
        line(&["merge".into(), "--shards".into(), run, "--output".into(), output])
    }

    fn of_stage(&self, stage: &str) -> String {
        let count = self.wish.parts.as_ref().map_or(1, |parts| parts.count);
        format!(" --parts {count} --stage {stage}")
    }

    /// The shards of each task, a line each.
    fn tasks(&self) -> PathBuf {
        self.places.files.join(self.folder).join("tasks")
    }

    /// What is looked at before: a node that lacks a folder says so itself.
    fn looks(&self) -> String {
        let program = self.wish.container.as_ref().unwrap_or(&self.places.program);
        let of_run = if self.places.is_away() { self.tasks() } else { self.places.run.join("run.yaml") };
        let paths = [of_run, program.clone()];
        let paths: Vec<String> = paths.iter().map(|path| quoted(&path.display().to_string())).collect();
        format!(
            "for path in {}; do\n  [ -e \"$path\" ] && continue\n  printf 'error: node %s does not see %s\\n' \
             \"$(uname -n)\" \"$path\" >&2\n  exit 1\ndone\ncd {} || echo 'warning: it goes on in another folder' >&2\n",
            paths.join(" "),
            quoted(&self.places.folder.display().to_string()),
        )
    }

    fn task(&self, run: &str) -> String {
        let mut words: Vec<String> = vec!["run".into(), "--resume".into(), run.into()];
        words.extend(["--threads".into(), self.wish.threads.max(1).to_string()]);
        if let Some(memory) = self.wish.memory {
            words.extend(["--memory".into(), memory.to_string()]);
        }
        words.push("--quiet".into());
        format!("{} --shard \"$shards\"", line(&words))
    }

    /// The program, or what starts it in its image; with the definitions.
    fn program(&self) -> String {
        let shown = |path: &Path| path.display().to_string();
        let mut words = match &self.wish.container {
            None => vec![shown(&self.places.program)],
            Some(image) => {
                let bound = self.bound();
                let values = [("bind", Some(bound.into())), ("image", Some(shown(image).into()))];
                self.engine.container.iter().map(|word| filled_or_empty(word, &values)).collect()
            }
        };
        if let Some(definitions) = &self.places.definitions {
            words.extend(["--definitions".into(), shown(definitions)]);
        }
        line(&words)
    }

    /// The folders that an image is to see.
    fn bound(&self) -> String {
        let mut folders = self.bound_folders();
        folders.dedup();
        folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(",")
    }

    /// The same, each.
    pub(super) fn bound_folders(&self) -> Vec<PathBuf> {
        let Places { run, files, data, folder, definitions, .. } = self.places;
        let mut folders = vec![run.clone(), data.clone(), folder.clone()];
        if files != run {
            folders.push(files.clone());
        }
        folders.extend(definitions.clone());
        let merged = self.wish.merge.as_ref().filter(|output| !is_url(output));
        folders.extend(merged.and_then(|output| output.parent()).map(Path::to_owned));
        folders.retain(|folder| !is_url(folder));
        folders
    }
}

/// A text within double quotes of a shell.
fn in_double_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`' | '}') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A comment ends with its line.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
