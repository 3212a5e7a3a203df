//! Opening an input file: kind by content, gzip undone, bytes hashed on the way.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::error::DatasetError;

/// Bytes fetched from the system at a time.
const CHUNK: usize = 256 * 1024;

/// What a file is, by its first bytes and not by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, to be read as CSV.
    Text,
    /// Gzip, with CSV inside.
    Gzip,
    /// Parquet.
    Parquet,
}

/// A reader that hashes what passes through it.
pub(super) struct Hashed<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Hashed<R> {
    /// Starts with an empty hash.
    pub(super) fn new(inner: R) -> Self {
        Self { inner, hasher: blake3::Hasher::new() }
    }

    /// Hash (hex) of what was read so far.
    pub(super) fn fingerprint(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

/// The decoded text of a file.
pub(super) enum Text<R: Read> {
    /// As it lies there.
    Plain(Box<BufReader<Hashed<R>>>),
    /// Through gzip; several members are one text.
    Gzip(Box<MultiGzDecoder<BufReader<Hashed<R>>>>),
}

impl<R: Read> Text<R> {
    /// Text of a file of the given kind.
    pub(super) fn new(inner: R, kind: Kind) -> Self {
        let reader = BufReader::with_capacity(CHUNK, Hashed::new(inner));
        if kind == Kind::Gzip {
            Self::Gzip(Box::new(MultiGzDecoder::new(reader)))
        } else {
            Self::Plain(Box::new(reader))
        }
    }

    /// Hash (hex) of the bytes of the file (not of the text); complete once the text is at its end.
    pub(super) fn fingerprint(&self) -> String {
        match self {
            Self::Plain(reader) => reader.get_ref().fingerprint(),
            Self::Gzip(decoder) => decoder.get_ref().get_ref().fingerprint(),
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// A file's name in messages.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// An error of the system on a file.
pub(super) fn unreadable(path: &Path, source: &io::Error) -> DatasetError {
    DatasetError::Unreadable { file: shown(path), reason: source.to_string() }
}

/// Opens a file and looks at its first bytes.
pub(super) fn open(path: &Path) -> Result<(File, Kind), DatasetError> {
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut magic = Vec::with_capacity(4);
    let start = |file: &mut File, magic: &mut Vec<u8>| -> io::Result<()> {
        file.take(4).read_to_end(magic)?;
        io::Seek::rewind(file)
    };
    start(&mut file, &mut magic).map_err(|error| unreadable(path, &error))?;
    let kind = match magic.as_slice() {
        [] => return Err(DatasetError::EmptyFile { file: shown(path) }),
        [0x1f, 0x8b, ..] => Kind::Gzip,
        b"PAR1" => Kind::Parquet,
        _ => Kind::Text,
    };
    Ok((file, kind))
}

/// Hash (hex) of a file's bytes.
pub(super) fn fingerprint(path: &Path) -> Result<String, DatasetError> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(|error| unreadable(path, &error))?;
    Ok(hasher.finalize().to_hex().to_string())
}
