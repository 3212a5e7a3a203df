//! Thousands of small files of units as a few batches: a reader for each takes far longer than their rows.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use super::error::ChangedFile;
use super::parquet::{Asked, Columns};
use crate::sorted::{TableFile, Together};
use crate::store::SMALL;

/// Files that become one batch, at most.
const TOGETHER: usize = 1024;

/// Rows of a batch that takes no further file.
const ROWS: u64 = 8192;

/// Bytes of files that become one batch, at most, unless one alone has more.
const BYTES: u64 = 8 << 20;

/// Whether a file is of the form of small files, as far as the ledger tells.
pub(super) fn is_small(file: &TableFile) -> bool {
    file.file.is_of_unit() && file.rows <= SMALL as u64
}

/// Reads small files of units.
pub(super) fn plan(
    files: &Arc<Vec<TableFile>>,
    places: &[usize],
    columns: &Columns,
    asked: &Asked<'_>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let shown = asked.shown(columns.all())?;
    let groups = groups(files, places, asked.partitions.max(1));
    let a_part = groups.len().div_ceil(asked.partitions.max(1)).max(1);
    let part = |groups: &[Vec<usize>]| -> Arc<dyn PartitionStream> {
        Arc::new(Part {
            files: Arc::clone(files),
            groups: groups.to_vec(),
            columns: columns.clone(),
            projection: asked.columns.cloned(),
            shown: Arc::clone(&shown),
        })
    };
    let parts = groups.chunks(a_part).map(part).collect();
    let exec = StreamingTableExec::try_new(Arc::clone(&shown), parts, None, None, false, asked.limit)?;
    Ok(Arc::new(exec))
}

/// Files that are read together; so many groups that every partition has one, if there are enough files.
fn groups(files: &[TableFile], places: &[usize], partitions: usize) -> Vec<Vec<usize>> {
    let most = (places.len() / partitions).clamp(1, TOGETHER);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    for place in places {
        let file = &files[*place];
        match groups.last_mut() {
            Some(group) if group.len() < most && rows < ROWS && bytes + file.bytes <= BYTES => {
                group.push(*place);
            }
            _ => {
                groups.push(vec![*place]);
                (rows, bytes) = (0, 0);
            }
        }
        (rows, bytes) = (rows + file.rows, bytes + file.bytes);
    }
    groups
}

/// What partitions that read small files are called: of a partition, a plan says no more than its words.
const NAME: &str = "small files of units";

/// Whether a step of a plan reads small files.
pub(super) fn reads(step: &StreamingTableExec) -> bool {
    step.partitions().iter().all(|part| format!("{part:?}") == NAME)
}

/// What one partition reads.
#[derive(Clone)]
struct Part {
    files: Arc<Vec<TableFile>>,
    groups: Vec<Vec<usize>>,
    columns: Columns,
    projection: Option<Vec<usize>>,
    shown: SchemaRef,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.shown
    }

    fn execute(&self, ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let part = Arc::new(self.clone());
        let read = move |group| read(Arc::clone(&part), group, Arc::clone(&ctx));
        let rows = stream::iter(0..self.groups.len()).then(read).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.shown), rows))
    }
}

type Rows = BoxStream<'static, Result<RecordBatch>>;

/// The rows of a group of files. Those that are of another form, or damaged, are left to the engine's reader, which
/// tells what is wrong with them.
async fn read(part: Arc<Part>, group: usize, ctx: Arc<TaskContext>) -> Result<Rows> {
    let reading = Arc::clone(&part);
    let together = move || Together::read(&reading.files_of(group), &reading.shown);
    let Together { rows, alone, changed } = SpawnedTask::spawn_blocking(together)
        .join_unwind()
        .await
        .map_err(|e| DataFusionError::External(Box::new(e)))?;
    if let Some(place) = changed.first() {
        let file = part.files_of(group)[*place];
        return Err(DataFusionError::External(Box::new(ChangedFile::of(&file.file))));
    }
    let rows = stream::iter(rows.into_iter().filter(|rows| rows.num_rows() > 0).map(Ok));
    if alone.is_empty() {
        return Ok(rows.boxed());
    }
    let files = part.files_of(group);
    let files: Vec<&TableFile> = alone.into_iter().map(|place| files[place]).collect();
    let asked = Asked { columns: part.projection.as_ref(), limit: None, partitions: 1 };
    let others = part.columns.plan(&files, &asked, &ctx.runtime_env())?.execute(0, ctx)?;
    Ok(rows.chain(others).boxed())
}

impl Part {
    fn files_of(&self, group: usize) -> Vec<&TableFile> {
        self.groups[group].iter().map(|place| &self.files[*place]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sorted::{Owner, SortedFile};
    use crate::store::{MemoryStorage, Storage};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn groups_have_every_file_once_and_in_order(
            sizes in prop::collection::vec((0u64..3000, 0u64..3 << 20), 0..200), partitions in 1usize..5,
        ) {
            let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
            let owner = Owner::Unit { user_id: "u".into(), attempt: "a".into() };
            let file = |(rows, bytes): &(u64, u64)| TableFile {
                file: SortedFile::stored(0, "r", 0, owner.clone(), &storage, "f"),
                rows: *rows,
                bytes: *bytes,
                checksum: None,
            };
            let files: Vec<TableFile> = sizes.iter().map(file).collect();
            let places: Vec<usize> = (0..files.len()).filter(|place| place % 7 != 3).collect();
            let found = groups(&files, &places, partitions);
            prop_assert_eq!(found.concat(), places.clone());
            prop_assert!(found.len() >= partitions.min(places.len()));
            for group in found.iter().filter(|group| group.len() > 1) {
                prop_assert!(group.iter().map(|place| files[*place].bytes).sum::<u64>() <= BYTES);
                let before_the_last = &group[..group.len() - 1];
                prop_assert!(before_the_last.iter().map(|place| files[*place].rows).sum::<u64>() < ROWS);
            }
        }
    }
}
