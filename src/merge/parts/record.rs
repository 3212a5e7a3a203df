//! What is said of a part that is done: its files with their checksums, and what was seen. It is made last, so that a part
//! is there when its record is.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::checksum;

/// Key of the footer with what was seen, as JSON.
const NOTE: &str = "results.note";
/// Key of the footer with BLAKE3 of the whole file, in which it is zeros.
const CHECKSUM: &str = "results.checksum";

/// What a checksum is while it is not known.
const UNKNOWN: [u8; 64] = [b'0'; 64];

/// A file of a part, or the row groups of one that belong to a part of the users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartFile {
    /// The table, or what is handed on.
    pub(super) name: String,
    /// Where it is.
    pub(super) path: String,
    /// Place of the run that its rows are of.
    pub(super) run: usize,
    /// The part of the users; none if it has rows of all its maker's, or is what stands behind the rows of parts. It goes to
    /// the end of the file.
    pub(super) part: Option<u32>,
    /// Its row groups.
    pub(super) groups: std::ops::Range<usize>,
    /// Where its bytes begin.
    pub(super) offset: u64,
    /// How many there are.
    pub(super) length: u64,
    /// BLAKE3 of them.
    pub(super) checksum: String,
}

/// A part that is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Record {
    pub(super) files: Vec<PartFile>,
    /// What was seen, as JSON.
    note: String,
}

impl Record {
    pub(super) fn new(files: Vec<PartFile>, note: &impl Serialize) -> Self {
        Self { files, note: serde_json::to_string(note).unwrap_or_default() }
    }

    /// What was seen; none if it is of another form.
    pub(super) fn note<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.note).ok()
    }

    /// As a Parquet file, a row a file.
    pub(super) fn encode(&self) -> Result<Vec<u8>, parquet::errors::ParquetError> {
        let said = [
            KeyValue::new(NOTE.to_owned(), self.note.clone()),
            KeyValue::new(CHECKSUM.to_owned(), String::from_utf8_lossy(&UNKNOWN).into_owned()),
        ];
        let properties = WriterProperties::builder()
            .set_key_value_metadata(Some(said.to_vec()))
            .set_created_by(format!("results version {}", env!("CARGO_PKG_VERSION")))
            .build();
        let batch = self.batch()?;
        let mut bytes = Vec::new();
        let out: Box<dyn Write + Send + '_> = Box::new(&mut bytes);
        let mut writer = ArrowWriter::try_new(out, batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        writer.close()?;
        let sum = checksum(&bytes);
        if let Some(place) = checksum_in(&bytes) {
            bytes[place].copy_from_slice(sum.as_bytes());
        }
        Ok(bytes)
    }

    /// Reads one; none if it is not what was written.
    pub(super) fn decode(mut bytes: Vec<u8>) -> Option<Self> {
        // First of all: a reader of Parquet trusts what it reads.
        let place = checksum_in(&bytes)?;
        let sum = bytes[place.clone()].to_vec();
        bytes[place].copy_from_slice(&UNKNOWN);
        if checksum(&bytes).as_bytes() != sum {
            return None;
        }
        let bytes = Bytes::from(bytes);
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).ok()?;
        let said = builder.metadata().file_metadata().key_value_metadata()?.clone();
        let said = |key: &str| said.iter().find(|kv| kv.key == key).and_then(|kv| kv.value.clone());
        let mut record = Self { files: Vec::new(), note: said(NOTE)? };
        for batch in builder.build().ok()? {
            record.files.extend(files_of(&batch.ok()?)?);
        }
        Some(record)
    }

    fn batch(&self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let texts = |of: fn(&PartFile) -> &String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(self.files.iter().map(of)))
        };
        let numbers = |of: fn(&PartFile) -> u64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(self.files.iter().map(|file| of(file).cast_signed())))
        };
        let parts: Int64Array = self.files.iter().map(|file| file.part.map(i64::from)).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("name", texts(|file| &file.name), false),
            ("path", texts(|file| &file.path), false),
            ("run", numbers(|file| file.run as u64), false),
            ("part", Arc::new(parts), true),
            ("first_group", numbers(|file| file.groups.start as u64), false),
            ("end_group", numbers(|file| file.groups.end as u64), false),
            ("offset", numbers(|file| file.offset), false),
            ("length", numbers(|file| file.length), false),
            ("checksum", texts(|file| &file.checksum), false),
        ])
    }
}

/// Where a record has its checksum: behind the last of its keys, and the two bytes by which a footer begins a text of that
/// length.
fn checksum_in(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let key = bytes.windows(CHECKSUM.len()).rposition(|window| window == CHECKSUM.as_bytes())?;
    let start = key + CHECKSUM.len() + 2;
    (start + UNKNOWN.len() <= bytes.len()).then(|| start..start + UNKNOWN.len())
}

fn files_of(batch: &RecordBatch) -> Option<Vec<PartFile>> {
    let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
    let number = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let (names, paths, checksums) = (text("name")?, text("path")?, text("checksum")?);
    let (runs, parts) = (number("run")?, number("part")?);
    let (first, end, offsets, lengths) =
        (number("first_group")?, number("end_group")?, number("offset")?, number("length")?);
    let file = |row: usize| {
        let part = parts.is_valid(row).then(|| u32::try_from(parts.value(row)));
        Some(PartFile {
            name: names.value(row).to_owned(),
            path: paths.value(row).to_owned(),
            run: usize::try_from(runs.value(row)).ok()?,
            part: part.transpose().ok()?,
            groups: usize::try_from(first.value(row)).ok()?..usize::try_from(end.value(row)).ok()?,
            offset: u64::try_from(offsets.value(row)).ok()?,
            length: u64::try_from(lengths.value(row)).ok()?,
            checksum: checksums.value(row).to_owned(),
        })
    };
    (0..batch.num_rows()).map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record() -> Record {
        let file = |part: Option<u32>| PartFile {
            name: "te".into(),
            path: "_parts/1-runs/0/0.parquet".into(),
            run: 1,
            part,
            groups: 2..5,
            offset: 4,
            length: u64::from(u32::MAX) + 7,
            checksum: "c".into(),
        };
        Record::new(vec![file(None), file(Some(3))], &("seen", 1))
    }

    #[test]
    fn a_record_is_read_back() {
        let bytes = record().encode().unwrap();
        assert_eq!(bytes, record().encode().unwrap(), "the same bytes each time");
        assert!(ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes.clone())).is_ok());
        let read = Record::decode(bytes).unwrap();
        assert_eq!(read, record());
        assert_eq!(read.note::<(String, u32)>(), Some(("seen".into(), 1)));
        assert_eq!(read.note::<u32>(), None);
        let none = Record::new(Vec::new(), &());
        assert_eq!(Record::decode(none.encode().unwrap()), Some(none));
    }

    proptest! {
        #[test]
        fn a_damaged_record_is_none(at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<bool>()) {
            let mut bytes = record().encode().unwrap();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
            prop_assert_eq!(Record::decode(bytes), None);
        }
    }
}
