//! Files of different users that hold the same: copies that would count twice, packed or not.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::folder::some;
use super::{open, remote};

/// Most bytes of files that are compared before whole files are.
const COMPARED: u64 = 64 * 1024;

/// Bytes at the start of Zstandard data that may say how long they are without their compression.
const ZSTD_HEAD: u64 = 18;

/// The only file of a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileOf<'a> {
    /// The user.
    pub(super) user: &'a str,
    /// The file.
    pub(super) path: &'a Path,
    /// Its bytes.
    pub(super) bytes: u64,
}

/// Notes on users whose files hold the same.
///
/// Only files of one length are opened, and those whose beginnings are equal read to the end. The length is that without
/// compression, where a packed file says it.
pub(super) fn copies<'a>(files: impl Iterator<Item = FileOf<'a>>) -> Vec<String> {
    let mut by_length: HashMap<u64, Vec<FileOf<'_>>> = HashMap::new();
    for file in files.filter(|file| file.bytes > 0) {
        by_length.entry(length(file)).or_default().push(file);
    }
    let mut notes = Vec::new();
    for alike in by_length.into_values() {
        for alike in equal(alike, |bytes| Box::new(bytes.take(COMPARED))) {
            for same in equal(alike, |bytes| bytes) {
                let names: Vec<String> = same.iter().map(|file| file.user.to_owned()).collect();
                let packed =
                    if same.iter().any(|file| packing(file.path).is_some()) { ", unpacked" } else { "" };
                notes.push(format!(
                    "the files of {} users hold the same bytes{packed}: {} (hint: remove the copies if they are one person)",
                    names.len(),
                    some(&names)
                ));
            }
        }
    }
    notes.sort();
    notes
}

/// Those of some files that are equal in some part, in groups of at least two.
fn equal(files: Vec<FileOf<'_>>, part: impl Fn(Box<dyn Read>) -> Box<dyn Read>) -> Vec<Vec<FileOf<'_>>> {
    if files.len() < 2 {
        return Vec::new();
    }
    let mut by_hash: BTreeMap<String, Vec<FileOf<'_>>> = BTreeMap::new();
    for file in files {
        // What cannot be read is told when it is needed.
        let Ok(bytes) = open::unpacked(file.path) else { continue };
        let mut hasher = blake3::Hasher::new();
        if hasher.update_reader(part(bytes)).is_ok() {
            by_hash.entry(hasher.finalize().to_hex().to_string()).or_default().push(file);
        }
    }
    by_hash.into_values().filter(|files| files.len() > 1).collect()
}

/// How a file says that it is packed: by its name, since looking into every file would take long.
fn packing(path: &Path) -> Option<&'static str> {
    let end = path.extension()?.to_str()?.to_lowercase();
    ["gz", "gzip", "zst", "zstd"].into_iter().find(|known| *known == end)
}

/// Bytes of a file without its compression if it says so; those of an object store are not asked for it.
fn length(file: FileOf<'_>) -> u64 {
    let said = match packing(file.path) {
        Some(_) if remote::File::of(file.path).is_some() => Ok(None),
        Some("gz" | "gzip") => gzip_length(file.path),
        Some(_) => zstd_length(file.path),
        None => Ok(None),
    };
    said.ok().flatten().unwrap_or(file.bytes)
}

/// What the last four bytes of gzip data say.
fn gzip_length(path: &Path) -> io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let mut length = [0; 4];
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut length)?;
    Ok(Some(u64::from(u32::from_le_bytes(length))))
}

/// What the first bytes of Zstandard data say, if they do.
fn zstd_length(path: &Path) -> io::Result<Option<u64>> {
    let mut head = Vec::new();
    File::open(path)?.take(ZSTD_HEAD).read_to_end(&mut head)?;
    Ok(zstd::zstd_safe::get_frame_content_size(&head).ok().flatten())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Names and contents as files of users, and what is noted about them.
    fn noted(files: &[(&str, &[u8])]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
        for (path, (_, bytes)) in paths.iter().zip(files) {
            std::fs::write(path, bytes).unwrap();
        }
        copies(paths.iter().zip(files).map(|(path, (name, bytes))| FileOf {
            user: name.split('.').next().unwrap(),
            path,
            bytes: bytes.len() as u64,
        }))
    }

    fn gzip(text: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn copies_are_found_however_they_are_packed() {
        let text: Vec<u8> = (0..30_000).flat_map(|n: u32| format!("{n},1\n").into_bytes()).collect();
        let mut other = text.clone();
        *other.last_mut().unwrap() = b' ';
        let zstd = zstd::bulk::compress(&text, 1).unwrap();
        let notes = noted(&[
            ("a.csv", &text),
            ("b.csv.gz", &gzip(&text, 1)),
            ("c.csv.gz", &gzip(&text, 9)),
            ("d.csv.zst", &zstd),
            ("e.csv", &other),
            ("f.csv.gz", &gzip(&other, 1)),
            ("g.csv.gz", b"x"),
            ("h.csv", b"y"),
        ]);
        let told = [
            "the files of 2 users hold the same bytes, unpacked: e, f",
            "the files of 4 users hold the same bytes, unpacked: a, b, c, d",
        ];
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes.iter().zip(told).all(|(note, told)| note.starts_with(told)), "{notes:?}");
        assert_eq!(noted(&[("g.csv.gz", b"x"), ("h.csv", b"y")]), [""; 0], "not what its name says");
        let plain = noted(&[("i.csv", b"z"), ("j.csv", b"z"), ("k.csv", b"")]);
        assert!(plain[0].starts_with("the files of 2 users hold the same bytes: i, j"), "{plain:?}");
    }
}
