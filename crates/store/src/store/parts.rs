//! A stored Parquet file for a reader that takes it part by part, so that memory does not follow its size.

use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::errors::Result;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::storage::ReadAt;

/// Bytes read ahead where a page's header is; headers have some 50.
const HEADER: usize = 512;

/// A Parquet file read in parts.
#[derive(Debug, Clone)]
pub struct ParquetParts(pub Arc<dyn ReadAt>);

impl ParquetParts {
    /// Says that these columns will be read, from the first row to the last: of all row groups, or of some.
    pub fn expect(
        &self,
        metadata: &ParquetMetaData,
        columns: &ProjectionMask,
        groups: Option<&Range<usize>>,
    ) {
        let all = metadata.row_groups();
        let read = groups.map_or(all, |groups| all.get(groups.clone()).unwrap_or_default());
        let of_group = read.iter().map(|group| {
            let asked = (0..group.num_columns()).filter(|place| columns.leaf_included(*place));
            let range = asked.map(|place| group.column(place).byte_range());
            range.map(|(start, length)| start..start + length).collect()
        });
        self.0.expect(&of_group.collect::<Vec<_>>());
    }
}

impl Length for ParquetParts {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

impl ChunkReader for ParquetParts {
    type T = BufReader<Onward>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::with_capacity(HEADER, Onward { file: Arc::clone(&self.0), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        Ok(self.0.read_at(start, length)?)
    }
}

/// Reads a file from a place on.
#[derive(Debug)]
pub struct Onward {
    file: Arc<dyn ReadAt>,
    at: u64,
}

impl Read for Onward {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.file.length().saturating_sub(self.at);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        buffer[..length].copy_from_slice(&self.file.read_at(self.at, length)?);
        self.at += length as u64;
        Ok(length)
    }
}
