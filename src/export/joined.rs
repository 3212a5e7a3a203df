//! Files that were written in parts, put together without being decoded.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::error::ExportError;
use crate::store::ParquetParts;

/// Writes the bytes of parts one after the other into a new file, down to the disk; gives the BLAKE3 of each, so that they need
/// not be read for that alone.
pub(crate) fn join_csv(parts: &[ParquetParts], path: &Path) -> Result<Vec<String>, ExportError> {
    const PIECE: u64 = 1 << 20;
    let at = |source| ExportError::Write { path: path.to_owned(), source };
    let mut file = File::create_new(path).map_err(at)?;
    let mut sums = Vec::new();
    for ParquetParts(part) in parts {
        let (mut hash, mut done) = (blake3::Hasher::new(), 0);
        while done < part.length() {
            let piece = PIECE.min(part.length() - done);
            let bytes = part.read_at(done, usize::try_from(piece).unwrap_or_default()).map_err(at)?;
            hash.update(&bytes);
            file.write_all(&bytes).map_err(at)?;
            done += piece;
        }
        sums.push(hash.finalize().to_hex().to_string());
    }
    file.sync_all().map_err(at)?;
    Ok(sums)
}

/// Writes the row groups of Parquet files of the same columns one after the other into a new file, down to the disk. What
/// the footer of the first says is said of all.
pub(crate) fn join_parquet(parts: &[ParquetParts], path: &Path) -> Result<(), ExportError> {
    let at = |source| ExportError::Write { path: path.to_owned(), source };
    let footers = parts.iter().map(footer).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = footers.first() else { return Ok(()) };
    let said = first.file_metadata();
    let sorted = footers.iter().flat_map(ParquetMetaData::row_groups).next();
    let mut properties = WriterProperties::builder()
        .set_key_value_metadata(said.key_value_metadata().cloned())
        .set_sorting_columns(sorted.and_then(|group| group.sorting_columns().cloned()));
    if let Some(by) = said.created_by() {
        properties = properties.set_created_by(by.to_owned());
    }
    let file = File::create_new(path).map_err(at)?;
    let out: Box<dyn Write + Send> = Box::new(file.try_clone().map_err(at)?);
    let schema = said.schema_descr().root_schema_ptr();
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties.build()))?;
    for (part, footer) in parts.iter().zip(&footers) {
        for (place, group) in footer.row_groups().iter().enumerate() {
            copy(&mut writer, part, footer, (place, group))?;
        }
    }
    writer.close()?;
    file.sync_all().map_err(at)
}

fn footer(part: &ParquetParts) -> Result<ParquetMetaData, ExportError> {
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
    reader.try_parse(part)?;
    Ok(reader.finish()?)
}

fn copy(
    writer: &mut SerializedFileWriter<Box<dyn Write + Send>>,
    part: &ParquetParts,
    footer: &ParquetMetaData,
    (place, group): (usize, &RowGroupMetaData),
) -> Result<(), ExportError> {
    let mut to = writer.next_row_group()?;
    for (column, metadata) in group.columns().iter().enumerate() {
        let result = ColumnCloseResult {
            bytes_written: metadata.compressed_size().unsigned_abs(),
            rows_written: group.num_rows().unsigned_abs(),
            metadata: metadata.clone(),
            bloom_filter: None,
            column_index: footer.column_index().map(|index| index[place][column].clone()),
            offset_index: footer.offset_index().map(|index| index[place][column].clone()),
        };
        to.append_column(part, result)?;
    }
    to.close()?;
    Ok(())
}
