//! Tests of Parquet files as other programs write them.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    BooleanArray, Decimal128Array, DictionaryArray, DurationMillisecondArray, Float32Array, Float64Array,
    Int8Array, Int32Array, LargeStringArray, StringArray, StringViewArray, Time32SecondArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
    UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::data_type::{Int64Type, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::super::inputs::read_table;
use super::super::rules::Rules;
use super::super::table::{Needed, Table, Values};
use super::{ArrayRef, as_numbers};

/// A file of batches with one column `a`.
fn written(batches: &[ArrayRef], codec: Compression) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let batch = |values: &ArrayRef| RecordBatch::try_from_iter([("a", Arc::clone(values))]).unwrap();
    let properties = WriterProperties::builder().set_compression(codec).build();
    let schema = batch(&batches[0]).schema();
    let mut writer = ArrowWriter::try_new(file.reopen().unwrap(), schema, Some(properties)).unwrap();
    for values in batches {
        writer.write(&batch(values)).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    file
}

fn table(path: &Path, text: bool) -> Table {
    let needed = [Needed { name: "a".to_owned(), text }];
    read_table(path, &needed, None, &Rules::default()).unwrap()
}

fn numbers(batches: &[ArrayRef], codec: Compression) -> Vec<f64> {
    let table = table(written(batches, codec).path(), false);
    match &table.columns[0].as_ref().unwrap().values {
        Values::Numbers(numbers) => numbers.clone(),
        Values::Text(_) => panic!("text"),
    }
}

/// The value and nothing, behind a dictionary.
fn coded(value: ArrayRef) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::new(Int32Array::from(vec![Some(0), None]), value))
}

/// 1.5 and nothing, however it is stored.
#[test]
fn a_number_is_read_from_every_type() {
    let of = |values: ArrayRef| values;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("double", of(Arc::new(Float64Array::from(vec![Some(1.5), None])))),
        ("NaN", of(Arc::new(Float64Array::from(vec![1.5, f64::NAN])))),
        ("single", of(Arc::new(Float32Array::from(vec![Some(1.5), None])))),
        ("half", cast(&of(Arc::new(Float32Array::from(vec![Some(1.5), None]))), &DataType::Float16).unwrap()),
        (
            "decimal",
            of(Arc::new(
                Decimal128Array::from(vec![Some(150), None]).with_precision_and_scale(10, 2).unwrap(),
            )),
        ),
        ("text", of(Arc::new(StringArray::from(vec![Some(" 1.5 "), Some("NA")])))),
        ("large text", of(Arc::new(LargeStringArray::from(vec![Some("1.5"), None])))),
        ("text view", of(Arc::new(StringViewArray::from(vec![Some("1.5"), None])))),
        ("length of time", of(Arc::new(DurationMillisecondArray::from(vec![Some(1500), None])))),
        ("ms", of(Arc::new(TimestampMillisecondArray::from(vec![Some(1500), None])))),
        ("us", of(Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), None])))),
        ("ns", of(Arc::new(TimestampNanosecondArray::from(vec![Some(1_500_000_000), None])))),
        (
            "ns with a zone",
            of(Arc::new(
                TimestampNanosecondArray::from(vec![Some(1_500_000_000), None])
                    .with_timezone("Europe/Berlin"),
            )),
        ),
    ];
    for (what, values) in columns {
        let found = numbers(&[values], Compression::UNCOMPRESSED);
        assert!((found[0] - 1.5).abs() < 1e-12 && found[1].is_nan(), "{what}: {found:?}");
    }
    let whole: Vec<(&str, ArrayRef)> = vec![
        ("truth", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("one byte", Arc::new(Int8Array::from(vec![Some(1), None, Some(0)]))),
        ("without a sign", Arc::new(UInt64Array::from(vec![Some(1), None, Some(0)]))),
        ("seconds", Arc::new(TimestampSecondArray::from(vec![Some(1), None, Some(0)]))),
        ("words", Arc::new(StringArray::from(vec![Some("True"), None, Some("false")]))),
    ];
    for (what, values) in whole {
        let found = numbers(&[values], Compression::SNAPPY);
        assert!(found[0] > 0.5 && found[1].is_nan() && found[2].abs() < 0.5, "{what}: {found:?}");
    }
}

#[test]
fn every_compression_and_empty_groups_are_read() {
    let some: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let none: ArrayRef = Arc::new(Float64Array::from(Vec::<f64>::new()));
    let batches = [Arc::clone(&none), Arc::clone(&some), none, some];
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4_RAW,
    ] {
        assert_eq!(numbers(&batches, codec), [1.0, 2.0, 1.0, 2.0], "{codec}");
    }
}

#[test]
fn what_cannot_be_read_says_what_to_write() {
    let times: ArrayRef = Arc::new(Time32SecondArray::from(vec![1]));
    let file = written(&[times], Compression::UNCOMPRESSED);
    let message = table(file.path(), false).columns[0].as_ref().unwrap_err().to_string();
    for words in ["column `a`", "Time32", "as a number", "write date and time as one timestamp"] {
        assert!(message.contains(words), "{message}");
    }
    let bytes = std::fs::read(file.path()).unwrap();
    std::fs::write(file.path(), &bytes[..bytes.len() - 3]).unwrap();
    let needed = [Needed { name: "a".to_owned(), text: false }];
    let error = read_table(file.path(), &needed, None, &Rules::default()).unwrap_err();
    assert!(error.code() == "corrupt" && error.to_string().contains("copy the file again"), "{error}");
}

#[test]
fn units_are_kept_behind_a_dictionary() {
    let lengths: ArrayRef = Arc::new(DurationMillisecondArray::from(vec![1500]));
    let times: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_500_000_000]));
    for values in [lengths, times] {
        let found = as_numbers(&coded(values)).unwrap();
        assert!((found[0] - 1.5).abs() < 1e-12 && found[1].is_nan(), "{found:?}");
    }
}

/// Timestamps of 96 bits (nanoseconds of a Julian day), as Spark, Hive and Impala write them.
#[test]
fn timestamps_of_96_bits_are_seconds_whatever_their_year() {
    // 2026-01-05 00:00:01.5, nothing, and two that as nanoseconds would wrap into 1816 and 2015.
    let times = [Some((2_461_046, 1_500_000_000_u64)), None, Some((5_373_484, 0)), Some((2_670_691, 0))];
    let values: Vec<Int96> = times
        .iter()
        .flatten()
        .map(|(day, nanos)| Int96::from(vec![*nanos as u32, (nanos >> 32) as u32, *day]))
        .collect();
    let levels = times.map(|time| i16::from(time.is_some()));
    let schema = Arc::new(parse_message_type("message m { OPTIONAL INT96 a; OPTIONAL INT64 b; }").unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = SerializedFileWriter::new(file.reopen().unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int96Type>().write_batch(&values, Some(&levels), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[7; 4], Some(&[1; 4]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let table = table(file.path(), false);
    let Values::Numbers(found) = &table.columns[0].as_ref().unwrap().values else { panic!("text") };
    assert!((found[0] - 1_767_571_201.5).abs() < 1e-6 && found[1].is_nan(), "{found:?}");
    assert!((found[2] - 253_402_214_400.0).abs() < 1e-3, "9999-12-31: {found:?}");
    assert!((found[3] - 19_880_899_200.0).abs() < 1e-3, "2600-01-01: {found:?}");
}

#[test]
fn the_row_of_a_bad_id_is_found_and_costs_no_other() {
    let some: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    let more: ArrayRef = Arc::new(StringArray::from(vec![Some("1.2E+17"), Some("b"), Some("1.3E+17")]));
    let file = written(&[some, more], Compression::UNCOMPRESSED);
    let table = read_table(file.path(), &[], Some("a"), &Rules::default()).unwrap();
    assert_eq!((table.users, table.nobodys), (vec!["a".to_owned(), "b".to_owned()], Some((1, 2))));
    let (rows, first) = table.odd.unwrap();
    assert_eq!(rows, 2);
    assert!(first.to_string().contains("row 3") || first.to_string().contains("line 3"), "{first}");
}
