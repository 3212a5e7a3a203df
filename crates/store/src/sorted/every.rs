//! All rows that count or must equal those that do, several a key: what is sorted once, for whoever merges parts of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::choice::{Choice, Choose};
use super::file::SortedFile;
use super::merge::{Merged, gather};
use super::order::Order;
use crate::schema::USER;
use crate::store::StoreError;

/// The rows of sorted files in the order of the key, without those that are left out.
#[derive(Debug)]
pub struct EveryRow {
    merged: Merged,
    columns: SchemaRef,
}

impl EveryRow {
    /// Opens the files of a table for its columns, sorted by user and key.
    pub fn open(
        files: Vec<SortedFile>,
        columns: SchemaRef,
        key: &[String],
        choice: &Arc<dyn Choice>,
    ) -> Result<Self, StoreError> {
        let sorted_by = std::iter::once(USER).chain(key.iter().map(String::as_str));
        let order = Order::new(Arc::clone(&columns), sorted_by)?;
        Ok(Self { merged: Merged::open(files, order, choice)?, columns })
    }

    /// The next rows, by their run; at the end none.
    pub fn next_rows(&mut self) -> Result<Option<BTreeMap<usize, RecordBatch>>, StoreError> {
        while let Some(chunk) = self.merged.next_chunk()? {
            let mut of_runs: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
            for (batch, row) in chunk.picks {
                let from = &chunk.batches[batch];
                let is_left = from.choices.as_ref().is_some_and(|choices| choices[row] == Choose::Leave);
                if !is_left {
                    of_runs.entry(from.file.run).or_default().push((batch, row));
                }
            }
            if !of_runs.is_empty() {
                let rows =
                    |(run, picks): (usize, Vec<_>)| Ok((run, gather(&chunk.batches, &picks, &self.columns)?));
                return of_runs.into_iter().map(rows).collect::<Result<_, StoreError>>().map(Some);
            }
        }
        Ok(None)
    }
}
