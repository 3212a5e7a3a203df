//! Which of the predecessor's significance calls change, now that the correction covers all users.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use serde::Serialize;

use super::error::MergeError;
use crate::legacy::Call;
use crate::sql::{Definitions, Session, SessionError, ident, literal};

/// A call that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedCall {
    /// Name of the directory.
    pub source: String,
    /// What the directory has.
    #[serde(flatten)]
    pub call: Call,
    /// q over all users.
    pub q_now: Option<f64>,
}

/// Compares the calls with the merged tables of a session.
pub(super) async fn changed(
    session: &Session,
    calls: &[(String, Call)],
    alpha: f64,
    definitions: Definitions<'_>,
) -> Result<Vec<ChangedCall>, MergeError> {
    session.batch("legacy_calls", batch(calls).map_err(SessionError::from)?)?;
    let columns: BTreeSet<(&str, &str)> =
        calls.iter().map(|(_, call)| (call.table.as_str(), call.column.as_str())).collect();
    let mut found = Vec::new();
    for (table, column) in columns {
        let Ok(schema) = definitions.schemas.get(table) else { continue };
        let has_tau = schema.key.iter().any(|key| key == "tau");
        let sql = definitions.queries.get("merge/changed_calls")?.fill(&[
            ("table", &ident(table)),
            ("table_name", &literal(table)),
            ("column", &ident(column)),
            ("column_name", &literal(column)),
            ("same_tau", if has_tau { " AND t.tau = c.tau" } else { "" }),
            ("alpha", &format!("CAST('{alpha:e}' AS DOUBLE)")),
        ])?;
        for batch in session.collect(&sql).await? {
            let (place, q) =
                (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Float64Type>());
            found.extend(place.values().iter().zip(q).map(|(place, q_now)| {
                let (source, call) = calls[*place as usize].clone();
                ChangedCall { source, call, q_now }
            }));
        }
    }
    Ok(found)
}

fn batch(calls: &[(String, Call)]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let schema = Schema::new(vec![
        Field::new("place", DataType::Int64, false),
        text("source"),
        text("table_name"),
        text("user_id"),
        text("feature_mode"),
        Field::new("tau", DataType::Int64, true),
        text("column_name"),
        Field::new("q", DataType::Float64, false),
    ]);
    let texts =
        |f: fn(&(String, Call)) -> &String| Arc::new(StringArray::from_iter_values(calls.iter().map(f)));
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(Int64Array::from_iter_values(0..calls.len() as i64)),
            texts(|(source, _)| source),
            texts(|(_, call)| &call.table),
            texts(|(_, call)| &call.user_id),
            texts(|(_, call)| &call.feature_mode),
            Arc::new(calls.iter().map(|(_, call)| call.tau).collect::<Int64Array>()),
            texts(|(_, call)| &call.column),
            Arc::new(Float64Array::from_iter_values(calls.iter().map(|(_, call)| call.q))),
        ],
    )
}
