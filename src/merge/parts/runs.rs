//! Sorted runs: of each share of the files one a table, its row groups cut at the bounds of the parts, so that the rows of a
//! part are one piece of each run.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use super::bounds::Bounds;
use super::divided::Divided;
use super::files::{length_of, new_file};
use super::making::Making;
use super::record::PartFile;
use crate::export::ExportError;
use crate::merge::error::MergeError;
use crate::merge::place::hash_in;
use crate::merge::stage::Stage;
use crate::merge::survey::Survey;
use crate::schema::{TableSchema, USER};
use crate::sorted::EveryRow;
use crate::store::of_many;

/// Most rows of a row group.
const ROW_GROUP: usize = 1 << 17;

impl Divided<'_> {
    /// Sorts a share of the files.
    pub(super) async fn sort(&self, survey: &Survey, share: u32) -> Result<(), MergeError> {
        let mut making = Making::of(&self.exchange, Stage::Runs, share)?;
        for schema in self.schemas_of_rows()? {
            let share = (share, self.parts.count);
            let Some(rows) = survey.files.every_row(schema, share, self.runs, &survey.attempts)? else {
                continue;
            };
            for (run, written) in self.run_of_table(making.dir(), schema, rows)? {
                let pieces = written.finish(&schema.table, run)?;
                making.pieces(&pieces.0, pieces.1).await?;
            }
        }
        making.finish(&())?;
        Ok(())
    }

    /// The rows of a table, in a file for each run that they are of.
    fn run_of_table<'b>(
        &'b self,
        dir: &Path,
        schema: &TableSchema,
        mut rows: EveryRow,
    ) -> Result<BTreeMap<usize, SortedRun<'b>>, MergeError> {
        let mut runs: BTreeMap<usize, SortedRun<'b>> = BTreeMap::new();
        while let Some(of_runs) = rows.next_rows()? {
            for (run, batch) in of_runs {
                let sorted = match runs.entry(run) {
                    Entry::Occupied(there) => there.into_mut(),
                    Entry::Vacant(none) => {
                        let path = dir.join(format!("{}-{run}.parquet", schema.table));
                        none.insert(SortedRun::new(path, &batch, &self.bounds)?)
                    }
                };
                sorted.push(&batch)?;
            }
        }
        Ok(runs)
    }
}

/// A run that is being written.
struct SortedRun<'b> {
    path: PathBuf,
    writer: ArrowWriter<Box<dyn Write + Send>>,
    bounds: &'b Bounds,
    /// The part whose rows are being written.
    part: u32,
    /// Row groups by part.
    groups: Vec<(u32, Range<usize>)>,
}

impl<'b> SortedRun<'b> {
    fn new(path: PathBuf, like: &RecordBatch, bounds: &'b Bounds) -> Result<Self, MergeError> {
        let properties = of_many(&like.schema())
            .set_created_by(format!("results version {}", env!("CARGO_PKG_VERSION")))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let file: Box<dyn Write + Send> = Box::new(new_file(&path)?);
        let writer =
            ArrowWriter::try_new(file, like.schema(), Some(properties)).map_err(ExportError::from)?;
        Ok(Self { path, writer, bounds, part: 0, groups: Vec::new() })
    }

    /// Writes rows, which come in the order of users.
    fn push(&mut self, batch: &RecordBatch) -> Result<(), MergeError> {
        let Some(users) = batch.column_by_name(USER).and_then(|users| users.as_string_opt::<i32>()) else {
            return Ok(());
        };
        let mut at = 0;
        while at < batch.num_rows() {
            let part = self.bounds.part_of(users.value(at));
            if part != self.part {
                self.cut()?;
                self.part = part;
            }
            let end = match self.bounds.end_of(part) {
                Some(end) => at + first(batch.num_rows() - at, |row| users.value(at + row) >= end),
                None => batch.num_rows(),
            };
            self.writer.write(&batch.slice(at, end - at)).map_err(ExportError::from)?;
            at = end;
        }
        Ok(())
    }

    /// Ends the row groups of a part.
    fn cut(&mut self) -> Result<(), MergeError> {
        self.writer.flush().map_err(ExportError::from)?;
        let start = self.groups.last().map_or(0, |(_, groups)| groups.end);
        let end = self.writer.flushed_row_groups().len();
        if end > start {
            self.groups.push((self.part, start..end));
        }
        Ok(())
    }

    /// The file, and its pieces by part.
    fn finish(mut self, table: &str, run: usize) -> Result<(PathBuf, Vec<PartFile>), MergeError> {
        self.cut()?;
        let footer = self.writer.close().map_err(ExportError::from)?;
        let mut pieces = Vec::new();
        for (part, groups) in self.groups {
            let (offset, length) = bytes_of(&footer, &groups);
            pieces.push(PartFile {
                name: table.to_owned(),
                path: String::new(),
                run,
                part: Some(part),
                groups,
                offset,
                length,
                checksum: hash_in(&self.path, offset, length)?,
            });
        }
        // What says where they are, which every reader needs.
        let offset = pieces.iter().map(|piece| piece.offset + piece.length).max().unwrap_or_default();
        let length = length_of(&self.path)?.saturating_sub(offset);
        let checksum = hash_in(&self.path, offset, length)?;
        let (name, path) = (table.to_owned(), String::new());
        pieces.push(PartFile { name, path, run, part: None, groups: 0..0, offset, length, checksum });
        Ok((self.path, pieces))
    }
}

/// Where the bytes of row groups are.
fn bytes_of(footer: &ParquetMetaData, groups: &Range<usize>) -> (u64, u64) {
    let groups = footer.row_groups().get(groups.clone()).unwrap_or_default();
    let ranges = || groups.iter().flat_map(RowGroupMetaData::columns).map(ColumnChunkMetaData::byte_range);
    let start = ranges().map(|(start, _)| start).min().unwrap_or_default();
    let end = ranges().map(|(start, length)| start + length).max().unwrap_or_default();
    (start, end.saturating_sub(start))
}

/// The first of so many for which something is so, as it is for all behind it.
fn first(of: usize, is_so: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, of);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_so(middle) { high = middle } else { low = middle + 1 }
    }
    low
}
