//! Names of commits that are taken so that nobody can commit under them.
//!
//! Before the data of a worker that is taken for dead are removed, the file of the ledger that would make them part of the
//! run is made without rows. If that succeeds, the worker cannot commit any more, however late its request arrives; if
//! it fails, the worker has committed, and its data are no leftovers. Such a file stays: readers find no rows in it.

use arrow::record_batch::RecordBatch;

use super::attempt::Writer;
use super::error::{StorageError, StoreError};
use super::file::{Footer, RowsOf, VOID, parquet_bytes};
use super::made::{Made, make};
use super::path::is_group;
use super::small::footer;
use super::storage::{Object, Storage};
use super::thrift::{BINARY, LIST, STRUCT, Thrift};
use crate::schema::{LEDGER, Schemas, columns};

/// What is said of a name that was made void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Void {
    /// Who did it.
    pub by: Writer,
}

/// What became of the name of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Voided {
    /// It is void now.
    Made,
    /// It was void before.
    WasThere(Void),
    /// There is a commit.
    Committed,
}

/// A file of the ledger without rows.
pub(super) fn void_object(
    path: &str,
    by: Writer,
    (run_id, config_fingerprint): (&str, &str),
) -> Result<Object, StoreError> {
    let schemas = Schemas::load(None)?;
    let schema = schemas.ledger()?;
    let columns = if is_group(path) { columns::grouped(schema) } else { columns::stored(schema) };
    let footer = Footer {
        run_id,
        rows_of: RowsOf::Nobody { void: &by.to_string() },
        schema: LEDGER,
        schema_version: schema.version,
        config_fingerprint,
    };
    let bytes = parquet_bytes(&RecordBatch::new_empty(columns), Some(&footer))?;
    Ok(Object { path: path.to_owned(), bytes })
}

/// Takes the name of a commit, unless there is one.
pub(crate) fn settle(storage: &dyn Storage, void: &Object) -> Result<Voided, StorageError> {
    Ok(match make(storage, void)? {
        Made::Ours => Voided::Made,
        Made::Theirs(there) => void_in(&there).map_or(Voided::Committed, Voided::WasThere),
    })
}

/// What the footer of a file of the ledger says, if its name was made void.
pub(crate) fn void_in(file: &[u8]) -> Option<Void> {
    let mut thrift = Thrift::new(footer(file)?, 0);
    let mut found = None;
    thrift.fields(|thrift, number, kind| {
        if (number, kind) != (5, LIST) {
            return Some(false);
        }
        let (kind, length) = thrift.list()?;
        (kind == STRUCT).then_some(())?;
        for _ in 0..length {
            let (mut key, mut value) = (None, None);
            thrift.fields(|thrift, number, kind| {
                let text = match (number, kind) {
                    (1, BINARY) => &mut key,
                    (2, BINARY) => &mut value,
                    _ => return Some(false),
                };
                *text = Some(thrift.binary()?);
                Some(true)
            })?;
            if key == Some(VOID.as_bytes()) {
                found = value;
            }
        }
        Some(true)
    })?;
    Some(Void { by: Writer::parse(std::str::from_utf8(found?).ok()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Assignment, MemoryStorage};

    fn by(lease: u64) -> Writer {
        Writer { share: Assignment { index: 1, of: 4 }, lease: Some(lease) }
    }

    #[test]
    fn a_void_says_who_made_it() {
        for path in ["users/shard=1/user_bucket=0000/a.parquet", "users/shard=1/user_id=a/a.parquet"] {
            let void = void_object(path, by(8), ("r", "c")).unwrap();
            assert_eq!(void_in(&void.bytes), Some(Void { by: by(8) }));
        }
        let rows = RecordBatch::new_empty(columns::stored(Schemas::load(None).unwrap().ledger().unwrap()));
        for other in [parquet_bytes(&rows, None).unwrap(), Vec::new(), b"PAR1PAR1".to_vec()] {
            assert_eq!(void_in(&other), None);
        }
    }

    #[test]
    fn either_the_commit_or_the_void_is_first() {
        let storage = MemoryStorage::new();
        let void = |path: &str, lease| void_object(path, by(lease), ("r", "c")).unwrap();
        assert_eq!(settle(&storage, &void("a", 2)).unwrap(), Voided::Made);
        // Asked again since the answer was lost.
        assert_eq!(settle(&storage, &void("a", 2)).unwrap(), Voided::Made);
        assert_eq!(settle(&storage, &void("a", 3)).unwrap(), Voided::WasThere(Void { by: by(2) }));
        let _ = make(&storage, &Object { path: "b".into(), bytes: b"rows".into() }).unwrap();
        assert_eq!(settle(&storage, &void("b", 2)).unwrap(), Voided::Committed);
    }
}
