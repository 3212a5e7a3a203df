//! A stored Parquet file for a reader that takes it part by part, so that memory does not follow its size.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

use super::storage::ReadAt;

/// Bytes read ahead where a page's header is; headers have some 50.
const HEADER: usize = 512;

/// A Parquet file read in parts.
#[derive(Debug, Clone)]
pub struct ParquetParts(pub Arc<dyn ReadAt>);

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
