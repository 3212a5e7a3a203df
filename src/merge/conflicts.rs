//! Do duplicates agree? Two attempts of a unit must, to the last bit.

use std::collections::HashSet;

use super::MergeError;
use super::gaps::text;
use super::verify::Broken;
use crate::query::{Attempts, Definitions, OpenRun, Session, ident, literal};
use crate::schema::TableSchema;

/// A value in which two attempts of a unit differ.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Conflict {
    /// The table.
    pub table: String,
    /// The user.
    pub user_id: String,
    /// The key of the row.
    pub row_key: String,
    /// The column.
    pub column: String,
    /// The value of the attempt that speaks for the unit.
    pub one: String,
    /// The other value.
    pub other: String,
    /// Run and attempt of the first.
    pub one_source: String,
    /// Run and attempt of the other.
    pub other_source: String,
}

/// Compares every duplicate with the attempt that speaks for its unit.
pub(super) async fn find(
    session: &Session,
    runs: &[OpenRun],
    attempts: &Attempts,
    broken: &[Broken],
    definitions: Definitions<'_>,
) -> Result<Vec<Conflict>, MergeError> {
    if attempts.duplicates.is_empty() {
        return Ok(Vec::new());
    }
    let bad: HashSet<(usize, &str)> = broken.iter().map(|b| (b.run, b.attempt.as_str())).collect();
    let whole = |rows: &[(usize, crate::store::LedgerRow)]| -> Vec<_> {
        rows.iter().filter(|(run, row)| !bad.contains(&(*run, row.attempt.as_str()))).cloned().collect()
    };
    let others = whole(&attempts.duplicates);
    let doubled: HashSet<(&str, &str)> =
        others.iter().map(|(_, r)| (r.user_id.as_str(), r.feature_mode.as_str())).collect();
    let ones: Vec<_> = whole(&attempts.winners)
        .into_iter()
        .filter(|(_, r)| doubled.contains(&(r.user_id.as_str(), r.feature_mode.as_str())))
        .collect();
    session.register_files("one", runs, &ones, definitions)?;
    session.register_files("other", runs, &others, definitions)?;
    let mut conflicts = Vec::new();
    for schema in definitions.schemas.data_tables().filter(|s| !s.key.is_empty()) {
        conflicts.extend(in_table(session, schema, definitions).await?);
    }
    Ok(conflicts)
}

async fn in_table(
    session: &Session,
    schema: &TableSchema,
    definitions: Definitions<'_>,
) -> Result<Vec<Conflict>, MergeError> {
    let same_key: Vec<String> = std::iter::once("user_id")
        .chain(schema.key.iter().map(String::as_str))
        .map(|k| format!("w.{0} = d.{0}", ident(k)))
        .collect();
    let key_text: Vec<String> = schema
        .key
        .iter()
        .map(|k| format!("'{k} ', coalesce(CAST(w.{0} AS VARCHAR), CAST(d.{0} AS VARCHAR), '')", ident(k)))
        .collect();
    let key_text = format!("concat({})", key_text.join(", ', ', "));
    let mut conflicts = Vec::new();
    for column in schema.stored() {
        let sql = definitions.queries.get("merge/conflict")?.fill(&[
            ("table", &ident(&schema.table)),
            ("column", &ident(&column.name)),
            ("column_name", &literal(&column.name)),
            ("key_text", &key_text),
            ("same_key", &same_key.join(" AND ")),
        ])?;
        for batch in session.collect(&sql).await? {
            conflicts.extend((0..batch.num_rows()).map(|row| Conflict {
                table: schema.table.clone(),
                user_id: text(&batch, 0, row),
                row_key: text(&batch, 1, row),
                column: text(&batch, 2, row),
                one: text(&batch, 3, row),
                other: text(&batch, 4, row),
                one_source: text(&batch, 5, row),
                other_source: text(&batch, 6, row),
            }));
        }
    }
    Ok(conflicts)
}
