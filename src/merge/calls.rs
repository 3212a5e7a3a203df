//! Which of the predecessor's significance calls change, now that the correction covers all users.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use serde::Serialize;

use super::MergeError;
use crate::legacy::Call;
use crate::query::{Definitions, Session, SessionError, ident, literal};

/// A call that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedCall {
    /// Name of the directory.
    pub source: String,
    /// The table.
    pub table: String,
    /// The user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// The lag, for tables with a row a lag.
    pub tau: Option<i64>,
    /// The column, such as `q_A2S`.
    pub column: String,
    /// The p both are made of.
    pub p: Option<f64>,
    /// q over the users of the shard.
    pub q_then: f64,
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
            found.extend((0..batch.num_rows()).map(|row| changed_call(&batch, row, table, column)));
        }
    }
    Ok(found)
}

fn changed_call(batch: &RecordBatch, row: usize, table: &str, column: &str) -> ChangedCall {
    let text = |place: usize| {
        let value = arrow::util::display::array_value_to_string(batch.column(place), row);
        value.unwrap_or_default()
    };
    let float = |place: usize| {
        let values = batch.column(place).as_primitive::<Float64Type>();
        values.is_valid(row).then(|| values.value(row))
    };
    let tau = batch.column(3).as_primitive::<Int64Type>();
    ChangedCall {
        source: text(0),
        table: table.to_owned(),
        user_id: text(1),
        feature_mode: text(2),
        tau: tau.is_valid(row).then(|| tau.value(row)),
        column: column.to_owned(),
        p: float(5),
        q_then: float(6).unwrap_or(f64::NAN),
        q_now: float(7),
    }
}

fn batch(calls: &[(String, Call)]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let float = |name: &str| Field::new(name, DataType::Float64, true);
    let schema = Schema::new(vec![
        text("source"),
        text("table_name"),
        text("user_id"),
        text("feature_mode"),
        Field::new("tau", DataType::Int64, true),
        text("column_name"),
        float("p"),
        float("q"),
    ]);
    let texts =
        |f: fn(&(String, Call)) -> &String| Arc::new(StringArray::from_iter_values(calls.iter().map(f)));
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            texts(|(source, _)| source),
            texts(|(_, call)| &call.table),
            texts(|(_, call)| &call.user_id),
            texts(|(_, call)| &call.feature_mode),
            Arc::new(calls.iter().map(|(_, call)| call.tau).collect::<Int64Array>()),
            texts(|(_, call)| &call.column),
            Arc::new(calls.iter().map(|(_, call)| call.p).collect::<Float64Array>()),
            Arc::new(calls.iter().map(|(_, call)| Some(call.q)).collect::<Float64Array>()),
        ],
    )
}
