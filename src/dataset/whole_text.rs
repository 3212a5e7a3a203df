//! The text in the bytes of a file that is no recording, however it was packed and written.

use std::borrow::Cow;
use std::io::{self, Read};

use super::fields::ends_in_carriage_returns;
use super::kind::{Kind, LAYERS, LOOK, Other, PACKED_AGAIN, PACKED_PARQUET, UTF32};
use super::open::{decoded, ends_as_newlines, is_utf32};
use super::packed::{Members, Packing};
use super::shape::markup;

/// Bytes of a text that are looked at to find out how it is written.
const SAMPLE: usize = 64 * 1024;

/// A text in UTF-8, unless it is in an encoding that nothing shows, with line feeds.
#[derive(Debug)]
pub(crate) struct WholeText<'a> {
    /// Its bytes.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// The encoding that it was read from, if that is another one.
    pub(crate) encoding: Option<&'static str>,
    /// Whether its lines ended in carriage returns alone.
    pub(crate) had_carriage_returns: bool,
    /// How it was packed, and what befell it there; what came before is the text.
    pub(crate) broken: Option<(&'static str, io::Error)>,
}

/// A file that is of a well-known kind that no text is read from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoText {
    /// What it is.
    pub(crate) what: &'static str,
    /// How it becomes a text.
    pub(crate) remedy: String,
}

/// The text of a file of that name.
///
/// # Errors
/// It is of a well-known kind that is not read.
pub(crate) fn whole_text<'a>(name: &str, bytes: &'a [u8]) -> Result<WholeText<'a>, NoText> {
    let no_text = |other: Other| NoText { what: other.what, remedy: other.remedy(name) };
    let mut text =
        WholeText { bytes: Cow::Borrowed(bytes), encoding: None, had_carriage_returns: false, broken: None };
    for layer in 0.. {
        let (packing, called) = match Kind::of(&text.bytes[..text.bytes.len().min(LOOK)]) {
            Kind::Text => break,
            Kind::Gzip if layer < LAYERS => (Packing::Gzip, "gzip"),
            Kind::Zstd if layer < LAYERS => (Packing::Zstd, "zstd"),
            Kind::Gzip | Kind::Zstd => return Err(no_text(PACKED_AGAIN)),
            Kind::Parquet if layer == 0 => {
                return Err(NoText { what: "Parquet", remedy: "write the table as CSV".to_owned() });
            }
            Kind::Parquet => return Err(no_text(PACKED_PARQUET)),
            Kind::Other(other) => return Err(no_text(other)),
        };
        let mut unpacked = Vec::new();
        let read = Members::new(packing, &text.bytes[..]).and_then(|mut all| all.read_to_end(&mut unpacked));
        text.bytes = Cow::Owned(unpacked);
        if let Err(error) = read {
            text.broken = Some((called, error));
            break;
        }
    }
    let sample = &text.bytes[..text.bytes.len().min(SAMPLE)];
    if is_utf32(sample) {
        return Err(no_text(UTF32));
    }
    if let Some(encoding) = decoded(sample, None) {
        text.encoding = Some(encoding.name());
        text.bytes = Cow::Owned(encoding.decode(&text.bytes).0.into_owned().into_bytes());
    }
    if ends_in_carriage_returns(&text.bytes) {
        text.had_carriage_returns = true;
        ends_as_newlines(text.bytes.to_mut());
    }
    Ok(text)
}

/// What a text is that is no table.
pub(crate) fn no_table(text: &[u8]) -> Option<NoText> {
    let (what, remedy) = markup(&text[..text.len().min(SAMPLE)])?;
    Some(NoText { what, remedy: remedy.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_and_written_otherwise_is_one_text() {
        let wide: Vec<u8> = "\u{feff}a,b\r1,2\r".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let packed = zstd::encode_all(&wide[..], 1).unwrap();
        let text = whole_text("f", &packed).unwrap();
        assert_eq!((&*text.bytes, text.encoding), (&b"a,b\n1,2\n"[..], Some("UTF-16BE")));
        assert!(text.had_carriage_returns && text.broken.is_none());
        let cut = whole_text("f", &packed[..packed.len() - 4]).unwrap();
        assert_eq!(cut.broken.map(|(packing, _)| packing), Some("zstd"));
        let plain = whole_text("f", b"\xef\xbb\xbfa,b\r\n").unwrap();
        assert!(matches!(plain.bytes, Cow::Borrowed(_)) && plain.encoding.is_none());
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, told, remedy) in [
            (&b"PK\x03\x04....[Content_Types].xml"[..], "xlsx", "save the sheet as CSV"),
            (b"\xfd7zXZ\0", "xz", "`xz -dc t.csv | gzip"),
            (b"PAR1", "Parquet", "write the table as CSV"),
            (b"\xff\xfe\0\0a\0\0\0", "UTF-32", "iconv -f UTF-32 -t UTF-8 t.csv"),
        ] {
            let found = whole_text("t.csv", bytes).unwrap_err();
            assert!(found.what.contains(told) && found.remedy.contains(remedy), "{found:?}");
        }
        assert_eq!(no_table(b"\n<!DOCTYPE html>\n<html>").unwrap().what, "a web page (HTML)");
        assert_eq!(no_table(b"a,b\n"), None);
    }
}
