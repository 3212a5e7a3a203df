//! What befell the workers of runs, as rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use super::error::TableError;
use crate::attempts::OpenRun;
use crate::event::{Event, EventKind, Mishap, keeps_events, kept_events};
use crate::store::StoreError;

/// The name of the table.
pub(super) const TABLE: &str = "events";

/// A row.
struct Happened {
    run: String,
    at_us: i64,
    shard: i64,
    what: &'static str,
    users: Option<String>,
    cause: Option<String>,
}

/// Whether a run says what befell its workers. One whose storage cannot be asked fails when its rows are.
pub(super) fn are_kept(runs: &[OpenRun]) -> bool {
    runs.iter().any(|run| keeps_events(run.run.storage()).unwrap_or(true))
}

/// The events of runs that were kept, in their order. A line that cannot be read is left out.
pub(super) fn events_of(runs: &[OpenRun]) -> Result<RecordBatch, TableError> {
    let mut all = Vec::new();
    for run in runs {
        let events = kept_events(run.run.storage()).map_err(StoreError::from)?.into_iter();
        // That a worker begins again is told by its restart.
        let mut restarting = BTreeSet::new();
        all.extend(events.filter_map(|event| {
            let shard = event.shard;
            let is_restart = matches!(event.kind, EventKind::ShardRestarting { .. });
            let is_start = matches!(event.kind, EventKind::ShardStarted { .. });
            if is_restart {
                restarting.insert(shard);
            } else if is_start && restarting.remove(&shard) {
                return None;
            }
            happened(&run.name, event)
        }));
    }
    let texts = |of: &dyn Fn(&Happened) -> Option<String>| -> ArrayRef {
        Arc::new(all.iter().map(of).collect::<StringArray>())
    };
    let schema = Schema::new(vec![
        Field::new("run", DataType::Utf8, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("shard", DataType::Int64, false),
        Field::new("event", DataType::Utf8, true),
        Field::new("user_id", DataType::Utf8, true),
        Field::new("cause", DataType::Utf8, true),
    ]);
    let at = TimestampMicrosecondArray::from_iter_values(all.iter().map(|row| row.at_us));
    let columns: Vec<ArrayRef> = vec![
        texts(&|row| Some(row.run.clone())),
        Arc::new(at.with_timezone("UTC")),
        Arc::new(Int64Array::from_iter_values(all.iter().map(|row| row.shard))),
        texts(&|row| Some(row.what.to_owned())),
        texts(&|row| row.users.clone()),
        texts(&|row| row.cause.clone()),
    ];
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}

fn happened(run: &str, event: Event) -> Option<Happened> {
    let (at_us, shard) = (event.at_us, i64::from(event.shard));
    let Mishap { what, users, cause } = match event.kind {
        EventKind::ShardStarted { already_done: 0, .. } => {
            Mishap { what: "started", users: None, cause: None }
        }
        EventKind::ShardStarted { already_done, .. } => {
            Mishap { what: "resumed", users: None, cause: Some(format!("{already_done} units were done")) }
        }
        _ => event.mishap()?,
    };
    Some(Happened { run: run.to_owned(), at_us, shard, what, users, cause })
}
