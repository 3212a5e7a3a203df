//! Compressed data of several members, with what may stand behind the last one.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use zstd::stream::read::Decoder;

/// How data are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Packing {
    /// Whether another member can begin with a byte.
    fn begins(self, byte: u8) -> bool {
        match self {
            Self::Gzip => byte == 0x1f,
            // A frame, or one to be skipped.
            Self::Zstd => byte == 0x28 || byte & 0xf0 == 0x50,
        }
    }
}

/// Bytes behind the end of compressed data that are neither another member nor zeros.
#[derive(Debug, thiserror::Error)]
#[error("other bytes stand behind the end of the compressed data")]
pub(super) struct Behind(pub(super) Packing);

/// The text of all members; zeros behind the last one, which tapes and object stores add, are passed over.
pub(super) struct Members<R: BufRead> {
    packing: Packing,
    /// The member that is being read; none at the end.
    member: Option<Member<R>>,
}

enum Member<R: BufRead> {
    Gzip(Box<GzDecoder<R>>),
    Zstd(Decoder<'static, R>),
}

impl<R: BufRead> Member<R> {
    fn new(packing: Packing, inner: R) -> io::Result<Self> {
        Ok(match packing {
            Packing::Gzip => Self::Gzip(Box::new(GzDecoder::new(inner))),
            Packing::Zstd => Self::Zstd(Decoder::with_buffer(inner)?.single_frame()),
        })
    }

    fn into_inner(self) -> R {
        match self {
            Self::Gzip(member) => member.into_inner(),
            Self::Zstd(member) => member.finish(),
        }
    }
}

impl<R: BufRead> Members<R> {
    /// Starts at the first member.
    pub(super) fn new(packing: Packing, inner: R) -> io::Result<Self> {
        Ok(Self { packing, member: Some(Member::new(packing, inner)?) })
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut member) = self.member.take() {
            let read = match &mut member {
                Member::Gzip(member) => member.read(buffer),
                Member::Zstd(member) => member.read(buffer),
            };
            if !matches!(read, Ok(0)) || buffer.is_empty() {
                self.member = Some(member);
                return read;
            }
            let mut inner = member.into_inner();
            match inner.fill_buf()?.first() {
                Some(&byte) if self.packing.begins(byte) => {
                    self.member = Some(Member::new(self.packing, inner)?);
                }
                Some(_) => only_zeros(self.packing, inner)?,
                None => {}
            }
        }
        Ok(0)
    }
}

/// Reads to the end.
fn only_zeros(packing: Packing, mut rest: impl BufRead) -> io::Result<()> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, Behind(packing)));
        }
        let length = bytes.len();
        rest.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read, Write};

    use super::{Members, Packing};

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(text: &str) -> Vec<u8> {
        zstd::encode_all(text.as_bytes(), 1).unwrap()
    }

    fn read(packing: Packing, bytes: &[u8]) -> std::io::Result<String> {
        let mut text = String::new();
        Members::new(packing, BufReader::with_capacity(7, bytes))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn members_are_one_text_and_zeros_behind_them_are_nothing() {
        for (packing, pack) in [(Packing::Gzip, gzip as fn(&str) -> Vec<u8>), (Packing::Zstd, zstandard)] {
            let two = [pack("a,b\n1"), pack(""), pack(",2\n")].concat();
            assert_eq!(read(packing, &two).unwrap(), "a,b\n1,2\n");
            assert_eq!(read(packing, &[&two[..], &[0; 1000]].concat()).unwrap(), "a,b\n1,2\n");
            let tail = read(packing, &[&two[..], b"\0\0more"].concat()).unwrap_err();
            assert!(tail.to_string().contains("behind the end"), "{packing:?}: {tail}");
            assert!(read(packing, &[&two[..], b"\n"].concat()).is_err());
            let cut = read(packing, &two[..two.len() - 3]).unwrap_err();
            assert_eq!(cut.kind(), std::io::ErrorKind::UnexpectedEof, "{packing:?}");
        }
        let skipped = [b"\x50\x2a\x4d\x18\x02\0\0\0xy".to_vec(), zstandard("a\n")].concat();
        assert_eq!(read(Packing::Zstd, &skipped).unwrap(), "a\n");
    }
}
