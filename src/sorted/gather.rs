//! Many small files of single units as few batches: each is opened once, however often the table is asked for.

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
pub(crate) fn gathered(
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
pub(crate) struct Written<'a> {
    /// Its place among all files.
    pub(crate) place: usize,
    /// Index of its run.
    pub(crate) run: usize,
    /// Its user.
    pub(crate) user_id: &'a str,
    /// Its size.
    pub(crate) bytes: u64,
    /// The hash of its bytes.
    pub(crate) checksum: &'a str,
}

/// Files of which each was read once.
#[derive(Debug)]
pub(crate) struct Held {
    /// Their places.
    pub(crate) places: Vec<usize>,
    /// Those that are not what was written, and why.
    pub(crate) faults: Vec<(usize, String)>,
    /// The rows of the others; none if one of them cannot be decoded.
    pub(crate) rows: Option<SortedFile>,
}

/// Compares files of a table with what was written, and takes their rows into memory in passing; none if they
/// are few or large.
pub(crate) fn held(
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
    };
    use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::Compression;
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use proptest::prelude::*;

    use super::*;
    use crate::store::{Footer, LocalStorage, Object, RowsOf, Storage, parquet_bytes};

    /// Key, and values that may be missing.
    type Line = (i64, Option<f64>, Option<String>, Option<bool>, Option<i32>);

    fn stored() -> Schema {
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        Schema::new(vec![
            Field::new("tau", DataType::Int64, false),
            Field::new("x", DataType::Float64, true),
            Field::new("text", DataType::Utf8, true),
            Field::new("flag", DataType::Boolean, true),
            Field::new("must", DataType::Boolean, false),
            Field::new("time", time, false),
            Field::new("n", DataType::Int32, true),
        ])
    }

    fn asked() -> SchemaRef {
        let text = |name: &str| Arc::new(Field::new(name, DataType::Utf8, false));
        let first = [text("user_id"), Arc::new(Field::new("shard", DataType::Int32, false)), text("attempt")];
        let first = first.into_iter().chain([text("run")]);
        Arc::new(Schema::new(first.chain(stored().fields().iter().cloned()).collect::<Vec<_>>()))
    }

    /// The rows with so many of the columns.
    fn batch(lines: &[Line], columns: usize) -> RecordBatch {
        let times = TimestampMicrosecondArray::from_iter_values(lines.iter().map(|l| l.0 * 7));
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(lines.iter().map(|l| l.0))),
            Arc::new(lines.iter().map(|l| l.1).collect::<Float64Array>()),
            Arc::new(lines.iter().map(|l| l.2.clone()).collect::<StringArray>()),
            Arc::new(lines.iter().map(|l| l.3).collect::<BooleanArray>()),
            Arc::new(lines.iter().map(|l| Some(l.0 % 3 == 0)).collect::<BooleanArray>()),
            Arc::new(times.with_timezone("UTC")),
            Arc::new(lines.iter().map(|l| l.4).collect::<Int32Array>()),
        ];
        let schema = Schema::new(stored().fields().iter().take(columns).cloned().collect::<Vec<_>>());
        RecordBatch::try_new(Arc::new(schema), arrays[..columns].to_vec()).unwrap()
    }

    fn of_unit(batch: &RecordBatch) -> Vec<u8> {
        let footer = Footer {
            run_id: "r",
            rows_of: RowsOf::Unit { user_id: "u", feature_mode: "m", attempt: "a" },
            schema: "te",
            schema_version: 1,
            config_fingerprint: "c",
        };
        parquet_bytes(batch, Some(&footer)).unwrap()
    }

    fn by(properties: WriterProperties, batch: &RecordBatch) -> Vec<u8> {
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.into_inner().unwrap()
    }

    /// The rows as a file of one of several kinds.
    fn file(batch: &RecordBatch, kind: usize) -> Vec<u8> {
        let plain = || WriterProperties::builder().set_dictionary_enabled(false);
        match kind {
            0 => parquet_bytes(batch, None).unwrap(),
            1 => by(WriterProperties::builder().build(), batch),
            2 => by(plain().build(), batch),
            3 => by(plain().set_writer_version(WriterVersion::PARQUET_2_0).build(), batch),
            4 => by(plain().set_max_row_group_row_count(Some(2)).build(), batch),
            5 => by(plain().set_data_page_row_count_limit(1).set_write_batch_size(1).build(), batch),
            6 => by(plain().set_compression(Compression::LZ4_RAW).build(), batch),
            _ => of_unit(batch),
        }
    }

    fn put(storage: &Arc<dyn Storage>, place: usize, bytes: Vec<u8>) -> SortedFile {
        let path = format!("{place}.parquet");
        storage.replace(&Object { path: path.clone(), bytes }).unwrap();
        let owner = Owner::Unit { user_id: format!("u{place:03}"), attempt: format!("a{place}") };
        SortedFile::stored(0, "run", place as u32 % 3, owner, storage, &path)
    }

    fn together(files: &[SortedFile]) -> Result<RecordBatch, StoreError> {
        let mut reading = Reading::default();
        for file in files {
            reading.add(file, file.bytes()?, &asked())?;
        }
        reading.rows(&asked())
    }

    fn one_by_one(files: &[SortedFile]) -> RecordBatch {
        let rows: Vec<_> =
            files.iter().map(|file| file.whole(file.bytes().unwrap(), &asked()).unwrap()).collect();
        concat_batches(&asked(), &rows).unwrap()
    }

    fn line() -> impl Strategy<Value = Line> {
        let text = prop::option::of(".{0,5}");
        (-9i64..9, prop::option::of(any::<f64>()), text, any::<Option<bool>>(), any::<Option<i32>>())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn files_read_together_have_the_rows_of_files_read_one_by_one(
            parts in prop::collection::vec((prop::collection::vec(line(), 0..20), 0usize..12, 0usize..4), 1..12),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let storage: Arc<dyn Storage> = Arc::new(LocalStorage::new(dir.path()));
            let write = |(place, (lines, kind, less)): (usize, &(Vec<Line>, usize, usize))| {
                // An older version lacks the last column.
                let batch = batch(lines, if *less == 0 { 6 } else { 7 });
                put(&storage, place, file(&batch, *kind))
            };
            let files: Vec<SortedFile> = parts.iter().enumerate().map(write).collect();
            let together = together(&files).unwrap();
            let expected = one_by_one(&files);
            prop_assert_eq!(&together, &expected);
            prop_assert_eq!(together.num_rows(), parts.iter().map(|part| part.0.len()).sum::<usize>());
        }
    }

    #[test]
    fn files_of_a_unit_are_put_together_and_larger_ones_are_not() {
        let lines = |rows: i64| -> Vec<Line> {
            (0..rows).map(|i| (i, (i % 3 == 0).then_some(0.5), None, Some(i % 2 == 0), None)).collect()
        };
        for rows in [1, 2, 7, 8, 9, 64, 1000, 1024] {
            let bytes = of_unit(&batch(&lines(rows), 7));
            assert_eq!(SmallFiles::default().push(&bytes), Some((0, rows as usize)));
        }
        assert_eq!(SmallFiles::default().push(&of_unit(&batch(&[], 7))), Some((0, 0)));
        assert_eq!(SmallFiles::default().push(&of_unit(&batch(&lines(1025), 7))), None);
        let mut small = SmallFiles::default();
        let places = [6, 7, 6].map(|columns| small.push(&of_unit(&batch(&lines(2), columns))).unwrap());
        assert_eq!(places, [(0, 2), (1, 2), (0, 2)]);
        assert_eq!(small.finish().map(|rows| rows.unwrap().num_rows()).collect::<Vec<_>>(), [4, 2]);
    }

    #[test]
    fn a_damaged_file_among_good_ones_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let storage: Arc<dyn Storage> = Arc::new(LocalStorage::new(dir.path()));
        let good = of_unit(&batch(&[(1, Some(1.0), Some("ä".into()), None, None)], 7));
        // Half a character decodes only when the whole page is looked at.
        let at = good.windows(2).position(|two| two == "ä".as_bytes()).unwrap();
        let mut half = good.clone();
        half[at] = b'a';
        for bad in [good[..good.len() - 1].to_vec(), Vec::new(), half] {
            let contents = [&good, &good, &bad, &good];
            let files: Vec<_> = contents
                .iter()
                .enumerate()
                .map(|(place, bytes)| put(&storage, place, (*bytes).clone()))
                .collect();
            let error = together(&files).unwrap_err().to_string();
            assert!(error.contains("2.parquet is damaged"), "{error}");
        }
    }

    #[test]
    fn no_damage_makes_the_rows_of_other_files_wrong() {
        let lines = [(1, Some(1.0), Some("a".into()), Some(true), None), (2, None, None, None, Some(5))];
        let good = of_unit(&batch(&lines, 7));
        let mut only = SmallFiles::default();
        only.push(&good).unwrap();
        let alone = only.finish().next().unwrap().unwrap();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let mut small = SmallFiles::default();
                let places = [&good, &bad, &good].map(|bytes| small.push(bytes));
                assert_eq!((places[0], places[2]), (Some((0, 2)), Some((0, 2))));
                // Those that are refused leave nothing behind, and those that are not have their own rows.
                if let Some(Ok(rows)) = small.finish().next() {
                    assert_eq!(rows.slice(0, 2), alone);
                    assert_eq!(rows.slice(rows.num_rows() - 2, 2), alone);
                }
            }
        }
    }
}
