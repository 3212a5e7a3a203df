//! What a file is, by its first bytes and not by its name.

/// Bytes that have to be looked at.
pub(super) const LOOK: usize = 4096;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, to be read as CSV.
    Text,
    /// Gzip, with text inside.
    Gzip,
    /// Zstandard, with text inside.
    Zstd,
    /// Parquet.
    Parquet,
    /// Something well known that is not read.
    Other(Other),
}

/// A well-known kind of file that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Other {
    /// What it is.
    pub(super) what: &'static str,
    /// How it becomes a file that is read; `FILE` stands for its name.
    pub(super) remedy: &'static str,
}

/// A kind that is not read: where its mark stands, the mark, what it is, what to do.
type Mark = (usize, &'static [u8], &'static str, &'static str);

const SHEET: &str = "save the sheet as CSV from the spreadsheet program";
const UNPACK_TAR: &str =
    "gzip and zstd of one file are read, archives are not: unpack it with `tar -xf FILE`";
const BY_PANDAS: &str = "write it as Parquet or CSV, for example with pandas";

/// Kinds that are not read; the first that fits.
const OTHERS: [Mark; 46] = [
    (0, b"\xfd7zXZ\0", "compressed by xz", "gzip and zstd are read: `xz -dc FILE | gzip > NEW.csv.gz`"),
    (0, b"BZh", "compressed by bzip2", "gzip and zstd are read: `bzip2 -dc FILE | gzip > NEW.csv.gz`"),
    (
        0,
        b"\x04\x22\x4d\x18",
        "compressed by lz4",
        "gzip and zstd are read: `lz4 -dc FILE | gzip > NEW.csv.gz`",
    ),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it with `7z x FILE`"),
    (0, b"Rar!", "a rar archive", "unpack it"),
    (257, b"ustar", "a tar archive", UNPACK_TAR),
    (0, b"PK\x05\x06", "an empty zip archive", "pack it again"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old spreadsheet or office document (xls, doc)", SHEET),
    (0, b"ARROW1", "an Arrow or Feather file", BY_PANDAS),
    (0, b"FEA1", "a Feather file", BY_PANDAS),
    (0, b"\xff\xff\xff\xff", "an Arrow stream", BY_PANDAS),
    (
        0,
        b"SQLite format 3\0",
        "an SQLite database",
        "export its table as CSV: `sqlite3 -header -csv FILE 'select * from …'`",
    ),
    (8, b"DUCK", "a DuckDB database", "export its table: `copy … to 'NEW.parquet'`"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", BY_PANDAS),
    (0, b"MATLAB ", "a MATLAB file", "write the table with `writetable`"),
    (0, b"ORC", "an ORC file", BY_PANDAS),
    (0, b"Obj\x01", "an Avro file", BY_PANDAS),
    (0, b"RDX", "an R data file", "write the table in R with `write.csv(…, row.names = FALSE)`"),
    (0, b"X\n\0\0\0", "an R data file", "write the table in R with `write.csv(…, row.names = FALSE)`"),
    (0, b"$FL2", "an SPSS file", "write it as CSV, for example in R with `haven::read_sav`"),
    (0, b"<stata_dta>", "a Stata file", "write it as CSV, for example in R with `haven::read_dta`"),
    (84, b"SAS FILE", "a SAS file", "write it as CSV, for example in R with `haven::read_sas`"),
    (0, b"%PDF", "a PDF document", "it holds no rows; leave it out with `data.files`"),
    (0, b"\x89PNG", "an image", "it holds no rows; leave it out with `data.files`"),
    (0, b"\xff\xd8\xff", "an image", "it holds no rows; leave it out with `data.files`"),
    (
        0,
        b"MD\xfc\x03",
        "a raw recording of Axivity (cwa)",
        "make epochs of it with the maker's program and export them as CSV",
    ),
    (
        0,
        b"\x1f\x9d",
        "compressed by compress (Z)",
        "gzip and zstd are read: `uncompress -c FILE | gzip > NEW.csv.gz`",
    ),
    (
        0,
        b"\xff\x06\0\0sNaPpY",
        "compressed by snappy",
        "gzip and zstd are read: unpack it, and pack it again with gzip",
    ),
    (0, b"CDF\x01", "a NetCDF file", BY_PANDAS),
    (0, b"CDF\x02", "a NetCDF file", BY_PANDAS),
    (0, b"\x93NUMPY", "an array of NumPy (npy)", BY_PANDAS),
    (0, b"PARE", "encrypted Parquet", "write it without encryption"),
    (
        0,
        b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60",
        "a SAS file (sas7bdat)",
        "write it as CSV, for example in R with `haven::read_sas`",
    ),
    (0, b"\x71\x01\x01\0", "a Stata file", "write it as CSV, for example in R with `haven::read_dta`"),
    (0, b"\x72\x02\x01\0", "a Stata file", "write it as CSV, for example in R with `haven::read_dta`"),
    (0, b"\x73\x02\x01\0", "a Stata file", "write it as CSV, for example in R with `haven::read_dta`"),
    (0, b"\x80\x04\x95", "a pickle of Python", BY_PANDAS),
    (0, b"\x80\x05\x95", "a pickle of Python", BY_PANDAS),
    (
        0,
        b"0       ",
        "an EDF recording",
        "write its signals as CSV, for example in Python with MNE or pyEDFlib",
    ),
    (
        0,
        b"\xffBIOSEMI",
        "a BDF recording",
        "write its signals as CSV, for example in Python with MNE or pyEDFlib",
    ),
    (8, b".FIT", "a recording of Garmin (FIT)", "export it as CSV with the maker's program"),
    (
        0,
        b"Device Identity",
        "a raw recording of GENEActiv (bin)",
        "make epochs of it with the maker's program and export them as CSV",
    ),
    (
        0,
        b"version https://git-lfs",
        "a pointer of Git LFS, without the data",
        "fetch the data with `git lfs pull`",
    ),
    (
        0,
        b"/annex/objects/",
        "a pointer of git-annex, without the data",
        "fetch the data with `git annex get FILE`",
    ),
    (0, b"-----BEGIN PGP", "encrypted (PGP)", "decrypt it: `gpg -d FILE > NEW.csv`"),
    (0, b"\x7fELF", "a program", "it holds no rows; leave it out with `data.files`"),
];

/// Text in 32 bits a letter.
pub(super) const UTF32: Other =
    Other { what: "UTF-32 text", remedy: "write it as UTF-8: `iconv -f UTF-32 -t UTF-8 FILE > NEW.csv`" };
/// Parquet within gzip or zstd.
pub(super) const PACKED_PARQUET: Other =
    Other { what: "compressed Parquet", remedy: "unpack it: `gunzip FILE` or `zstd -d FILE`" };
/// Compressed more often than anybody means to.
pub(super) const PACKED_AGAIN: Other = Other { what: "compressed again and again", remedy: "unpack it" };
/// Most layers of compression.
pub(super) const LAYERS: usize = 3;

impl Other {
    /// What to do with a file of that name.
    pub(super) fn remedy(self, name: &str) -> String {
        self.remedy.replace("FILE", name)
    }
}

impl Kind {
    /// The kind of a file that begins so.
    pub(super) fn of(start: &[u8]) -> Self {
        if start.starts_with(b"\x1f\x8b") {
            return Self::Gzip;
        }
        if start.starts_with(b"\x28\xb5\x2f\xfd")
            || (start.len() > 4 && start[0] & 0xf0 == 0x50 && start[1..].starts_with(b"\x2a\x4d\x18"))
        {
            return Self::Zstd;
        }
        if start.starts_with(b"PAR1") {
            return Self::Parquet;
        }
        if start.starts_with(b"PK\x03\x04") {
            return Self::Other(zip(start));
        }
        let fits = |(at, mark, ..): &&Mark| start.get(*at..).is_some_and(|rest| rest.starts_with(mark));
        OTHERS
            .iter()
            .find(fits)
            .map_or(Self::Text, |(_, _, what, remedy)| Self::Other(Other { what, remedy }))
    }
}

/// What a zip archive is the form of.
fn zip(start: &[u8]) -> Other {
    let holds = |name: &[u8]| start.windows(name.len()).any(|window| window == name);
    if holds(b"[Content_Types].xml") || holds(b"xl/") || holds(b"opendocument") {
        return Other { what: "a spreadsheet or office document (xlsx, ods)", remedy: SHEET };
    }
    if holds(b"log.bin") || holds(b"activity.bin") {
        return Other {
            what: "a raw recording of ActiGraph (gt3x)",
            remedy: "make epochs of it in ActiLife and export them as CSV",
        };
    }
    Other { what: "a zip archive", remedy: "gzip and zstd are read: `unzip -p FILE | gzip > NEW.csv.gz`" }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn first_bytes_tell() {
        assert_eq!(Kind::of(b"\x1f\x8b\x08"), Kind::Gzip);
        assert_eq!(Kind::of(b"\x28\xb5\x2f\xfd\0"), Kind::Zstd);
        assert_eq!(Kind::of(b"PAR1\x15"), Kind::Parquet);
        for text in [&b"time,steps"[..], b"", b"\xef\xbb\xbftime", b"\xff\xfet\0", b"PK,a", b"BZ,h"] {
            assert_eq!(Kind::of(text), Kind::Text, "{text:?}");
        }
        let mut tar = vec![b'a'; 600];
        tar[257..262].copy_from_slice(b"ustar");
        for (start, what) in [
            (&b"\xfd7zXZ\0\0"[..], "xz"),
            (b"0       X X X X", "EDF"),
            (b"BZh91AY", "bzip2"),
            (b"PK\x03\x04....u.csv", "a zip archive"),
            (b"PK\x03\x04....[Content_Types].xml", "xlsx"),
            (b"PK\x03\x04....info.txt..log.bin", "gt3x"),
            (&tar, "tar"),
            (b"ARROW1\0\0", "Arrow"),
            (b"SQLite format 3\0", "SQLite"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
            (b"\x1f\x9d\x90", "compress"),
            (b"\xff\x06\0\0sNaPpY", "snappy"),
            (b"CDF\x01", "NetCDF"),
            (b"\x0e\x10\xd9\x07\0\0\0\0.FIT", "FIT"),
            (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
            (b"/annex/objects/MD5E", "git-annex"),
            (b"PARE", "encrypted"),
        ] {
            let Kind::Other(other) = Kind::of(start) else { panic!("{what}") };
            assert!(other.what.contains(what), "{}", other.what);
        }
    }
}
