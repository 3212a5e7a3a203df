//! The files of measures.

use super::entry::Entry;
use super::finding::{Findings, Kind};
use super::layout::LegacyFile;
use super::record::Record;
use super::sheet::{MAKE_AGAIN, records};
use super::unit::Call;
use super::value::cell;
use crate::measures::Mended;
use crate::schema::{Cell, ColumnType, Derived, Row, SchemaError, Schemas, TableSchema, record_batch};

/// Rows of a file, and the significance calls it made.
pub(super) fn read(
    file: &LegacyFile,
    bytes: &[u8],
    schemas: &Schemas,
    findings: &mut Findings,
) -> Result<(Vec<Entry>, Vec<Call>), SchemaError> {
    let schema = schemas.get(file.table)?;
    let (mut entries, mut calls) = (Vec::new(), Vec::new());
    for record in records(file, bytes, findings) {
        match entry(file, schema, &record, findings) {
            Ok(mut entry) => {
                settle(file, &mut entry, findings);
                calls.extend(calls_of(schema, &record, &entry, findings));
                entries.push(entry);
            }
            Err(what) => findings.add(file.file, record.line, Kind::Unreadable, what, MAKE_AGAIN),
        }
    }
    Ok((entries, calls))
}

fn entry(
    file: &LegacyFile,
    schema: &TableSchema,
    record: &Record,
    findings: &mut Findings,
) -> Result<Entry, String> {
    let user_id = record.required("user_id")?.to_owned();
    let feature_mode = record.required("feature_mode")?.to_owned();
    let mut row = Row::new();
    for column in schema.stored() {
        let Some(name) = file.column(&column.name) else { continue };
        let text = record.get(name).unwrap_or_default();
        let value = match cell(column.kind, text) {
            Ok(value) => value,
            // A flag costs no result.
            Err(what) if column.nullable && column.kind == ColumnType::Bool => {
                let what = format!("column `{name}`: {what}; it was taken as empty, the row is kept");
                findings.add(file.file, record.line, Kind::Doubtful, what, "");
                Cell::Null
            }
            Err(what) => return Err(format!("column `{name}`: {what}; the row is left out")),
        };
        row.0.push((name, value));
    }
    keep_contract(schema, std::slice::from_ref(&row))?;
    let whole = |name: &str| match value(&row, name) {
        Some(Cell::Int(value)) => Some(*value),
        _ => None,
    };
    let (tau, n_samples, k) = (whole("tau"), whole("n_samples"), whole("k"));
    let (file, table) = (file.file, file.table);
    Ok(Entry { file, line: record.line, table, user_id, feature_mode, tau, rows: vec![row], n_samples, k })
}

/// The store would refuse the whole unit for one row that breaks its schema.
pub(super) fn keep_contract(schema: &TableSchema, rows: &[Row]) -> Result<(), String> {
    match record_batch(schema, rows) {
        Ok(_) => Ok(()),
        Err(fault) => Err(format!("column `{}`: {}; the row is left out", fault.column, fault.fault)),
    }
}

fn value<'a>(row: &'a Row, column: &str) -> Option<&'a Cell> {
    row.0.iter().find(|(name, _)| *name == column).map(|(_, cell)| cell)
}

/// Values that are there and cannot be meant.
fn settle(file: &LegacyFile, entry: &mut Entry, findings: &mut Findings) {
    let line = entry.line;
    for row in &mut entry.rows {
        for (name, cell) in &row.0 {
            if name.starts_with("p_") && *cell == Cell::Float(0.0) {
                let what = format!(
                    "{name} is exactly 0, which (1 + exceedances) / (1 + surrogates) cannot be; it is kept"
                );
                let remedy = "what rests on these rows is too significant; make them again for a valid p";
                findings.add(file.file, line, Kind::ZeroP, what, remedy);
            }
        }
        for Mended { what, remedy } in (file.mend)(row) {
            findings.add(file.file, line, Kind::Doubtful, what, remedy);
        }
    }
}

/// The q values of a row. They are no results of the unit, since they rest on the users of one shard only.
fn calls_of(schema: &TableSchema, record: &Record, entry: &Entry, findings: &mut Findings) -> Vec<Call> {
    let mut calls = Vec::new();
    for (column, derived) in schema.derived() {
        let Derived::Q { q_of, .. } = derived else { continue };
        let Some(text) = record.get(&column.name) else { continue };
        let q = match cell(ColumnType::Float, text) {
            Ok(Cell::Float(q)) => q,
            Ok(_) => continue,
            Err(what) => {
                let what = format!("column `{}`: {what}; the q is left out, the row is not", column.name);
                findings.add(entry.file, entry.line, Kind::Doubtful, what, "");
                continue;
            }
        };
        let p = match entry.rows.first().and_then(|row| value(row, q_of)) {
            Some(Cell::Float(p)) => Some(*p),
            _ => None,
        };
        calls.push(Call {
            table: entry.table.to_owned(),
            user_id: entry.user_id.clone(),
            feature_mode: entry.feature_mode.clone(),
            tau: entry.tau,
            column: column.name.clone(),
            p,
            q,
        });
    }
    calls
}
