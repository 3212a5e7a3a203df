//! Small text files that people write: read whole, without what editors put around the text.

use std::io;
use std::path::Path;

/// What some editors begin a file of UTF-8 with.
const MARK: &str = "\u{feff}";

/// How files begin that are none.
const OTHERS: [(&[u8], &str); 5] = [
    (b"PAR1", "Parquet"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"ARROW1", "Arrow IPC"),
];

/// The text of a file, without a byte-order mark.
///
/// # Errors
/// The file cannot be read, or is not UTF-8; UTF-16 is named.
pub fn read(path: &Path) -> io::Result<String> {
    of_bytes(std::fs::read(path)?)
}

/// The text that bytes hold, without a byte-order mark.
fn of_bytes(bytes: Vec<u8>) -> io::Result<String> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    if let Some((_, what)) = OTHERS.iter().find(|(begins, _)| bytes.starts_with(begins)) {
        return Err(invalid(format!("it is {what}, not text (hint: save it as text in UTF-8)")));
    }
    if bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || bytes.iter().take(64).any(|b| *b == 0)
    {
        return Err(invalid("it is in UTF-16, or not text (hint: save it as UTF-8)".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        invalid(format!("line {line} is not UTF-8 text (hint: save it as UTF-8)"))
    })?;
    Ok(text.strip_prefix(MARK).map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::of_bytes;

    #[test]
    fn marks_are_passed_over_and_encodings_named() {
        assert_eq!(of_bytes("\u{feff}u1\n".into()).unwrap(), "u1\n");
        assert_eq!(of_bytes("\u{fc}".into()).unwrap(), "\u{fc}");
        assert_eq!(of_bytes(Vec::new()).unwrap(), "");
        for wide in ["\u{feff}u1", "u1"] {
            let bytes = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(of_bytes(bytes).unwrap_err().to_string().contains("UTF-16"), "{wide}");
        }
        assert!(of_bytes(b"PAR1\0\0".to_vec()).unwrap_err().to_string().contains("it is Parquet, not text"));
        assert!(of_bytes(b"\x1f\x8b\x08".to_vec()).unwrap_err().to_string().contains("gzip"));
        assert!(of_bytes(b"a\nb\xff".to_vec()).unwrap_err().to_string().contains("line 2"));
    }
}
