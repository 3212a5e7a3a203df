//! What a scheduler says of a run's shards, for people.

mod parts;

use std::collections::BTreeMap;

use crate::batch::{BatchView, JobView, TaskView, Word, quoted};
use crate::run::{RunStatus, ShardProgress};

/// A moment, as people write it.
fn at(us: i64) -> String {
    let at = chrono::DateTime::from_timestamp_micros(us).unwrap_or_default();
    at.with_timezone(&chrono::Local).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

/// Columns behind those of the run's own.
pub(super) const COLUMNS: [&str; 2] = ["job", "scheduler"];

/// Shards that are named in a line about several.
const NAMED: usize = 8;

/// The cells of a shard, in a run of so many. What is done needs no scheduler.
pub(super) fn cells(batch: &BatchView, shard: &ShardProgress, of: u32) -> [String; 2] {
    let task = batch.task_of(shard.shard, of).filter(|_| shard.state != "finished");
    task.map_or_else(Default::default, |task| {
        // The scheduler was asked some seconds ago; the run was looked at now.
        let is_old = !batch.is_new && shard.state == "running" && task.job.state != Some(Word::Running);
        let words = if is_old { "running".to_owned() } else { task.job.words() };
        [task.job.id.clone(), if words.is_empty() { "not known any more".into() } else { words }]
    })
}

/// Lines below the table: what to know of tasks that need something, of the merge, and how to go on.
pub(super) fn words(batch: &BatchView, status: &RunStatus) -> String {
    let mut text = String::new();
    if let Some(why) = &batch.no_answer {
        let heard = status.shards.iter().filter_map(|shard| shard.heard_us).max();
        let heard = heard.map_or("nothing yet".to_owned(), |us| format!("{} last", at(us)));
        text.push_str(&format!(
            "{} did not answer at {}: {why}\nwhat stands above is the run's own view; its workers were heard of: {heard}\n",
            batch.title, batch.asked_at
        ));
        return text;
    }
    for (word, tasks) in notable(batch) {
        let shards: Vec<String> = tasks.iter().flat_map(|task| &task.shards).map(u32::to_string).collect();
        let more =
            if shards.len() > NAMED { format!(", … ({} in all)", shards.len()) } else { String::new() };
        let named = shards.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let advice = word
            .and_then(Word::advice)
            .unwrap_or("the scheduler does not know it any more; what the run says counts");
        let name = word.map_or("not known any more", Word::as_str);
        let noun = if shards.len() == 1 { "shard" } else { "shards" };
        text.push_str(&format!("{noun} {named}{more}: {name}: {advice}\n"));
        if let Some(why) = tasks.iter().find_map(|task| hint(&task.job)) {
            text.push_str(&format!("  {why}\n"));
        }
        let is_vague = matches!(word, None | Some(Word::Failed | Word::Ended));
        if let Some(log) = tasks.iter().find_map(|task| task.job.full_log(&status.dir)).filter(|_| is_vague) {
            text.push_str(&format!("  its log: {log}\n"));
        }
    }
    if let Some(merge) = &batch.merge {
        text.push_str(&merge_words(merge, status));
    }
    if let Some(merge) = &batch.merge_parts {
        text.push_str(&parts::words(merge, batch, status));
    }
    if status.state != "complete" && !batch.is_live() && status.state != "running" {
        text.push_str(&format!(
            "continue it with: results submit --resume {} --engine {}\n",
            quoted(&status.dir),
            batch.engine
        ));
    }
    text
}

/// Tasks with work left, of each state that needs words, the most alive first.
fn notable(batch: &BatchView) -> BTreeMap<Option<Word>, Vec<&TaskView>> {
    let mut by_word: BTreeMap<Option<Word>, Vec<&TaskView>> = BTreeMap::new();
    for task in batch.tasks.iter().filter(|task| task.work_left) {
        if task.job.state.is_none_or(|word| word.advice().is_some()) {
            by_word.entry(task.job.state).or_default().push(task);
        }
    }
    by_word
}

/// What the scheduler or the log says beyond the word.
fn hint(job: &JobView) -> Option<&str> {
    job.why.as_deref().filter(|_| {
        matches!(job.state, None | Some(Word::NeverStarts | Word::Failed | Word::Ended | Word::Held))
    })
}

fn merge_words(merge: &JobView, status: &RunStatus) -> String {
    let words = merge.words();
    match merge.state {
        Some(word) if word.is_live() => format!("merge: job {}, {words}\n", merge.id),
        Some(Word::Ended) => format!("merge: job {}, done\n", merge.id),
        _ => {
            let log = merge.full_log(&status.dir).unwrap_or_default();
            format!("merge: job {}; its log: {log}\n", merge.id)
        }
    }
}
