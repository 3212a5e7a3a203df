//! What a resume would do, unit by unit.

use super::Job;
use crate::cli::text::{columns, count};
use crate::engine::engine;
use crate::error::Failure;
use crate::run::decisions;
use crate::schema::Schemas;
use crate::store::Assignment;

/// The decisions, and how many there are of each kind.
pub(super) fn text(job: &Job, schemas: &Schemas, each: bool) -> Result<String, Failure> {
    let engine = engine(&job.run.manifest().config, schemas, None).map_err(Failure::usage)?;
    let share = job.share.unwrap_or(Assignment::ALL);
    let decided = decisions(&job.run, share, &*engine, job.redo).map_err(Failure::error)?;
    let again = decided.iter().filter(|d| d.decision.again).count();
    let mut text = String::new();
    if each {
        let rows: Vec<Vec<String>> = decided
            .iter()
            .map(|d| {
                let word = if d.decision.again { "rerun" } else { "reuse" };
                let unit = &d.unit;
                vec![unit.user_id.clone(), unit.feature_mode.clone(), word.into(), d.decision.why.clone()]
            })
            .collect();
        text = columns(&["user", "mode", "", "why"], &rows);
    }
    let kept = decided.len() - again;
    text.push_str(&format!("{} to do, {} kept\n", count(again as u64, "unit"), kept));
    Ok(text)
}
