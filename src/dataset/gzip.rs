//! Gzip of several members, with what may stand behind the last one.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Bytes behind the end of gzip data that are neither another member nor zeros.
#[derive(Debug, thiserror::Error)]
#[error("other bytes stand behind the end of the gzip data")]
pub(super) struct Behind;

/// The text of all members; zeros behind the last one, which tapes and object stores add, are passed over.
pub(super) struct Members<R> {
    /// The member that is being read; none at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    /// Starts at the first member.
    pub(super) fn new(inner: R) -> Self {
        Self { member: Some(GzDecoder::new(inner)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut member) = self.member.take() {
            let read = member.read(buffer);
            if !matches!(read, Ok(0)) || buffer.is_empty() {
                self.member = Some(member);
                return read;
            }
            let mut inner = member.into_inner();
            match inner.fill_buf()?.first() {
                Some(0x1f) => self.member = Some(GzDecoder::new(inner)),
                Some(_) => only_zeros(inner)?,
                None => {}
            }
        }
        Ok(0)
    }
}

/// Reads to the end.
fn only_zeros(mut rest: impl BufRead) -> io::Result<()> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, Behind));
        }
        let length = bytes.len();
        rest.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read, Write};

    use super::Members;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> std::io::Result<String> {
        let mut text = String::new();
        Members::new(BufReader::with_capacity(7, bytes)).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn members_are_one_text_and_zeros_behind_them_are_nothing() {
        let two = [gzip("a,b\n1"), gzip(""), gzip(",2\n")].concat();
        assert_eq!(read(&two).unwrap(), "a,b\n1,2\n");
        assert_eq!(read(&[&two[..], &[0; 1000]].concat()).unwrap(), "a,b\n1,2\n");
        assert!(read(&[&two[..], b"\0\0more"].concat()).unwrap_err().to_string().contains("behind the end"));
        assert!(read(&[&two[..], b"\n"].concat()).is_err());
        assert_eq!(read(&two[..two.len() - 3]).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    }
}
