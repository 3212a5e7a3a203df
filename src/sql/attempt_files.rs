//! Which files hold the rows of runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::{ColumnarValue, Expr, Volatility, create_udf};

use super::files::TableFile;
use crate::attempts::{Attempts, IndexedFile, OpenRun};
use crate::store::StoreError;

/// Files of one table.
#[derive(Debug, Default)]
pub(super) struct TableFiles {
    /// Files that hold one unit.
    pub(super) units: Vec<TableFile>,
    /// Files that hold several, by run.
    pub(super) groups: BTreeMap<usize, Vec<TableFile>>,
}

impl TableFiles {
    /// The files of a table of runs; without those that hold only an attempt that does not count, if it is said
    /// which do.
    pub(super) fn of(runs: &[OpenRun], attempts: Option<&Attempts>, table: &str) -> Result<Self, StoreError> {
        let mut files = Self::default();
        for (place, run) in runs.iter().enumerate() {
            for file in run.index()?.files.iter().filter(|file| *file.table == *table) {
                match &file.owner {
                    None => files.groups.entry(place).or_default().push(found(run, file)),
                    Some((_, attempt)) if attempts.is_none_or(|all| all.counts(place, attempt)) => {
                        files.units.push(found(run, file));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(files)
    }
}

fn found(run: &OpenRun, file: &IndexedFile) -> TableFile {
    TableFile {
        path: std::path::Path::new(&run.run.name()).join(&file.path),
        bytes: file.bytes,
        owner: file.owner.clone(),
        shard: file.shard,
        run: run.name.clone(),
    }
}

/// Whether the attempt in a column counts. A list of them in the query would have to be planned.
pub(super) fn counts(name: &str, attempts: &Arc<Attempts>, run: usize, attempt: Expr) -> Expr {
    let attempts = Arc::clone(attempts);
    let counts = move |args: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let mut last: Option<(&str, bool)> = None;
        let rows = arrays[0].as_string::<i32>();
        let mut found = Vec::with_capacity(rows.len());
        for attempt in rows.iter().map(Option::unwrap_or_default) {
            // Rows of an attempt are neighbours.
            let counts = match last {
                Some((known, known_counts)) if known == attempt => known_counts,
                _ => attempts.counts(run, attempt),
            };
            last = Some((attempt, counts));
            found.push(counts);
        }
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(found))))
    };
    let function =
        create_udf(name, vec![DataType::Utf8], DataType::Boolean, Volatility::Immutable, Arc::new(counts));
    function.call(vec![attempt])
}
