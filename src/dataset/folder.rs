//! The files of a data folder: which are taken, which are not, and what is said about those.

use std::path::PathBuf;

use super::error::DatasetError;
use super::pattern;

/// Extensions that are no part of a user id, in any case; taken off from the end, as often as they fit.
const EXTENSIONS: [&str; 22] = [
    ".gz", ".gzip", ".zst", ".zstd", ".xz", ".bz2", ".zip", ".csv", ".tsv", ".tab", ".txt", ".dat",
    ".parquet", ".parq", ".pqt", ".pq", ".feather", ".arrow", ".snappy", ".lz4", ".xlsx", ".json",
];

/// Ends of the names of files that editors, downloads and copies leave behind.
const LEFTOVERS: [&str; 13] = [
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
];

/// Ends of the names of files that stand beside data and are none.
const BESIDE: [&str; 22] = [
    ".md", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".html", ".htm", ".png", ".jpg", ".jpeg", ".svg", ".py",
    ".r", ".ipynb", ".log", ".yaml", ".yml", ".db", ".ini", ".sh", ".do",
];

/// Names, without extensions, of documents that lie beside data.
const DOCUMENTS: [&str; 10] = [
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
    leftovers: Vec<String>,
    beside: Vec<String>,
    folders: Vec<String>,
    /// Pipes, sockets and devices.
    odd: Vec<String>,
}

impl Folder {
    /// Lists a folder. Hidden files only fit a pattern that starts with a dot.
    pub(super) fn list(folder: &str, glob: &str) -> Result<Self, DatasetError> {
        if glob.contains('/') {
            return Err(DatasetError::Pattern { pattern: glob.to_owned() });
        }
        let unreadable = |error: std::io::Error| DatasetError::Folder {
            folder: folder.to_owned(),
            reason: error.to_string(),
        };
        let mut found = Self::default();
        // Other processes read the plan.
        let place = std::path::absolute(folder).unwrap_or_else(|_| PathBuf::from(folder));
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = place.join(entry.map_err(unreadable)?.file_name());
            let Some(name) = path.file_name() else { continue };
            let shown = name.to_string_lossy().into_owned();
            let hidden = shown.starts_with('.') && !glob.starts_with('.');
            // A dangling link is taken, so that reading it says what is wrong.
            let metadata = std::fs::metadata(&path).ok();
            match &metadata {
                Some(metadata) if metadata.is_dir() => {
                    if !hidden {
                        found.folders.push(format!("{shown}/"));
                    }
                    continue;
                }
                Some(metadata) if !metadata.is_file() => {
                    found.odd.push(shown);
                    continue;
                }
                _ => {}
            }
            if hidden {
                found.hidden.push(shown);
            } else if !pattern::matches(glob, &shown) {
                let near = pattern::matches(&glob.to_lowercase(), &shown.to_lowercase());
                if near { &mut found.other_case } else { &mut found.others }.push(shown);
            } else if asked_for(glob, &shown, &LEFTOVERS) {
                found.leftovers.push(shown);
            } else if asked_for(glob, &shown, &BESIDE) || is_document(glob, &shown) {
                found.beside.push(shown);
            } else {
                let Some(name) = name.to_str().map(str::to_owned) else {
                    return Err(DatasetError::FileName { folder: folder.to_owned(), name: shown });
                };
                found.files.push(Found { name, path, bytes: metadata.map_or(0, |metadata| metadata.len()) });
            }
        }
        found.sort();
        if found.files.is_empty() {
            return Err(found.nothing(folder, glob));
        }
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
        let mut hint = "set `data_root` or `data.files`".to_owned();
        if let Some(first) = self.folders.first() {
            hint = format!(
                "folders are not looked into: put a file a user, or files with a user column, into one folder, or \
                 set `data_root` to one such as `{first}`"
            );
        }
        if !self.other_case.is_empty() {
            hint = format!("{} fits but for upper and lower case: set `data.files`", some(&self.other_case));
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
                "left out, for upper and lower case differ from `data.files: PATTERN`",
                "rename them, or widen the pattern",
            ),
            (
                &self.folders,
                "not looked into",
                "files have to lie in the data folder itself: set `data_root`, or move them",
            ),
            (
                &self.leftovers,
                "left out as what editors, downloads or copies leave behind",
                "rename them if they are data",
            ),
            (&self.beside, "left out as files beside the data", "name them in `data.files` if they are data"),
            (&self.odd, "left out, for they are not files", "copy their content into files"),
            (&self.hidden, "left out as hidden", ""),
            (&self.others, "left out, for they do not fit `data.files: PATTERN`", ""),
        ];
        let note = |(names, what, hint): &(&Vec<String>, &str, &str)| {
            let kind = if std::ptr::eq(*names, &raw const self.folders) { "folder" } else { "file" };
            let number = names.len();
            let kind = if number == 1 { kind.to_owned() } else { format!("{kind}s") };
            let hint = if hint.is_empty() { String::new() } else { format!(" (hint: {hint})") };
            let what = what.replace("PATTERN", glob);
            format!("data folder: {number} {kind} {what}: {}{hint}", some(names))
        };
        lists.iter().filter(|(names, ..)| !names.is_empty()).map(note).collect()
    }
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
    use super::{Folder, id};

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
        for name in [
            "u1.csv",
            "U2.CSV",
            "u1.csv~",
            "u1.csv.bak",
            "u2.csv.part",
            "notes.txt",
            "a.md",
            "README.csv",
            ".hidden",
        ] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(folder.path().join("site2")).unwrap();
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
        for told in ["u1.csv.bak, u1.csv~, u2.csv.part", "README.csv, a.md", "site2/"] {
            assert!(notes.contains(told), "{told}: {notes}");
        }
        assert_eq!(named("*.bak").0, ["u1.csv.bak"], "what is asked for is taken");
        let error = Folder::list(path, "*.tsv").err().unwrap().to_string();
        assert!(error.contains("1 folder(s)") && error.contains("`site2/`"), "{error}");
    }
}
