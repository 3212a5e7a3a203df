//! Many small files of single units as few batches: each is opened once, however often the table is asked for.

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use rayon::prelude::*;

use super::file::{Owner, SortedFile};
use crate::store::{StoreError, sort_rows};

/// So few files are read as they are.
const FEW: usize = 32;

/// Files that become one batch.
const TOGETHER: usize = 1024;

/// Bytes of files above which they are read as they are, again and again, rather than held.
const MOST_BYTES: u64 = 1 << 29;

/// The same rows with those of units' own files in memory; files of groups stay where they are.
pub(crate) fn gathered(
    files: Vec<SortedFile>,
    bytes: u64,
    columns: &SchemaRef,
    key: &[String],
) -> Result<Vec<SortedFile>, StoreError> {
    let (mut units, mut groups): (Vec<SortedFile>, Vec<SortedFile>) =
        files.into_iter().partition(|file| matches!(file.owner, Owner::Unit { .. }));
    if units.len() <= FEW || bytes > MOST_BYTES {
        groups.extend(units);
        return Ok(groups);
    }
    units.sort_by(|a, b| (a.run, a.user()).cmp(&(b.run, b.user())));
    let parts: Vec<&[SortedFile]> =
        units.chunk_by(|a, b| a.run == b.run).flat_map(|of_run| of_run.chunks(TOGETHER)).collect();
    let together = |part: &&[SortedFile]| -> Result<SortedFile, StoreError> {
        let rows = part.iter().map(|file| file.whole(columns)).collect::<Result<Vec<_>, _>>()?;
        let rows = sort_rows(&concat_batches(columns, &rows)?, key)?;
        Ok(SortedFile::rows(part[0].run, &part[0].run_name, rows))
    };
    groups.extend(parts.par_iter().map(together).collect::<Result<Vec<_>, _>>()?);
    Ok(groups)
}
