//! Files that were written in parts, put together without being decoded.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader;
use parquet::file::writer::SerializedFileWriter;

use super::error::ExportError;
use crate::store::ParquetParts;

/// Writes the bytes of parts one after the other into a new file, down to the disk.
pub(crate) fn join_csv(parts: &[ParquetParts], path: &Path) -> Result<(), ExportError> {
    let at = |source| ExportError::Write { path: path.to_owned(), source };
    let mut file = File::create_new(path).map_err(at)?;
    for part in parts {
        let mut from = part.get_read(0)?;
        let mut bytes = vec![0; 1 << 20];
        loop {
            match from.get_mut().read(&mut bytes).map_err(at)? {
                0 => break,
                n => file.write_all(&bytes[..n]).map_err(at)?,
            }
        }
    }
    file.sync_all().map_err(at)
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
    let file = BufWriter::new(File::create_new(path).map_err(at)?);
    let schema = said.schema_descr().root_schema_ptr();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build()))?;
    for (part, footer) in parts.iter().zip(&footers) {
        for (place, group) in footer.row_groups().iter().enumerate() {
            copy(&mut writer, part, footer, (place, group))?;
        }
    }
    let file = writer.into_inner()?.into_inner().map_err(|error| at(error.into_error()))?;
    file.sync_all().map_err(at)
}

fn footer(part: &ParquetParts) -> Result<ParquetMetaData, ExportError> {
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
    reader.try_parse(part)?;
    Ok(reader.finish()?)
}

fn copy<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
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
