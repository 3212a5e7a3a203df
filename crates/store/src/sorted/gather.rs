//! Many small files of single units as few batches: each is opened once, however often the table is asked for.

#[cfg(test)]
mod tests;

use arrow::array::UInt32Array;
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use rayon::prelude::*;

use super::file::{Owner, SortedFile, adapt};
use crate::store::{SmallFiles, StoreError, sort_rows};

/// So few files are read as they are.
const FEW: usize = 32;

/// Files that become one batch.
const TOGETHER: usize = 1024;

/// Bytes of files above which they are read as they are, again and again, rather than held.
const MOST_BYTES: u64 = 1 << 29;

/// The same rows with those of units' own files in memory; files of groups stay where they are.
pub fn gathered(
    files: Vec<SortedFile>,
    bytes: u64,
    columns: &SchemaRef,
    key: &[String],
) -> Result<Vec<SortedFile>, StoreError> {
    let (mut units, mut groups): (Vec<SortedFile>, Vec<SortedFile>) =
        files.into_iter().partition(|file| matches!(file.owner, Owner::Unit { .. }));
    if !is_worthwhile(units.len(), bytes) {
        groups.extend(units);
        return Ok(groups);
    }
    units.sort_by(|a, b| (a.run, a.user()).cmp(&(b.run, b.user())));
    let parts: Vec<&[SortedFile]> =
        units.chunk_by(|a, b| a.run == b.run).flat_map(|of_run| of_run.chunks(TOGETHER)).collect();
    let together = |part: &&[SortedFile]| -> Result<SortedFile, StoreError> {
        let mut reading = Reading::default();
        for file in *part {
            reading.add(file, file.bytes()?, columns)?;
        }
        reading.finish(columns, key)
    };
    groups.extend(parts.par_iter().map(together).collect::<Result<Vec<_>, _>>()?);
    Ok(groups)
}

fn is_worthwhile(files: usize, bytes: u64) -> bool {
    files > FEW && bytes <= MOST_BYTES
}

/// A unit's file, and what was written into it.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// Its place among all files.
    pub place: usize,
    /// Index of its run.
    pub run: usize,
    /// Its user.
    pub user_id: &'a str,
    /// Its size.
    pub bytes: u64,
    /// The hash of its bytes.
    pub checksum: &'a str,
}

/// Files of which each was read once.
#[derive(Debug)]
pub struct Held {
    /// Their places.
    pub places: Vec<usize>,
    /// Those that are not what was written, and why.
    pub faults: Vec<(usize, String)>,
    /// The rows of the others; none if one of them cannot be decoded.
    pub rows: Option<SortedFile>,
}

/// Compares files of a table with what was written, and takes their rows into memory in passing; none if they
/// are few or large.
pub fn held(
    mut files: Vec<Written<'_>>,
    open: impl Fn(usize) -> SortedFile + Sync,
    columns: &SchemaRef,
    key: &[String],
) -> Vec<Held> {
    if !is_worthwhile(files.len(), files.iter().map(|file| file.bytes).sum()) {
        return Vec::new();
    }
    files.sort_by(|a, b| (a.run, a.user_id).cmp(&(b.run, b.user_id)));
    let parts: Vec<&[Written<'_>]> =
        files.chunk_by(|a, b| a.run == b.run).flat_map(|of_run| of_run.chunks(TOGETHER)).collect();
    let read = |part: &&[Written<'_>]| {
        let opened: Vec<SortedFile> = part.iter().map(|file| open(file.place)).collect();
        let mut faults = Vec::new();
        let mut reading = Some(Reading::default());
        for (file, written) in opened.iter().zip(*part) {
            match file.verified(written.bytes, written.checksum) {
                Err(why) => faults.push((written.place, why)),
                // If it cannot be decoded, whoever needs the rows will be told.
                Ok(bytes) => {
                    reading =
                        reading.and_then(|mut rows| rows.add(file, bytes, columns).is_ok().then_some(rows));
                }
            }
        }
        let rows = reading.and_then(|rows| rows.finish(columns, key).ok());
        Held { places: part.iter().map(|file| file.place).collect(), faults, rows }
    };
    parts.par_iter().map(read).collect()
}

/// Files of a run that become one.
#[derive(Debug, Default)]
struct Reading<'f> {
    small: SmallFiles,
    /// Those that are put together, by their kind.
    kinds: Vec<Part<'f>>,
    alone: Vec<Part<'f>>,
    /// How many files there are.
    files: usize,
    first: Option<&'f SortedFile>,
}

impl<'f> Reading<'f> {
    fn add(&mut self, file: &'f SortedFile, bytes: Bytes, columns: &SchemaRef) -> Result<(), StoreError> {
        let place = self.files;
        self.files += 1;
        self.first.get_or_insert(file);
        if let Some((kind, rows)) = self.small.push(&bytes) {
            self.kinds.resize_with(self.kinds.len().max(kind + 1), Part::default);
            self.kinds[kind].files.push((file, rows));
            self.kinds[kind].places.push(place);
        } else {
            let rows = file.whole(bytes, columns)?;
            let files = vec![(file, rows.num_rows())];
            self.alone.push(Part { files, places: vec![place], rows: Some(rows) });
        }
        Ok(())
    }

    /// Their rows as they come, one file after the other.
    fn rows(mut self, columns: &SchemaRef) -> Result<RecordBatch, StoreError> {
        for (part, batch) in self.kinds.iter_mut().zip(self.small.finish()) {
            let adapted =
                batch.map_err(StoreError::from).and_then(|batch| adapt(&batch, columns, &part.files));
            // Read one by one, the file that cannot be used is named.
            part.rows = Some(adapted.or_else(|_| part.one_by_one(columns))?);
        }
        self.kinds.extend(self.alone);
        in_order(&self.kinds, columns)
    }

    /// Their rows in the order of the key.
    fn finish(self, columns: &SchemaRef, key: &[String]) -> Result<SortedFile, StoreError> {
        let (run, run_name) = self.first.map_or((0, ""), |file| (file.run, file.run_name.as_str()));
        Ok(SortedFile::rows(run, run_name, sort_rows(&self.rows(columns)?, key)?))
    }
}

/// Rows of some of the files.
#[derive(Debug, Default)]
struct Part<'f> {
    /// The files, and how many rows each has.
    files: Vec<(&'f SortedFile, usize)>,
    /// Their places among all.
    places: Vec<usize>,
    rows: Option<RecordBatch>,
}

impl Part<'_> {
    fn one_by_one(&mut self, columns: &SchemaRef) -> Result<RecordBatch, StoreError> {
        let mut batches = Vec::with_capacity(self.files.len());
        for (file, rows) in &mut self.files {
            let batch = file.whole(file.bytes()?, columns)?;
            *rows = batch.num_rows();
            batches.push(batch);
        }
        Ok(concat_batches(columns, &batches)?)
    }
}

/// The rows of all parts in the order of their files.
fn in_order(parts: &[Part<'_>], columns: &SchemaRef) -> Result<RecordBatch, StoreError> {
    let batches: Vec<&RecordBatch> = parts.iter().filter_map(|part| part.rows.as_ref()).collect();
    if let [only] = batches.as_slice() {
        return Ok((*only).clone());
    }
    let mut starts = Vec::new();
    let mut next = 0;
    for part in parts {
        for (place, (_, rows)) in part.places.iter().zip(&part.files) {
            starts.push((*place, next, *rows as u32));
            next += *rows as u32;
        }
    }
    starts.sort_unstable();
    let order: UInt32Array = starts.iter().flat_map(|(_, start, rows)| *start..start + rows).collect();
    Ok(take_record_batch(&concat_batches(columns, batches)?, &order)?)
}
