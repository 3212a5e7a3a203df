//! Small files of units read at once, for whoever needs their rows in no order.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};

use super::file::{SortedFile, adapt};
use crate::schema::OF_UNITS;
use crate::store::{SmallFiles, is_written};

/// A file of a table, and what the ledger says of it.
#[derive(Debug, Clone)]
pub struct TableFile {
    /// The file.
    pub file: SortedFile,
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 of its bytes, if that is known.
    pub checksum: Option<String>,
    /// Its rows, if it is a unit's.
    pub rows: u64,
}

/// What came of reading files at once.
#[derive(Debug, Default)]
pub struct Together {
    /// Rows of files of one kind below each other.
    pub rows: Vec<RecordBatch>,
    /// Places of files that must be read by themselves: they are of another form, or damaged.
    pub alone: Vec<usize>,
    /// Places of files that are gone, or as long as they were written and hold something else.
    pub changed: Vec<usize>,
}

impl Together {
    /// Reads files in the columns asked for. If their content is not asked for, they are looked at and not read.
    pub fn read(files: &[&TableFile], columns: &SchemaRef) -> Self {
        if columns.fields().iter().all(|field| OF_UNITS.contains(&field.name().as_str())) {
            return Self::counted(files, columns);
        }
        let mut small = SmallFiles::of_columns(columns.fields().iter().map(|field| field.name().clone()));
        let mut kinds: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut found = Self::default();
        for (place, unit) in files.iter().enumerate() {
            let bytes = unit.file.bytes().ok().filter(|bytes| bytes.len() as u64 == unit.bytes);
            if let (Some(bytes), Some(checksum)) = (&bytes, &unit.checksum)
                && !is_written(bytes, checksum)
            {
                found.changed.push(place);
                continue;
            }
            match bytes.and_then(|bytes| small.push(&bytes)) {
                Some((kind, rows)) => {
                    kinds.resize_with(kinds.len().max(kind + 1), Vec::new);
                    kinds[kind].push((place, rows));
                }
                None => found.leave(place, unit),
            }
        }
        for (kind, rows) in kinds.into_iter().zip(small.finish()) {
            let of_kind: Vec<_> = kind.iter().map(|(place, rows)| (&files[*place].file, *rows)).collect();
            let rows = rows.ok().filter(|rows| has_types(rows, columns));
            match rows.and_then(|rows| adapt(&rows, columns, &of_kind).ok()) {
                Some(rows) => found.rows.push(rows),
                None => found.alone.extend(kind.into_iter().map(|(place, _)| place)),
            }
        }
        found
    }

    /// Leaves a file to who reads it by itself, if it is there.
    fn leave(&mut self, place: usize, file: &TableFile) {
        let places = if file.file.is_gone() { &mut self.changed } else { &mut self.alone };
        places.push(place);
    }

    /// What the ledger says of every row. A file that is not as long as it was written is told by who reads it.
    fn counted(files: &[&TableFile], columns: &SchemaRef) -> Self {
        let mut found = Self::default();
        let mut counted = Vec::with_capacity(files.len());
        for (place, unit) in files.iter().enumerate() {
            match usize::try_from(unit.rows) {
                Ok(rows) if unit.file.size() == Some(unit.bytes) => counted.push((&unit.file, rows)),
                _ => found.leave(place, unit),
            }
        }
        match said_of(&counted, columns) {
            Some(rows) => found.rows.push(rows),
            None => found.alone = (0..files.len()).collect(),
        }
        found
    }
}

/// What is known of so many rows of each file without reading them.
pub fn said_of(files: &[(&SortedFile, usize)], columns: &SchemaRef) -> Option<RecordBatch> {
    let rows = files.iter().map(|(_, rows)| rows).sum();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let none = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).ok()?;
    adapt(&none, columns, files).ok()
}

/// Whether what the files have of the columns is of their types.
fn has_types(rows: &RecordBatch, columns: &SchemaRef) -> bool {
    let of_type = |field: &FieldRef| {
        rows.column_by_name(field.name()).is_none_or(|values| values.data_type() == field.data_type())
    };
    columns.fields().iter().all(of_type)
}
