//! Committing a unit.

use std::sync::atomic::{AtomicU32, Ordering};

use super::StoreError;
use super::file::{Footer, parquet_bytes};
use super::ledger::{DataFile, LedgerRow, UnitState};
use super::path::data_file;
use super::run::Run;
use super::storage::Object;
use crate::schema::{Row, Schemas, record_batch};

/// Rows of one table.
pub type TableRows = (String, Vec<Row>);

/// A name no other attempt of any machine has: time, and a hash of process, machine and counter.
pub fn new_attempt_id() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let now = chrono::Utc::now();
    let host = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let unique =
        format!("{}|{}|{n}|{host}", now.timestamp_nanos_opt().unwrap_or_default(), std::process::id());
    let hash = blake3::hash(unique.as_bytes()).to_hex();
    format!("{}-{}", now.format("%Y%m%dT%H%M%S"), &hash[..12])
}

/// Writes a unit: first its data files, then the ledger row that makes them part of the run.
///
/// `row.files` is filled in here. Rows that break their schema, or files that cannot be written,
/// leave the run as it was.
pub fn commit(
    run: &Run,
    schemas: &Schemas,
    row: &mut LedgerRow,
    tables: &[TableRows],
) -> Result<(), StoreError> {
    let mut objects = Vec::with_capacity(tables.len() + 1);
    row.files.clear();
    if row.state == UnitState::Ok || tables.iter().any(|(_, rows)| !rows.is_empty()) {
        for (table, rows) in tables {
            let object = encode(run, schemas, row, table, rows)?;
            row.files.push(DataFile {
                table: table.clone(),
                file: object.path.clone(),
                rows: rows.len() as u64,
                bytes: object.bytes.len() as u64,
                checksum: checksum(&object.bytes),
            });
            objects.push(object);
        }
    }
    objects.push(encode(run, schemas, row, "users", &[row.to_row()])?);
    run.storage().publish(&objects)?;
    Ok(())
}

/// BLAKE3 of a file's bytes.
pub fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn encode(
    run: &Run,
    schemas: &Schemas,
    row: &LedgerRow,
    table: &str,
    rows: &[Row],
) -> Result<Object, StoreError> {
    let schema = schemas.get(table)?;
    let footer = Footer {
        run_id: &run.manifest().run_id,
        user_id: &row.user_id,
        feature_mode: &row.feature_mode,
        attempt: &row.attempt,
        schema: table,
        schema_version: schema.version,
        config_fingerprint: &row.config_fingerprint,
    };
    let bytes = parquet_bytes(&record_batch(schema, rows)?, Some(&footer))?;
    Ok(Object { path: data_file(table, row.shard, &row.user_id, &row.attempt), bytes })
}
