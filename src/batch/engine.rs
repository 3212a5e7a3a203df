//! An engine file: how a scheduler is spoken to.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

use super::word::Word;

/// How a scheduler is spoken to, as its file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Engine {
    /// The name by which it is asked for: that of its file.
    #[serde(skip)]
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Whether all tasks run on this machine: then locks of the operating system hold between them.
    #[serde(default)]
    pub(super) one_machine: bool,
    /// Programs that have to be there.
    pub(super) needs: Vec<String>,
    /// A job script; `{commands}` is what a task does. A line whose place has no value is left out.
    pub(super) script: String,
    /// The command that submits.
    pub(super) submit: Vec<String>,
    /// What it reads from standard input, if anything.
    pub(super) input: Option<String>,
    /// Words that stand in `submit` at `{options}`, where they were asked for.
    #[serde(default)]
    pub(super) options: Options,
    /// How jobs are named that another one waits for.
    pub(super) after: After,
    /// Finds a job's id in what `submit` prints: group `id`, and `job` if the scheduler tells of it by another name.
    pub(super) id: Pattern,
    /// Arrays of tasks.
    pub(super) array: ArrayRules,
    /// Where the scheduler puts what a task says.
    pub(super) log: Log,
    /// Characters that a job's name may have, as a regular expression of one; all, if it is not said.
    pub(super) names: Option<Pattern>,
    /// How many tasks an array may have; the least of the answers holds.
    #[serde(default)]
    pub(super) limits: Vec<Limit>,
    /// Where jobs stand.
    pub(super) state: Question,
    /// Asked about what `state` no longer knows.
    pub(super) ended: Option<Question>,
    /// Ends jobs.
    pub(super) cancel: Vec<String>,
    /// Its words for states, and ours.
    pub(super) words: BTreeMap<String, Word>,
    /// Its words for why a task waits, and ours.
    #[serde(default)]
    pub(super) reasons: BTreeMap<String, String>,
    /// Reasons of tasks that somebody has to let go.
    #[serde(default)]
    pub(super) held: Vec<String>,
    /// Reasons of tasks that never start, and what helps.
    #[serde(default)]
    pub(super) never: BTreeMap<String, String>,
    /// What `submit` says when it refuses.
    #[serde(default)]
    pub(super) refusals: Vec<Refusal>,
    /// What the scheduler writes into the log of a task that it ends.
    #[serde(default)]
    pub(super) log_words: Vec<LogWord>,
    /// Before the program's own arguments, where it lies in an image.
    #[serde(default)]
    pub(super) container: Vec<String>,
}

/// Words of `submit` that stand there if they were asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    pub(super) name: Vec<String>,
    /// Instead of `name`, for an array.
    pub(super) name_of_array: Vec<String>,
    pub(super) partition: Vec<String>,
    pub(super) account: Vec<String>,
    pub(super) after: Vec<String>,
    pub(super) log: Vec<String>,
}

/// How jobs are named that another one waits for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    /// One.
    pub(super) each: String,
    /// What stands between several.
    pub(super) between: String,
}

/// Arrays of tasks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArrayRules {
    /// The variable that tells a task its number.
    pub(super) index: String,
    /// The number of the first.
    pub(super) first: u64,
    /// The smallest array there is.
    pub(super) least: usize,
}

/// Where the scheduler puts what a task says: `{log}` is the path without its end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// Of a task of an array.
    pub(super) array: String,
    /// Of a job that is none.
    pub(super) alone: String,
    /// Characters of a path that have to be written in another way.
    #[serde(default)]
    pub(super) escapes: BTreeMap<String, String>,
    /// Characters that a path cannot have.
    #[serde(default)]
    pub(super) refuses: String,
}

/// A command that tells a limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limit {
    pub(super) command: Vec<String>,
    /// Finds the limit: group `most`.
    pub(super) says: Pattern,
}

/// A command that tells where jobs stand, and how its answer is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// `{ids}` are the jobs with commas between; `{each}` becomes a word for each.
    pub(super) command: Vec<String>,
    /// Finds the tasks: groups `job`, `state`, and `task`, `reason`, `node`, `start`, `restarts`,
    /// `name` where there are any.
    pub(super) row: Pattern,
    /// What it says, with an exit code, of jobs that it does not know any more.
    pub(super) forgotten: Option<Pattern>,
}

/// What `submit` says when it refuses, and what helps.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    pub(super) says: Pattern,
    pub(super) hint: String,
    /// Shows what there is, a thing a line.
    #[serde(default)]
    pub(super) ask: Vec<String>,
}

/// What a log says of how a task ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogWord {
    pub(super) says: Pattern,
    pub(super) word: Word,
}

/// A regular expression.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern(pub(super) Regex);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // The last line of a report of the expression's faults names the fault.
        let fault = |error: regex::Error| {
            let told = error.to_string();
            let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("`{text}` isn't a regular expression: {last}")
        };
        Regex::new(&text).map(Self).map_err(fault)
    }
}

impl Pattern {
    /// Whether it has a group of this name.
    pub(super) fn has(&self, group: &str) -> bool {
        self.0.capture_names().flatten().any(|name| name == group)
    }
}
