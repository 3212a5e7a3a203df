//! What is missing, each with its reason.

use std::collections::HashSet;

use arrow::array::{Array, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use serde::Serialize;

use super::verify::Broken;
use super::{Conflict, MergeError};
use crate::query::{Attempts, Definitions, OpenRun, Session, SessionError};
use crate::shard::run_status;

/// Something that keeps a result from being complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The user; empty if it is about no user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// Shard of the plan.
    pub shard: u32,
    /// `never started`, `running`, `failed`, `skipped`, `lost`, `broken file`, `wrong row count`, …
    pub kind: String,
    /// Why, as far as it is known.
    pub reason: String,
}

impl From<Conflict> for Gap {
    fn from(c: Conflict) -> Self {
        Self {
            reason: format!(
                "{} {} {}: {} in {}, {} in {}",
                c.table, c.row_key, c.column, c.one, c.one_source, c.other, c.other_source
            ),
            user_id: c.user_id,
            feature_mode: String::new(),
            shard: 0,
            kind: "unequal duplicate".into(),
        }
    }
}

/// Units of the plan without rows, by `queries/merge/gaps.sql`.
pub(super) async fn missing_units(
    session: &Session,
    runs: &[OpenRun],
    definitions: Definitions<'_>,
) -> Result<Vec<Gap>, MergeError> {
    session.batch("shards", shard_states(runs)?)?;
    let sql = definitions.queries.get("merge/gaps")?.fill(&[])?;
    let mut found = Vec::new();
    for batch in session.collect(&sql).await? {
        let shard = batch.column(2).as_primitive::<Int32Type>();
        for row in 0..batch.num_rows() {
            found.push(Gap {
                user_id: text(&batch, 0, row),
                feature_mode: text(&batch, 1, row),
                shard: shard.value(row) as u32,
                kind: text(&batch, 3, row),
                reason: text(&batch, 4, row),
            });
        }
    }
    Ok(found)
}

/// What each shard's worker does, as far as the status files tell; a word for units it has not done.
fn shard_states(runs: &[OpenRun]) -> Result<RecordBatch, SessionError> {
    let mut states = std::collections::BTreeMap::new();
    for run in runs {
        for shard in run_status(&run.run)?.shards {
            let known = ["running", "silent", "lost", "interrupted", "stopped"];
            if known.contains(&shard.state.as_str()) {
                let reason = shard.last_error.unwrap_or_default();
                states.insert(shard.shard, (shard.state, reason));
            }
        }
    }
    let schema = Schema::new(vec![
        Field::new("shard", DataType::Int32, false),
        Field::new("state", DataType::Utf8, false),
        Field::new("reason", DataType::Utf8, false),
    ]);
    Ok(RecordBatch::try_new(
        std::sync::Arc::new(schema),
        vec![
            std::sync::Arc::new(Int32Array::from_iter_values(states.keys().map(|s| *s as i32))),
            std::sync::Arc::new(StringArray::from_iter_values(states.values().map(|s| &s.0))),
            std::sync::Arc::new(StringArray::from_iter_values(states.values().map(|s| &s.1))),
        ],
    )?)
}

/// Units whose files cannot be used.
pub(super) fn broken_units(broken: &[Broken]) -> Vec<Gap> {
    broken
        .iter()
        .map(|b| Gap {
            user_id: b.user_id.clone(),
            feature_mode: b.feature_mode.clone(),
            shard: b.shard,
            kind: "broken file".into(),
            reason: b.what.clone(),
        })
        .collect()
}

/// The winners whose files are whole.
pub(super) fn without(attempts: &Attempts, broken: &[Broken]) -> Vec<(usize, crate::store::LedgerRow)> {
    let bad: HashSet<(usize, &str)> = broken.iter().map(|b| (b.run, b.attempt.as_str())).collect();
    attempts
        .winners
        .iter()
        .filter(|(run, row)| !bad.contains(&(*run, row.attempt.as_str())))
        .cloned()
        .collect()
}

/// Tables of units that have another number of rows than planned, by `queries/merge/row_counts.sql`.
pub(super) async fn wrong_counts(
    session: &Session,
    definitions: Definitions<'_>,
) -> Result<Vec<Gap>, MergeError> {
    let sql = definitions.queries.get("merge/row_counts")?.fill(&[])?;
    let mut found = Vec::new();
    for batch in session.collect(&sql).await? {
        let (planned, there) =
            (batch.column(3).as_primitive::<Int64Type>(), batch.column(4).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            found.push(Gap {
                user_id: text(&batch, 0, row),
                feature_mode: text(&batch, 1, row),
                shard: 0,
                kind: "wrong row count".into(),
                reason: format!(
                    "table {}: {} rows, {} were planned",
                    text(&batch, 2, row),
                    there.value(row),
                    planned.value(row)
                ),
            });
        }
    }
    Ok(found)
}

/// Ledger files that cannot be read: some unit was done, and its record is lost.
pub(super) fn corrupt_ledger(runs: &[OpenRun]) -> Vec<Gap> {
    runs.iter()
        .flat_map(|run| run.ledger.corrupt.iter().map(move |(path, cause)| (run, path, cause)))
        .map(|(run, path, cause)| Gap {
            user_id: String::new(),
            feature_mode: String::new(),
            shard: crate::store::parse_path(path).map_or(0, |(_, shard, _)| shard),
            kind: "corrupt ledger file".into(),
            reason: format!(
                "{}/{path} {cause}; remove it and continue the run with --resume",
                run.run.dir().display()
            ),
        })
        .collect()
}

/// A text value of a result, whatever text type the engine chose.
pub(super) fn text(batch: &RecordBatch, column: usize, row: usize) -> String {
    let array = batch.column(column);
    if array.is_null(row) {
        return String::new();
    }
    let options = arrow::util::display::FormatOptions::default();
    arrow::util::display::ArrayFormatter::try_new(array, &options)
        .map(|f| f.value(row).to_string())
        .unwrap_or_default()
}
