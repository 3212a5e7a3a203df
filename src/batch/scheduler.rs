//! A scheduler is asked, and its words are put into ours.

use std::collections::HashMap;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::ask::{Answer, ask, is_there};
use super::engine::{Engine, Question};
use super::error::BatchError;
use super::record::Submission;
use super::template::filled_or_empty;
use super::word::Word;

/// What is waited for an answer. A scheduler that is down lets its commands wait longer than people do.
const PATIENCE: Duration = Duration::from_secs(8);

/// How often a busy scheduler is asked, and what is waited in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Where a task stands, as the scheduler says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) word: Word,
    /// Why, or what helps.
    pub(super) why: Option<String>,
    pub(super) node: Option<String>,
    /// When it will start, seconds since 1970.
    pub(super) start: Option<i64>,
    pub(super) restarts: u64,
    /// The job's name, where it is told.
    pub(super) name: Option<String>,
}

/// States by job and task. A job that is told of as a whole has no task.
pub(super) type States = HashMap<(String, Option<u64>), State>;

impl Engine {
    /// Whether all tasks run on this machine.
    pub(crate) fn is_of_one_machine(&self) -> bool {
        self.one_machine
    }

    /// Refuses where its commands are not installed.
    ///
    /// # Errors
    /// One of them is not there.
    pub(crate) fn is_installed(&self) -> Result<(), BatchError> {
        let missing: Vec<&str> = self.needs.iter().filter(|n| !is_there(n)).map(String::as_str).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(BatchError::NoCommands { title: self.title.clone(), missing: missing.join(", ") })
    }

    /// Where the jobs of a submission stand: one question for all of them, and one more about those that it no
    /// longer knows. No answer is told in words.
    pub(super) fn states(&self, submission: &Submission) -> Result<States, String> {
        let ids = submission.ids();
        if ids.is_empty() {
            return Ok(States::new());
        }
        let mut states = self.answer(&self.state, &ids)?;
        states.retain(|_, state| state.name.as_ref().is_none_or(|name| submission.has_name(name)));
        if let Some(ended) = &self.ended
            && submission.jobs().any(|(_, job)| !states.keys().any(|(known, _)| known == job))
            // Where nothing is accounted for, nothing is known.
            && let Ok(mut past) = self.ask_once(ended, &ids)
        {
            past.retain(|_, state| state.name.as_ref().is_none_or(|name| submission.has_name(name)));
            for (task, state) in past {
                states.entry(task).or_insert(state);
            }
        }
        Ok(states)
    }

    fn answer(&self, question: &Question, ids: &[String]) -> Result<States, String> {
        let mut last = String::new();
        for again in 0..TRIES {
            if again > 0 {
                sleep(PAUSE);
            }
            match self.ask_once(question, ids) {
                Ok(states) => return Ok(states),
                // A command that hung will hang again.
                Err(Silence { says, hung: true }) => return Err(says),
                Err(silence) => last = silence.says,
            }
        }
        Err(last)
    }

    fn ask_once(&self, question: &Question, ids: &[String]) -> Result<States, Silence> {
        let words = with_ids(&question.command, ids);
        let hung = |says| Silence { says, hung: true };
        let answer = ask(&words, Path::new("/"), None, PATIENCE).map_err(hung)?;
        let forgotten = question.forgotten.as_ref().is_some_and(|pattern| pattern.0.is_match(&answer.err));
        if answer.good || forgotten {
            return Ok(self.read(question, &answer.out));
        }
        Err(Silence { says: answer.complaint(), hung: false })
    }

    /// The tasks of an answer.
    pub(super) fn read(&self, question: &Question, text: &str) -> States {
        let mut states = States::new();
        for row in question.row.0.captures_iter(text) {
            let group =
                |name: &str| row.name(name).map(|found| found.as_str().trim()).filter(|t| !t.is_empty());
            let (Some(job), Some(state)) = (group("job"), group("state")) else { continue };
            let nobody = ["(null)", "n/a", "N/A", "-", "None", "None assigned"];
            let restarts = group("restarts").and_then(|n| n.parse().ok()).unwrap_or(0);
            let reason = group("reason").filter(|reason| *reason != "None" || state == "PENDING");
            let (word, why) = self.word(state, reason, restarts);
            let state = State {
                word,
                why,
                node: group("node").filter(|node| !nobody.contains(node)).map(str::to_owned),
                start: group("start").and_then(|at| at.parse().ok()).filter(|_| word == Word::PutBack),
                restarts,
                name: group("name").map(str::to_owned),
            };
            states.insert((job.to_owned(), group("task").and_then(|task| task.parse().ok())), state);
        }
        states
    }

    /// Our word for a state, and why.
    fn word(&self, state: &str, reason: Option<&str>, restarts: u64) -> (Word, Option<String>) {
        let Some(&word) = self.words.get(state) else {
            // A word that nobody has told us: it is there, so it counts as waiting.
            return (Word::Queued, Some(format!("the scheduler calls it {state}")));
        };
        if word != Word::Queued {
            return (word, None);
        }
        // Some reasons are followed by details: `ReqNodeNotAvail, UnavailableNodes:n1`.
        let name = reason.map(|reason| reason.split([',', ' ']).next().unwrap_or(reason));
        let Some(name) = name else { return (word, None) };
        if let Some(why) = self.never.get(name) {
            return (Word::NeverStarts, Some(why.clone()));
        }
        if self.held.iter().any(|held| held == name) {
            return (Word::Held, None);
        }
        let why = self.reasons.get(name).cloned().or_else(|| reason.map(str::to_owned));
        (if restarts > 0 { Word::PutBack } else { Word::Queued }, why)
    }

    /// The id of a new job, and its name in answers.
    pub(super) fn id_in(&self, printed: &str, command: &str) -> Result<(String, String), BatchError> {
        let found = self.id.0.captures(printed).and_then(|found| {
            let id = found.name("id")?.as_str();
            let job = found.name("job").map_or(id, |job| job.as_str());
            // It becomes an argument of commands: nothing that could be taken for an option.
            let is_id = !id.is_empty() && !id.starts_with('-') && !id.contains(char::is_whitespace);
            is_id.then(|| (id.to_owned(), job.to_owned()))
        });
        found.ok_or_else(|| BatchError::NoId {
            command: command.to_owned(),
            engine: self.name.clone(),
            pattern: self.id.0.to_string(),
            printed: indented(printed),
        })
    }

    /// How many tasks an array may have, as far as the scheduler tells.
    pub(super) fn most_tasks(&self) -> Option<usize> {
        let mut told: Vec<(&[String], String)> = Vec::new();
        let mut most: Option<usize> = None;
        for limit in &self.limits {
            let known = told.iter().find(|(command, _)| *command == limit.command);
            let text = if let Some((_, text)) = known {
                text.clone()
            } else {
                let answer = ask(&limit.command, Path::new("/"), None, PATIENCE);
                let text = answer.map(|answer| answer.out).unwrap_or_default();
                told.push((&limit.command, text.clone()));
                text
            };
            let number =
                limit.says.0.captures(&text).and_then(|found| found.name("most")?.as_str().parse().ok());
            most = most.into_iter().chain(number).min();
        }
        most
    }

    /// Why it refuses, with what helps.
    pub(super) fn refused(&self, answer: &Answer) -> BatchError {
        let says = answer.complaint();
        let hint = self.hint(&says).unwrap_or_default();
        BatchError::Refused { title: self.title.clone(), says, hint }
    }

    /// That a job was not taken within the time that is waited for it.
    pub(super) fn not_taken(&self, says: String) -> BatchError {
        match self.hint(&says) {
            Some(hint) => BatchError::Refused { title: self.title.clone(), says, hint },
            None => BatchError::NoAnswer { title: self.title.clone(), says },
        }
    }

    /// What helps against what it says, as a line of its own, where that is known.
    fn hint(&self, says: &str) -> Option<String> {
        let refusal = self.refusals.iter().find(|refusal| refusal.says.0.is_match(says));
        refusal.map(|refusal| {
            let there = if refusal.ask.is_empty() {
                None
            } else {
                ask(&refusal.ask, Path::new("/"), None, PATIENCE).ok()
            };
            let there = there.map(|answer| answer.out.lines().map(str::trim).collect::<Vec<_>>().join("; "));
            let there = there
                .filter(|there| !there.is_empty())
                .map_or_else(String::new, |there| format!(": {there}"));
            format!("\n(hint: {}{there})", refusal.hint)
        })
    }

    /// Ends jobs.
    pub(super) fn end(&self, ids: &[String]) -> Result<(), String> {
        let answer = ask(&with_ids(&self.cancel, ids), Path::new("/"), None, PATIENCE * 2)?;
        if answer.good { Ok(()) } else { Err(answer.complaint()) }
    }
}

/// No answer.
struct Silence {
    says: String,
    /// It took longer than anybody waits.
    hung: bool,
}

/// A command about jobs.
fn with_ids(command: &[String], ids: &[String]) -> Vec<String> {
    let all = [("ids", Some(ids.join(",").into()))];
    let words = command
        .iter()
        .flat_map(|word| if word == "{each}" { ids.to_vec() } else { vec![filled_or_empty(word, &all)] });
    words.collect()
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().lines().take(20).map(|line| format!("  {line}")).collect();
    if lines.is_empty() { "  (nothing)".into() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests;
