//! Rows as Arrow streams.

use std::collections::HashMap;
use std::sync::Arc;

use ::arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int32Array, LargeStringArray,
    RecordBatch, StringArray, StringViewArray, TimestampMillisecondArray, UInt8Array, UInt64Array,
};
use ::arrow::datatypes::{Int8Type, Schema};
use ::arrow::ipc::writer::StreamWriter;

use super::super::tables::Tables;
use super::super::tests::*;
use super::super::*;
use super::*;
use crate::config::RowFormat;
use crate::schema::Cell;

/// A stream of a table, in so many batches.
fn stream(table: &str, columns: Vec<(&str, ArrayRef)>, batches: usize) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let fields = batch.schema().fields().clone();
    let metadata = HashMap::from([("table".to_owned(), table.to_owned())]);
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    let size = batch.num_rows() / batches.max(1);
    for i in 0..batches {
        let part = batch.slice(i * size, size).with_schema(Arc::clone(&schema)).unwrap();
        writer.write(&part).unwrap();
    }
    writer.into_inner().unwrap()
}

/// The unit of a program that writes these bytes.
fn unit_of(bytes: &[u8], then: &str) -> UnitResult {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("stream");
    std::fs::write(&file, bytes).unwrap();
    let script = format!("cat '{}'; {then}", file.display());
    unit(CommandOptions { format: RowFormat::Arrow, ..options(&script, &[]) })
}

fn array(array: impl ::arrow::array::Array + 'static) -> ArrayRef {
    Arc::new(array)
}

#[test]
fn streams_one_after_another_are_taken() {
    let te = stream(
        "te",
        vec![
            ("tau", array(Int32Array::from(vec![1, 2, 3, 4]))),
            ("k", array(UInt64Array::from(vec![Some(4), None, Some(5), Some(6)]))),
            ("l", array(Float64Array::from(vec![1.0, 2.0, 3.0, 4.0]))),
            ("TE_A2S", array(Float32Array::from(vec![0.5, 0.25, 0.0, 1.0]))),
            ("low_n", array(BooleanArray::from(vec![Some(true), None, None, None]))),
        ],
        2,
    );
    let mode: DictionaryArray<Int8Type> = vec!["m", "m"].into_iter().collect();
    let issues = stream(
        "issues",
        vec![
            ("feature_mode", array(mode)),
            ("method", array(StringViewArray::from(vec!["A", "B"]))),
            ("error", array(LargeStringArray::from(vec!["e", "a longer text than fits into a view"]))),
            ("severity", array(StringArray::from(vec!["error", "warning"]))),
            ("tau", array(UInt8Array::from(vec![None, Some(2)]))),
        ],
        1,
    );
    let empty = stream("gc", vec![("F_A2S", array(Float64Array::from(Vec::<f64>::new())))], 0);
    // Twice the same table is a list that goes on.
    let bytes = [&te[..], &issues, &empty, &issues].concat();
    let unit = unit_of(&bytes, ":");
    assert_eq!(unit.reason, None);
    let found = rows(&unit, "te");
    assert_eq!(found.len(), 4);
    for cell in [("feature_mode", "m".into()), ("k", 4u32.into()), ("l", 1u32.into()), ("TE_A2S", 0.5.into())]
    {
        assert!(found[0].0.contains(&cell), "{cell:?}");
    }
    assert!(found[1].0.contains(&("k", Cell::Null)) && found[3].0.contains(&("tau", 4u32.into())));
    assert_eq!(rows(&unit, "issues").len(), 4);
    for (table, rows) in &unit.tables {
        crate::schema::record_batch(Schemas::load(None).unwrap().get(table).unwrap(), rows).unwrap();
    }
}

#[test]
fn streams_may_come_in_any_pieces() {
    let tables = Tables::new(&Schemas::load(None).unwrap());
    let one = stream("te", vec![("tau", array(Int32Array::from(vec![1, 2])))], 2);
    let two = stream("gc", vec![("F_A2S", array(Float64Array::from(vec![0.5])))], 1);
    let bytes = [one, two].concat();
    for size in [1, 3, 7, 8, 64, 1000, bytes.len()] {
        let mut found = Rows::new(&tables, "m");
        let mut streams = Streams::default();
        for piece in bytes.chunks(size) {
            streams.piece(piece.to_vec(), &mut found).unwrap();
        }
        streams.finish(&mut found).unwrap();
        assert_eq!(found.finish().iter().map(|(_, rows)| rows.len()).collect::<Vec<_>>(), [2, 1], "{size}");
    }
}

#[test]
fn bad_streams_are_told() {
    let tau = || ("tau", array(Int32Array::from(vec![1, 1])));
    let told = |bytes: &[u8]| failed(unit_of(bytes, ":"));
    let has = |text: String, wanted: &str| assert!(text.contains(wanted), "{text}");
    has(told(&stream("te", vec![tau()], 1)), "table te, row 2: has the key of row 1 again");
    has(told(&stream("tee", vec![tau()], 1)), "unknown table `tee`");
    has(told(&stream("tee", vec![tau()], 0)), "unknown table `tee`");
    has(told(&stream("gc", vec![tau()], 0)), "table gc, column tau: isn't a column");
    let nan = ("p_A2S", array(Float64Array::from(vec![0.5, f64::NAN])));
    let tau2 = ("tau", array(Int32Array::from(vec![1, 2])));
    has(told(&stream("te", vec![tau2, nan], 1)), "table te, row 2, column p_A2S: is NaN");
    let times = ("tau", array(TimestampMillisecondArray::from(vec![1, 2])));
    has(told(&stream("te", vec![times], 1)), "column tau: must be a whole number, not a time");
    let list =
        ::arrow::array::ListArray::from_iter_primitive::<::arrow::datatypes::Int32Type, _, _>(vec![Some(
            vec![Some(1)],
        )]);
    has(told(&stream("te", vec![("tau", array(list))], 1)), "column tau: is of the Arrow type List");
    has(told(b"{\"table\": \"te\"}\n"), "begins with `{\"table\": \"te\"}`");
    has(told(b"ARROW1\0\0"), "not a file");
    let plain = RecordBatch::try_from_iter([tau()]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &plain.schema()).unwrap();
    writer.write(&plain).unwrap();
    has(told(&writer.into_inner().unwrap()), "no `table` in the metadata");
}

#[test]
fn a_stream_that_is_cut_off_or_damaged_is_none() {
    let whole = stream("te", vec![("tau", array(Int32Array::from(vec![1, 2])))], 1);
    let told = failed(unit_of(&whole[..whole.len() - 20], ":"));
    assert!(told.contains("in the middle of an Arrow stream"), "{told}");
    let told = failed(unit_of(&whole[..whole.len() - 20], "echo gone >&2; exit 2"));
    assert_eq!(told, "the program ended with exit code 2; its last words: gone");
    let tables = Tables::new(&Schemas::load(None).unwrap());
    std::panic::set_hook(Box::new(|_| {}));
    for at in 0..whole.len() {
        for bit in [0x01, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= bit;
            let mut found = Rows::new(&tables, "m");
            let mut streams = Streams::default();
            // Whatever comes of it, we live.
            let _ = streams.piece(bytes, &mut found).and_then(|()| streams.finish(&mut found));
        }
    }
    let _ = std::panic::take_hook();
}

/// A worker that answers each unit with these bytes and the end; it gives its process id as well.
fn worker_of(bytes: &[u8]) -> (tempfile::TempDir, CommandEngine) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("answer");
    std::fs::write(&file, bytes).unwrap();
    let on_unit = format!(
        "cat '{}'; echo '{{\"table\": \"gc\", \"gc_optimal_lag\": '$$'}}'; echo '{{\"end\": true}}'",
        file.display()
    );
    let script = format!("while read -r line; do {on_unit}; done");
    (dir, engine(CommandOptions { mode: ProgramMode::Worker, ..options(&script, &[]) }))
}

fn told_by(engine: &CommandEngine) -> UnitResult {
    units(engine, &job("a", &["m"])).0.remove(0)
}

fn block(streams: &[u8]) -> Vec<u8> {
    [format!("{{\"arrow\": {}}}\n", streams.len()).as_bytes(), streams].concat()
}

#[test]
fn a_worker_sends_streams_between_lines() {
    let taus = |taus: Vec<i32>| stream("te", vec![("tau", array(Int32Array::from(taus)))], 1);
    let two = [taus(vec![1, 2]), taus(vec![3])].concat();
    let line = b"{\"table\": \"te\", \"tau\": 4}\n";
    let (_dir, engine) = worker_of(&[block(&two), line.to_vec(), block(&taus(vec![5]))].concat());
    for _ in 0..2 {
        let unit = told_by(&engine);
        assert_eq!((unit.reason.as_deref(), rows(&unit, "te").len(), rows(&unit, "gc").len()), (None, 5, 1));
    }
}

#[test]
fn a_row_that_breaks_its_contract_leaves_the_worker_in_step() {
    let many: Vec<i32> = (0..40_000).map(|n| if n == 7 { -1 } else { n }).collect();
    let (_dir, engine) = worker_of(&block(&stream("te", vec![("tau", array(Int32Array::from(many)))], 4)));
    let reasons: Vec<String> = (0..2).map(|_| failed(told_by(&engine))).collect();
    assert!(reasons[0].contains("table te, row 8, column tau: -1 is outside"), "{}", reasons[0]);
    assert_eq!(reasons[0], reasons[1]);
}

#[test]
fn what_is_no_block_is_told() {
    let whole = stream("te", vec![("tau", array(Int32Array::from(vec![1])))], 1);
    let cut = &whole[..whole.len() / 2];
    for (bytes, part) in [
        (b"{\"arrow\": \"12\"}\n".to_vec(), "`arrow` is \"12\", and must be the number of bytes"),
        (b"{\"arrow\": 0}\n".to_vec(), "`arrow` is 0"),
        (b"{\"arrow\": -5}\n".to_vec(), "`arrow` is -5"),
        (block(b"not Arrow"), "isn't an Arrow stream; it begins with `not Arrow`"),
        (block(cut), "in the middle of an Arrow stream"),
    ] {
        let (_dir, engine) = worker_of(&bytes);
        let reason = failed(told_by(&engine));
        assert!(reason.contains(part), "{part}: {reason}");
    }
    // A program that ends before it has sent what it told.
    let script = format!("printf '{{\"arrow\": {}}}\\n'", whole.len());
    let reason = failed(unit(options(&script, &[])));
    assert!(reason.contains("in the middle of an Arrow stream"), "{reason}");
}
