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
use crate::schema::OF_UNITS;
use crate::sorted::{TableFile, Together};
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn files_read_at_once_in_some_columns_have_the_rows_of_files_read_one_by_one(
        parts in prop::collection::vec((prop::collection::vec(line(), 0..20), 0usize..12, 0usize..9), 1..12),
        wanted in prop::sample::subsequence((0..11usize).collect::<Vec<_>>(), 0..11),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let storage: Arc<dyn Storage> = Arc::new(LocalStorage::new(dir.path()));
        let write = |(place, (lines, kind, strange)): (usize, &(Vec<Line>, usize, usize))| {
            let bytes = file(&batch(lines, if *strange == 0 { 6 } else { 7 }), *kind);
            // Cut, or not what the ledger says.
            let kept = if *strange == 1 { bytes.len() - 1 } else { bytes.len() };
            let told = if *strange == 2 { bytes.len() + 1 } else { kept };
            let file = put(&storage, place, bytes[..kept].to_vec());
            TableFile { file, bytes: told as u64, checksum: None, rows: lines.len() as u64 }
        };
        let files: Vec<TableFile> = parts.iter().enumerate().map(write).collect();
        let columns = Arc::new(asked().project(&wanted).unwrap());
        let together = Together::read(&files.iter().collect::<Vec<_>>(), &columns);
        let is_told = columns.fields().iter().all(|field| OF_UNITS.contains(&field.name().as_str()));
        for (place, (_, kind, strange)) in parts.iter().enumerate() {
            // Where rows are only counted, a file is known by its size.
            let is_alone = match (*strange, *kind) {
                (2, _) => Some(true),
                _ if is_told => Some(false),
                (1, _) => Some(true),
                (_, 7..) => Some(false),
                _ => None,
            };
            if let Some(is_alone) = is_alone {
                prop_assert_eq!(together.alone.contains(&place), is_alone, "{:?}", &together.alone);
            }
        }
        let read = (0..files.len()).filter(|place| !together.alone.contains(place));
        let expected: usize = read.clone().map(|place| parts[place].0.len()).sum();
        prop_assert_eq!(together.rows.iter().map(RecordBatch::num_rows).sum::<usize>(), expected);
        if !is_told {
            let rows = read.map(|place| files[place].file.whole(files[place].file.bytes().unwrap(), &columns).unwrap());
            let mut expected: Vec<String> = rows.flat_map(|rows| lines_of(&rows)).collect();
            let mut found: Vec<String> = together.rows.iter().flat_map(lines_of).collect();
            expected.sort();
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }
}

/// Each row as a text.
fn lines_of(rows: &RecordBatch) -> Vec<String> {
    (0..rows.num_rows()).map(|row| format!("{:?}", rows.slice(row, 1).columns())).collect()
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
