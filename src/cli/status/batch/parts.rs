//! What a scheduler says of a merge in parts, for people.

use crate::batch::{BatchView, MergeView, PartView, Word, quoted};
use crate::cli::text::columns;
use crate::run::RunStatus;

/// Logs that are named.
const NAMED: usize = 3;

/// A line for parts of a stage that stand alike, what went wrong, and how to go on.
pub(super) fn words(merge: &MergeView, batch: &BatchView, status: &RunStatus) -> String {
    let MergeView { output, parts, .. } = merge;
    if merge.is_done {
        return format!("merge in {parts} parts: done, {output}\n");
    }
    let rows: Vec<Vec<String>> = alike(&merge.stages)
        .into_iter()
        .map(|of_stage| {
            let (first, last) = (of_stage[0], of_stage[of_stage.len() - 1]);
            let parts = match (first.part, last.part) {
                (Some(first), Some(last)) if first < last => format!("{first}-{last}"),
                (Some(first), _) => first.to_string(),
                (None, _) => "-".to_owned(),
            };
            vec![first.stage.clone(), first.job.id.clone(), parts, said(first)]
        })
        .collect();
    let mut text = format!("merge in {parts} parts into {output}:\n");
    text.push_str(&columns(&["stage", "job", "parts", "scheduler"], &rows));
    let failed = merge.stages.iter().filter(|part| has_failed(part));
    for part in failed.take(NAMED) {
        let of = part.part.map_or(String::new(), |part| format!(", part {part}"));
        if let Some(log) = part.job.full_log(&status.dir) {
            text.push_str(&format!("stage {}{of}: its log: {log}\n", part.stage));
        }
    }
    if !merge.is_live() && !batch.is_live() && status.state == "complete" {
        text.push_str(&format!(
            "go on with it: results submit --resume {} --engine {} --merge {} --parts {parts}\n",
            quoted(&status.dir),
            batch.engine,
            quoted(output)
        ));
    }
    text
}

/// Parts that follow each other in a stage and stand alike.
fn alike(parts: &[PartView]) -> Vec<Vec<&PartView>> {
    let mut all: Vec<Vec<&PartView>> = Vec::new();
    for part in parts {
        let is_like = |other: &&PartView| other.stage == part.stage && said(other) == said(part);
        match all.last_mut() {
            Some(run) if run.last().is_some_and(is_like) => run.push(part),
            _ => all.push(vec![part]),
        }
    }
    all
}

fn said(part: &PartView) -> String {
    let words = part.job.words();
    if words.is_empty() { "not known any more".to_owned() } else { words }
}

/// Whether it is over, and not well.
fn has_failed(part: &PartView) -> bool {
    match part.job.state {
        None => part.job.why.is_some(),
        Some(word) => !word.is_live() && word != Word::Ended,
    }
}
