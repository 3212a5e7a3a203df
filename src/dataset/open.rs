//! From the bytes of a file to its text: compression undone, encoding decoded, bytes hashed on the way.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;
use std::rc::Rc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::error::DatasetError;
use super::fields::ends_in_carriage_returns;
use super::fingerprint;
use super::kind::{Kind, LAYERS, LOOK, Other, PACKED_AGAIN, PACKED_PARQUET, UTF32};
use super::packed::{Behind, Members, Packing};
use super::remote;
pub(super) use super::told::{shown, unreadable};

/// Bytes fetched from the system at a time.
const CHUNK: usize = 256 * 1024;
/// Bytes of text that are looked at to find out how it is written.
const SAMPLE: usize = 64 * 1024;

/// A reader that hashes what passes through it.
struct Hashed<R> {
    inner: R,
    hasher: Rc<RefCell<blake3::Hasher>>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.borrow_mut().update(&buffer[..read]);
        Ok(read)
    }
}

/// A reader of lines that end in a carriage return alone.
struct CarriageReturns<R>(R);

impl<R: Read> Read for CarriageReturns<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        ends_as_newlines(&mut buffer[..read]);
        Ok(read)
    }
}

pub(super) fn ends_as_newlines(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte == b'\r' {
            *byte = b'\n';
        }
    }
}

/// The decoded text of a file.
pub(super) struct Text<'a> {
    reader: Box<dyn Read + 'a>,
    hasher: Rc<RefCell<blake3::Hasher>>,
    packed: bool,
    /// The encoding that it is decoded from.
    pub(super) encoding: &'static str,
    /// How the text begins.
    pub(super) sample: Vec<u8>,
}

impl<'a> Text<'a> {
    /// The text of a file, by the encoding that the configuration names, if it names one.
    pub(super) fn new(
        file: &str,
        inner: impl Read + 'a,
        encoding: Option<&'static Encoding>,
    ) -> Result<Self, DatasetError> {
        let hasher = Rc::new(RefCell::new(blake3::Hasher::new()));
        let mut reader: Box<dyn Read + 'a> = Box::new(Hashed { inner, hasher: Rc::clone(&hasher) });
        let mut packed = false;
        for layer in 0.. {
            let head;
            (head, reader) = peek(reader, LOOK);
            match Kind::of(&head) {
                Kind::Text => break,
                kind @ (Kind::Gzip | Kind::Zstd) if layer < LAYERS => {
                    let packing = if kind == Kind::Gzip { Packing::Gzip } else { Packing::Zstd };
                    let members = Members::new(packing, BufReader::with_capacity(CHUNK, reader));
                    reader = Box::new(members.map_err(|error| broken(file, packed, 0, &error))?);
                }
                Kind::Other(other) => return Err(not_read(file, other)),
                Kind::Parquet => return Err(not_read(file, PACKED_PARQUET)),
                Kind::Gzip | Kind::Zstd => return Err(not_read(file, PACKED_AGAIN)),
            }
            packed = true;
        }
        let (mut sample, mut reader) = peek(reader, SAMPLE);
        if is_utf32(&sample) {
            return Err(not_read(file, UTF32));
        }
        let decoded = decoded(&sample, encoding);
        if let Some(encoding) = decoded {
            let decoder = DecodeReaderBytesBuilder::new()
                .encoding(Some(encoding))
                .bom_override(true)
                .strip_bom(true)
                .build(reader);
            (sample, reader) = peek(Box::new(decoder), SAMPLE);
        }
        if ends_in_carriage_returns(&sample) {
            ends_as_newlines(&mut sample);
            reader = Box::new(CarriageReturns(reader));
        }
        let encoding = decoded.unwrap_or(UTF_8).name();
        Ok(Self { reader, hasher, packed, encoding, sample })
    }

    /// Hash (hex) of the bytes of the file (not of the text), which is read to its end.
    pub(super) fn fingerprint(&mut self) -> io::Result<String> {
        io::copy(&mut self.reader, &mut io::sink())?;
        Ok(self.hasher.borrow().finalize().to_hex().to_string())
    }

    /// The damage of packed data, which are read to their end, where their checksum is, that `error` may come of.
    pub(super) fn damage(&mut self, file: &str, error: &DatasetError) -> Option<DatasetError> {
        use DatasetError::{BehindPacked, Corrupt, Truncated, Unreadable};
        let is_told =
            matches!(error, BehindPacked { .. } | Corrupt { .. } | Truncated { .. } | Unreadable { .. });
        if !self.packed || is_told {
            return None;
        }
        let failure = io::copy(&mut self.reader, &mut io::sink()).err()?;
        let reason = failure.to_string();
        match self.broken(file, 0, &failure) {
            // Where the text goes wrong before its end, nobody knows how many rows are whole.
            Corrupt { .. } | Truncated { .. } => Some(Corrupt { file: file.to_owned(), reason }),
            _ => None,
        }
    }

    /// An error of reading as the error of the file.
    pub(super) fn broken(&self, file: &str, rows: usize, error: &io::Error) -> DatasetError {
        broken(file, self.packed, rows, error)
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

/// An error that comes where the text that could be read ends.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// How a reader goes on, and the reader with that before it; an error on the way comes in its place.
fn peek<'a>(mut reader: Box<dyn Read + 'a>, most: usize) -> (Vec<u8>, Box<dyn Read + 'a>) {
    let mut head = Vec::with_capacity(most);
    let read = reader.by_ref().take(most as u64).read_to_end(&mut head);
    let start = Cursor::new(head.clone());
    match read {
        Ok(_) => (head, Box::new(start.chain(reader))),
        Err(error) => (head, Box::new(start.chain(Failing(Some(error))))),
    }
}

/// Whether a text is in 32 bits a letter, by its mark or by the zeros around letters of ASCII.
pub(super) fn is_utf32(sample: &[u8]) -> bool {
    let marked = sample.starts_with(b"\xff\xfe\0\0") || sample.starts_with(b"\0\0\xfe\xff");
    let mut letters = sample.chunks_exact(4).take(16).peekable();
    let wide = |letter: &[u8]| matches!(letter, [a, 0, 0, 0] | [0, 0, 0, a] if *a > 0);
    marked || sample.len() >= 16 && letters.peek().is_some() && letters.all(wide)
}

/// The encoding a text has to be decoded from; none for UTF-8, whose bytes are taken as they are.
pub(super) fn decoded(sample: &[u8], configured: Option<&'static Encoding>) -> Option<&'static Encoding> {
    if let Some((marked, _)) = Encoding::for_bom(sample) {
        return (marked != UTF_8).then_some(marked);
    }
    if let Some(encoding) = configured {
        return (encoding != UTF_8).then_some(encoding);
    }
    // Without a mark: letters of ASCII in 16 bits have a zero in every other byte.
    let start = &sample[..sample.len().min(64) / 2 * 2];
    let zeros = |odd: usize| start.len() >= 8 && start.iter().skip(odd).step_by(2).all(|&byte| byte == 0);
    let letters = |odd: usize| start.iter().skip(odd).step_by(2).all(|&byte| byte != 0);
    match (zeros(0), zeros(1)) {
        (true, false) if letters(1) => Some(UTF_16BE),
        (false, true) if letters(0) => Some(UTF_16LE),
        _ => None,
    }
}

/// The error of a well-known kind of file that is not read.
fn not_read(file: &str, other: Other) -> DatasetError {
    let reason =
        format!("it is {}, which is not read (hint: {})", other.what, other.remedy(&base_name(file)));
    DatasetError::NotCsv { file: file.to_owned(), reason }
}

fn base_name(file: &str) -> String {
    Path::new(file).file_name().map_or_else(|| file.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// An error of reading: of the system, or of what was compressed.
fn broken(file: &str, packed: bool, rows: usize, error: &io::Error) -> DatasetError {
    let name = file.to_owned();
    let behind = error.get_ref().and_then(|error| error.downcast_ref::<Behind>());
    if let Some(Behind(packing)) = behind {
        let (packing, unpack) = match packing {
            Packing::Gzip => ("gzip", "gzip -dc"),
            Packing::Zstd => ("zstd", "zstd -dcq"),
        };
        let base = base_name(file);
        return DatasetError::BehindPacked { file: name, packing, unpack: format!("{unpack} {base}") };
    }
    if packed && error.kind() == ErrorKind::UnexpectedEof {
        return DatasetError::Truncated { file: name, rows };
    }
    if packed && error.raw_os_error().is_none() {
        return DatasetError::Corrupt { file: name, reason: error.to_string() };
    }
    DatasetError::Unreadable { file: name, reason: error.to_string() }
}

/// A file as one of this machine: itself, or a copy of what an object store has.
pub(super) fn file(path: &Path) -> Result<File, DatasetError> {
    match remote::File::of(path) {
        Some(file) => remote::fetched(path, &mut remote::open(path, file)?),
        None => File::open(path).map_err(|error| unreadable(path, &error)),
    }
}

/// The bytes of a file as they come.
fn stream(path: &Path) -> Result<Box<dyn Read>, DatasetError> {
    Ok(match remote::File::of(path) {
        Some(file) => Box::new(remote::open(path, file)?),
        None => Box::new(File::open(path).map_err(|error| unreadable(path, &error))?),
    })
}

/// How a file begins.
pub(super) fn beginning(path: &Path, most: usize) -> Result<Vec<u8>, DatasetError> {
    let mut head = Vec::new();
    stream(path)?.take(most as u64).read_to_end(&mut head).map_err(|error| unreadable(path, &error))?;
    Ok(head)
}

/// The bytes of a file as they come, without one layer of compression.
pub(super) fn unpacked(path: &Path) -> Result<Box<dyn Read>, DatasetError> {
    let (head, reader) = peek(stream(path)?, LOOK);
    let packing = match Kind::of(&head) {
        Kind::Gzip => Packing::Gzip,
        Kind::Zstd => Packing::Zstd,
        _ => return Ok(reader),
    };
    let members = Members::new(packing, BufReader::with_capacity(CHUNK, reader));
    Ok(Box::new(members.map_err(|error| unreadable(path, &error))?))
}

/// Opens a file and says whether it is Parquet, which is read from its end.
pub(super) fn open(path: &Path) -> Result<(File, bool), DatasetError> {
    let mut file = file(path)?;
    let mut head = Vec::with_capacity(4);
    let start = |file: &mut File, head: &mut Vec<u8>| -> io::Result<()> {
        file.take(4).read_to_end(head)?;
        io::Seek::rewind(file)
    };
    start(&mut file, &mut head).map_err(|error| unreadable(path, &error))?;
    if head.is_empty() {
        return Err(DatasetError::EmptyFile { file: shown(path) });
    }
    Ok((file, Kind::of(&head) == Kind::Parquet))
}

/// Hash (hex) of a file's bytes.
pub(super) fn fingerprint(path: &Path) -> Result<String, DatasetError> {
    fingerprint::of(path, stream(path)?)
}
