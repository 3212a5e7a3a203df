//! The files of a data folder: which are taken, which are not, and what is said about those.

use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::items::{Item, What, items};
use super::pattern;

/// Extensions that are no part of a user id, in any case; taken off from the end, as often as they fit.
const EXTENSIONS: [&str; 28] = [
    ".gz", ".gzip", ".zst", ".zstd", ".xz", ".bz2", ".zip", ".csv", ".tsv", ".tab", ".txt", ".dat",
    ".parquet", ".parq", ".pqt", ".pq", ".feather", ".arrow", ".snappy", ".brotli", ".lz4", ".lz4raw",
    ".xlsx", ".xls", ".ods", ".json", ".psv", ".asc",
];

/// Ends of the names of files that editors, downloads and copies leave behind.
const LEFTOVERS: [&str; 14] = [
    "~",
    ".bak",
    ".part",
    ".partial",
    ".filepart",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".swp",
    ".orig",
    ".old",
    ".lock",
    ".lnk",
];

/// Ends of the names of files that stand beside data and are none.
const BESIDE: [&str; 39] = [
    ".md", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".html", ".htm", ".png", ".jpg", ".jpeg", ".svg", ".py",
    ".r", ".ipynb", ".log", ".yaml", ".yml", ".db", ".ini", ".sh", ".do", ".json", ".md5", ".sha1",
    ".sha256", ".sha512", ".cff", ".bib", ".tex", ".toml", ".rmd", ".qmd", ".rproj", ".js", ".css", ".url",
    ".webloc", ".desktop",
];

/// Names, without extensions, of documents that lie beside data.
const DOCUMENTS: [&str; 24] = [
    "readme",
    "license",
    "licence",
    "copying",
    "changelog",
    "changes",
    "notice",
    "citation",
    "codebook",
    "data_dictionary",
    "md5sums",
    "sha256sums",
    "_success",
    "_metadata",
    "_common_metadata",
    "authors",
    "contributors",
    "contributing",
    "makefile",
    "dockerfile",
    "snakefile",
    "install",
    "todo",
    "version",
];

/// A file that is taken.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// What is in a data folder.
#[derive(Default)]
pub(super) struct Folder {
    /// Files that fit the pattern, sorted by name.
    pub(super) files: Vec<Found>,
    /// Files that would fit but for upper and lower case.
    other_case: Vec<String>,
    /// Files that do not fit.
    others: Vec<String>,
    hidden: Vec<String>,
    pub(super) leftovers: Vec<String>,
    pub(super) beside: Vec<String>,
    pub(super) folders: Vec<String>,
    /// Pipes, sockets and devices.
    odd: Vec<String>,
}

impl Folder {
    /// Lists a folder in which some file fits.
    pub(super) fn list(folder: &str, glob: &str) -> Result<Self, DatasetError> {
        let found = Self::look(folder, glob)?;
        if found.files.is_empty() { Err(found.nothing(folder, glob)) } else { Ok(found) }
    }

    /// Lists a folder. Hidden files only fit a pattern that starts with a dot.
    pub(super) fn look(folder: &str, glob: &str) -> Result<Self, DatasetError> {
        if glob.contains('/') {
            return Err(DatasetError::Pattern { pattern: glob.to_owned() });
        }
        let mut found = Self::default();
        for Item { path, what } in items(folder)? {
            let Some(name) = path.file_name() else { continue };
            let shown = name.to_string_lossy().into_owned();
            let hidden = shown.starts_with('.') && !glob.starts_with('.');
            let bytes = match what {
                What::Folder => {
                    if hidden { &mut found.hidden } else { &mut found.folders }.push(format!("{shown}/"));
                    continue;
                }
                What::Odd => {
                    found.odd.push(shown);
                    continue;
                }
                What::File(bytes) => bytes,
            };
            if hidden {
                found.hidden.push(shown);
            } else if !pattern::matches(glob, &shown) {
                let near = pattern::matches(&glob.to_lowercase(), &shown.to_lowercase());
                if near { &mut found.other_case } else { &mut found.others }.push(shown);
            } else if asked_for(glob, &shown, &LEFTOVERS) || is_leftover(glob, &shown) {
                found.leftovers.push(shown);
            } else if asked_for(glob, &shown, &BESIDE) || is_document(glob, &shown) {
                found.beside.push(shown);
            } else {
                let Some(name) = name.to_str().map(str::to_owned) else {
                    let rename = rename(&path, &shown);
                    return Err(DatasetError::FileName { folder: folder.to_owned(), name: shown, rename });
                };
                found.files.push(Found { name, path, bytes });
            }
        }
        found.sort();
        Ok(found)
    }

    fn sort(&mut self) {
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        for names in [
            &mut self.other_case,
            &mut self.others,
            &mut self.hidden,
            &mut self.leftovers,
            &mut self.beside,
            &mut self.folders,
            &mut self.odd,
        ] {
            names.sort();
        }
    }

    /// The error of a folder in which no file fits.
    fn nothing(&self, folder: &str, glob: &str) -> DatasetError {
        let others = self.others.len()
            + self.hidden.len()
            + self.other_case.len()
            + self.leftovers.len()
            + self.beside.len();
        let mut hint = if self.others.is_empty() {
            "set `data_root` or `data.files`".to_owned()
        } else {
            format!(
                "it holds {}: `data.files` is one pattern of file names, in which `*`, `?`, `[a-c]` and `{{csv,parquet}}` \
                 stand for others, as in `*.csv`",
                some(&self.others)
            )
        };
        if let (Some(first), true) = (self.folders.first(), self.others.is_empty()) {
            hint = format!(
                "folders are not looked into: put a file a user, or files with a user column, into one folder, or \
                 set `data_root` to one such as `{first}`"
            );
        }
        if !self.other_case.is_empty() {
            hint =
                format!("but for upper and lower case it fits {}: set `data.files`", some(&self.other_case));
        }
        DatasetError::NoFiles {
            folder: folder.to_owned(),
            pattern: glob.to_owned(),
            others,
            folders: self.folders.len(),
            hint,
        }
    }

    /// What has to be said about what was not taken.
    pub(super) fn notes(&self, glob: &str) -> Vec<String> {
        let lists = [
            (
                &self.other_case,
                "left out: only upper and lower case differ from `data.files: PATTERN`",
                "rename, or widen the pattern",
            ),
            (
                &self.folders,
                "not looked into",
                "files have to lie in the data folder itself: set `data_root`, or move them",
            ),
            (
                &self.leftovers,
                "left out as what editors, downloads or copies leave behind",
                "rename what is data",
            ),
            (&self.beside, "left out as what stands beside data", "name in `data.files` what is data"),
            (&self.odd, "left out: a pipe, socket or device", "copy the content into a file"),
            (&self.hidden, "left out as hidden", ""),
            (&self.others, "left out: not named by `data.files: PATTERN`", ""),
        ];
        let note = |(names, what, hint): &(&Vec<String>, &str, &str)| {
            let number = names.len();
            let folders = names.iter().filter(|name| name.ends_with('/')).count();
            let kind = match (number, folders) {
                (1, 1) => "folder",
                (_, folders) if folders == number => "folders",
                (1, _) => "file",
                (_, 0) => "files",
                _ => "files and folders",
            };
            let hint = if hint.is_empty() { String::new() } else { format!(" (hint: {hint})") };
            let what = what.replace("PATTERN", glob);
            format!("data folder: {number} {kind} {what}: {}{hint}", some(names))
        };
        lists.iter().filter(|(names, ..)| !names.is_empty()).map(note).collect()
    }
}

/// The command of a shell that gives a file a name in UTF-8.
fn rename(path: &Path, shown: &str) -> String {
    let mut old = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        old.extend(
            chunk.valid().chars().flat_map(|c| if "'\\".contains(c) { vec!['\\', c] } else { vec![c] }),
        );
        old.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    let new = path.with_file_name(shown.replace(char::REPLACEMENT_CHARACTER, "_"));
    format!("rename it, as in: mv -n $'{old}' '{}'", new.display().to_string().replace('\'', "'\\''"))
}

/// Some names of a list, in words.
pub(super) fn some(names: &[String]) -> String {
    let shown = names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown}, …") } else { shown }
}

/// Whether a name ends so, and the pattern does not ask for just that.
fn asked_for(glob: &str, name: &str, ends: &[&str]) -> bool {
    let (glob, name) = (glob.to_lowercase(), name.to_lowercase());
    ends.iter().any(|end| name.ends_with(end) && !glob.ends_with(end))
}

/// Whether a file is a lock or a copy that an editor makes, by how its name begins, or one that programs make where two
/// machines changed a file.
fn is_leftover(glob: &str, name: &str) -> bool {
    let begins = ["~$", "#", ".~"].into_iter().find(|start| name.starts_with(start));
    let lower = name.to_lowercase();
    let holds = [".sync-conflict-", "conflicted copy"].into_iter().find(|words| lower.contains(words));
    begins.is_some_and(|start| !glob.starts_with(start))
        || holds.is_some_and(|words| !glob.to_lowercase().contains(words))
}

/// Whether a file is a document by its name, and the pattern takes any name.
fn is_document(glob: &str, name: &str) -> bool {
    let stem = without_extensions(name).to_lowercase();
    glob.trim_matches('*').is_empty() && DOCUMENTS.contains(&stem.as_str())
}

/// The user id in a file name.
pub(super) fn id<'a>(name: &'a str, suffixes: &[String]) -> &'a str {
    let exact = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix.as_str()));
    let any_case = || suffixes.iter().find_map(|suffix| strip_end(name, suffix));
    exact.or_else(any_case).unwrap_or_else(|| without_extensions(name))
}

/// The user id in the path of a file.
pub(crate) fn id_of_file(path: &str) -> &str {
    id(path.rsplit(['/', '\\']).next().unwrap_or(path), &[])
}

fn without_extensions(name: &str) -> &str {
    let mut id = name;
    while let Some(rest) = EXTENSIONS.iter().find_map(|extension| strip_end(id, extension)) {
        id = rest;
    }
    id
}

/// A text without its end, whose case does not matter.
fn strip_end<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(end.len())?;
    let (start, rest) = text.split_at_checked(at)?;
    rest.eq_ignore_ascii_case(end).then_some(start)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Folder, id, rename};

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_text_can_be_mended_by_a_shell() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(std::ffi::OsStr::from_bytes(b"Ren\xe9's.csv"));
        std::fs::write(&path, "x").unwrap();
        let Err(error) = Folder::list(folder.path().to_str().unwrap(), "*.csv") else {
            panic!("it was taken")
        };
        let told = error.to_string();
        let command = told.split_once("as in: ").unwrap().1.trim_end_matches(')');
        assert!(command.starts_with("mv -n $'") && told.contains("is not UTF-8"), "{told}");
        let done = std::process::Command::new("bash").args(["-c", command]).status().unwrap();
        assert!(done.success() && folder.path().join("Ren_'s.csv").exists(), "{command}");
        assert!(rename(Path::new("/a/b"), "b").ends_with("'/a/b'"));
    }

    #[test]
    fn ids_have_no_extension_in_any_case() {
        for name in [
            "u1.csv",
            "u1.CSV.GZ",
            "u1.Parquet",
            "u1.parq",
            "u1.snappy.parquet",
            "u1.csv.gzip",
            "u1.tsv",
            "u1.TAB",
            "u1.dat",
            "u1.pqt",
            "u1.zstd.parquet",
            "u1.csv.zst",
            "u1.csv.xz",
            "u1.csv.zip",
            "u1.lz4.parquet",
        ] {
            assert_eq!(id(name, &[]), "u1", "{name}");
        }
        assert_eq!(id("..x.1.parquet", &[]), "..x.1");
        assert_eq!(id("ü😀.CSV", &[]), "ü😀");
        assert_eq!(id("B.LABELS.CSV", &[".labels.csv".to_owned()]), "B");
    }

    #[test]
    fn nothing_is_passed_over_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let names = "u1.csv U2.CSV u1.csv~ u1.csv.bak u2.csv.part notes.txt a.md README.csv .hidden";
        for name in names.split(' ') {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(folder.path().join("site2")).unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        let path = folder.path().to_str().unwrap();
        let named = |glob: &str| {
            let listed = Folder::list(path, glob).unwrap();
            let names: Vec<String> = listed.files.iter().map(|file| file.name.clone()).collect();
            (names, listed.notes(glob).join("\n"))
        };
        let (names, notes) = named("*.csv");
        assert_eq!(names, ["README.csv", "u1.csv"]);
        for told in ["U2.CSV", "site2/", "u1.csv~", "notes.txt", ".hidden"] {
            assert!(notes.contains(told), "{told}: {notes}");
        }
        let (names, notes) = named("*");
        assert_eq!(names, ["U2.CSV", "notes.txt", "u1.csv"]);
        for told in [
            "u1.csv.bak, u1.csv~, u2.csv.part",
            "README.csv, a.md",
            "site2/",
            "2 files and folders left out as hidden",
        ] {
            assert!(notes.contains(told), "{told}: {notes}");
        }
        assert_eq!(named("*.bak").0, ["u1.csv.bak"], "what is asked for is taken");
        let error = Folder::list(path, "*.tsv").err().unwrap().to_string();
        assert!(error.contains("1 folder(s)") && error.contains("`{csv,parquet}`"), "{error}");
        let more = "#u1.csv#|~$u1.xlsx|u1.json|u1.csv.md5|_SUCCESS|u1.csv.lnk|CITATION.cff|Makefile|\
                    u1 (conflicted copy 2026-01-05).csv|u1.sync-conflict-20260105-000000-ABC.csv";
        for name in more.split('|') {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(named("*").0, ["U2.CSV", "notes.txt", "u1.csv"], "no people");
        assert_eq!(named("#*").0, ["#u1.csv#"]);
    }
}
