//! Which files of a folder belong together, and which are something else.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::InitError;
use crate::dataset::{Contents, Sniffed, contents, id_of_file, sniff};

/// Most files whose first bytes are looked at; of more the name has to tell.
const MOST_SNIFFED: usize = 2000;
/// How files of the `ExtraSensory` data set end.
const EXTRASENSORY: [&str; 2] = [".features_labels.csv", ".features_labels.csv.gz"];

/// A file that may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataFile {
    /// Its name.
    pub(super) name: String,
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its size.
    pub(super) bytes: u64,
}

/// What lies in a folder.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The files that belong together, sorted by name.
    pub(super) files: Vec<DataFile>,
    /// The pattern that takes them and no others.
    pub(super) pattern: String,
    /// Whether they are text, compressed text or Parquet.
    pub(super) kind: Option<Sniffed>,
    /// Whether their names are those of the `ExtraSensory` data set.
    pub(super) is_extrasensory: bool,
    /// What else there is, in words.
    pub(super) notes: Vec<String>,
}

/// How a name ends behind the user id: `.csv.gz`.
fn ending(name: &str) -> String {
    let lower = name.to_lowercase();
    if let Some(end) = EXTRASENSORY.iter().find(|end| lower.ends_with(**end)) {
        return name[name.len() - end.len()..].to_owned();
    }
    let id = id_of_file(name);
    let end = name.get(id.len()..).unwrap_or_default();
    if end.is_empty() {
        // An extension that is none of a table, such as `.AWD`.
        return name.rfind('.').filter(|&at| at > 0).map_or(String::new(), |at| name[at..].to_owned());
    }
    end.to_owned()
}

/// The same without compression: files of both belong together.
fn family(end: &str) -> String {
    let lower = end.to_lowercase();
    let bare = [".gz", ".gzip", ".zst", ".zstd"].iter().find_map(|packed| lower.strip_suffix(packed));
    bare.unwrap_or(&lower).to_owned()
}

impl Survey {
    /// Looks at a folder.
    pub(super) fn of(folder: &str) -> Result<Self, InitError> {
        let mut contents = contents(folder)?;
        let mut groups: BTreeMap<(String, bool), Vec<(DataFile, Sniffed)>> = BTreeMap::new();
        let (mut others, mut empty) = (Vec::new(), Vec::new());
        for (at, (name, path, bytes)) in contents.files.iter().enumerate() {
            let kind = if at < MOST_SNIFFED { sniff(path) } else { Ok(Sniffed::Text) };
            match kind {
                Err(error) => others.push(error.to_string()),
                Ok(Sniffed::Empty) => empty.push(name.clone()),
                Ok(Sniffed::Other(what, remedy)) => {
                    others.push(format!("{name} is {what} (hint: {})", remedy.replace("FILE", name)));
                }
                Ok(kind) => {
                    let file = DataFile { name: name.clone(), path: path.clone(), bytes: *bytes };
                    let key = (family(&ending(name)), kind == Sniffed::Parquet);
                    groups.entry(key).or_default().push((file, kind));
                }
            }
        }
        let best = groups
            .iter()
            .max_by_key(|(_, files)| (files.len(), files.iter().map(|(file, _)| file.bytes).sum::<u64>()))
            .map(|(key, _)| key.clone());
        let Some(files) = best.and_then(|key| groups.remove(&key)) else {
            return Err(nothing(folder, &contents, &others, &empty));
        };
        let mut survey = Self::of_group(files);
        let taken = survey.narrow(folder, &empty)?;
        for left_out in [&mut contents.beside, &mut contents.leftovers] {
            left_out.retain(|name| !taken.contains(name));
        }
        survey.notes = notes(&contents, &others, &empty, &groups, &survey.pattern);
        if !taken.is_empty() {
            survey.notes.push(format!(
                "`data.files: \"{}\"` takes {} as well, each as a person (hint: move files that aren't recordings into another folder)",
                survey.pattern,
                some(&taken)
            ));
        }
        Ok(survey)
    }

    /// Makes the pattern one that takes no other files, such as a README.csv; if none does, these are the answer.
    fn narrow(&mut self, folder: &str, empty: &[String]) -> Result<Vec<String>, InitError> {
        let own: Vec<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        let others = |pattern: &str| -> Result<Option<Vec<String>>, InitError> {
            let taken = Contents::taken(folder, pattern)?;
            let has_all = own.iter().all(|name| taken.iter().any(|other| other == name));
            let is_other = |name: &String| !own.contains(&name.as_str()) && !empty.contains(name);
            Ok(has_all.then(|| taken.into_iter().filter(is_other).collect()))
        };
        let too_many = others(&self.pattern)?.unwrap_or_default();
        for pattern in narrower(&self.pattern, &own, &too_many) {
            if others(&pattern)?.is_some_and(|others| others.is_empty()) {
                self.pattern = pattern;
                return Ok(Vec::new());
            }
        }
        Ok(too_many)
    }

    fn of_group(files: Vec<(DataFile, Sniffed)>) -> Self {
        let mut ends: Vec<String> = files.iter().map(|(file, _)| ending(&file.name)).collect();
        ends.sort();
        ends.dedup();
        let pattern = match &ends[..] {
            [only] => format!("*{only}"),
            several => {
                let shortest = several.iter().min_by_key(|end| end.len()).cloned().unwrap_or_default();
                let begins = !shortest.is_empty() && several.iter().all(|end| end.starts_with(&shortest));
                if begins { format!("*{shortest}*") } else { format!("*{{{}}}", several.join(",")) }
            }
        };
        let is_extrasensory = ends.iter().all(|end| EXTRASENSORY.contains(&end.to_lowercase().as_str()));
        let packed = files.iter().all(|(_, kind)| *kind == Sniffed::Packed);
        let kind = files.first().map(|(_, kind)| if packed { Sniffed::Packed } else { kind.clone() });
        let kind = if kind == Some(Sniffed::Packed) && !packed { Some(Sniffed::Text) } else { kind };
        let files = files.into_iter().map(|(file, _)| file).collect();
        Self { files, pattern, kind, is_extrasensory, notes: Vec::new() }
    }
}

/// Patterns that may take these files and not the others: by how names begin, then name by name.
fn narrower(pattern: &str, own: &[&str], others: &[String]) -> Vec<String> {
    const MOST_NAMED: usize = 12;
    const SPECIAL: &str = "*?[]{},!^-/";
    if others.is_empty() {
        return Vec::new();
    }
    let first = own.first().copied().unwrap_or_default();
    let common: String = first
        .char_indices()
        .take_while(|(at, c)| own.iter().all(|name| name.get(*at..).is_some_and(|rest| rest.starts_with(*c))))
        .map(|(_, c)| c)
        .take_while(|c| c.is_alphabetic())
        .collect();
    let mut patterns = Vec::new();
    if !common.is_empty() && common.len() < first.find('.').unwrap_or(first.len()) {
        patterns.push(format!("{common}{pattern}"));
    }
    let mut begins: Vec<char> = others.iter().filter_map(|name| name.chars().next()).collect();
    begins.sort_unstable();
    begins.dedup();
    if begins.iter().all(|c| !SPECIAL.contains(*c)) {
        patterns.push(format!("[!{}]{pattern}", begins.iter().collect::<String>()));
    }
    if own.len() <= MOST_NAMED && own.iter().all(|name| !name.contains(|c| SPECIAL[..7].contains(c))) {
        patterns.push(if let [only] = own { (*only).to_owned() } else { format!("{{{}}}", own.join(",")) });
    }
    patterns
}

/// Some of a list, in words.
pub(super) fn some(names: &[String]) -> String {
    let shown = names.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 4 { format!("{shown}, … ({} in all)", names.len()) } else { shown }
}

fn notes(
    contents: &Contents,
    others: &[String],
    empty: &[String],
    groups: &BTreeMap<(String, bool), Vec<(DataFile, Sniffed)>>,
    pattern: &str,
) -> Vec<String> {
    let mut notes = Vec::new();
    for files in groups.values() {
        let names: Vec<String> = files.iter().map(|(file, _)| file.name.clone()).collect();
        notes.push(format!(
            "left out, of another kind than most: {} (hint: several formats are several folders or configurations; \
             `data.files: \"{pattern}\"` takes the others)",
            some(&names)
        ));
    }
    notes.extend(others.iter().take(5).map(|other| format!("left out: {other}")));
    if others.len() > 5 {
        notes.push(format!("left out: {} more files that are not read", others.len() - 5));
    }
    for (names, what) in [
        (empty, "empty files"),
        (&contents.beside[..], "left out as what stands beside data"),
        (&contents.leftovers[..], "left out as what editors, downloads or copies leave behind"),
        (&contents.folders[..], "folders, which are not looked into"),
    ] {
        if !names.is_empty() {
            notes.push(format!("{what}: {}", some(names)));
        }
    }
    notes
}

/// The error of a folder that holds nothing that is read.
fn nothing(folder: &str, contents: &Contents, others: &[String], empty: &[String]) -> InitError {
    let mut seen = Vec::new();
    if !others.is_empty() {
        seen.push(others.iter().take(3).cloned().collect::<Vec<_>>().join("; "));
        if others.len() > 3 {
            seen.push(format!("{} more like these", others.len() - 3));
        }
    }
    for (names, what) in [
        (empty, "empty files"),
        (&contents.beside[..], "documents, pictures or programs"),
        (&contents.leftovers[..], "what editors, downloads or copies leave behind"),
        (&contents.folders[..], "folders"),
    ] {
        if !names.is_empty() {
            seen.push(format!("{what} ({})", some(names)));
        }
    }
    let hint = match contents.folders.first() {
        Some(first) if others.is_empty() => {
            format!(
                "folders are not looked into: name the one that holds the files, as in `results init {}/{first}`",
                folder.trim_end_matches('/')
            )
        }
        _ => "name a folder with one file a person, or with files that have a column of ids: CSV (also gzip or zstd) \
              or Parquet"
            .to_owned(),
    };
    let seen = if seen.is_empty() { "it is empty".to_owned() } else { seen.join("; ") };
    InitError::Nothing { folder: folder.to_owned(), seen, hint }
}

#[cfg(test)]
mod tests {
    use super::Survey;

    fn folder(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Result<Survey, String>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let survey = Survey::of(folder.path().to_str().unwrap()).map_err(|error| error.to_string());
        (folder, survey)
    }

    #[test]
    fn files_of_one_kind_belong_together() {
        let (_folder, survey) =
            folder(&[("a.csv", b"x"), ("b.csv.gz", b"\x1f\x8b\x08"), ("notes.dat", b"x")]);
        let survey = survey.unwrap();
        assert_eq!((survey.pattern.as_str(), survey.files.len()), ("*.csv*", 2));
        assert!(survey.notes[0].contains("notes.dat") && !survey.is_extrasensory, "{:?}", survey.notes);
        let (_folder, survey) = folder(&[("a.features_labels.csv.gz", b"\x1f\x8b\x08")]);
        assert!(survey.unwrap().is_extrasensory);
        let (_folder, survey) = folder(&[("a.AWD", b"x"), ("b.AWD", b"x"), ("c.parquet", b"PAR1")]);
        let survey = survey.unwrap();
        assert_eq!(survey.pattern, "*.AWD");
        assert!(survey.notes[0].contains("c.parquet"));
    }

    #[test]
    fn the_pattern_leaves_out_what_is_beside() {
        for (names, pattern) in [
            (&["u1.csv", "u2.csv", "codebook.csv", "README.csv"][..], "u*.csv"),
            (&["1.csv", "2.csv", "codebook.csv"], "[!c]*.csv"),
            (&["clara.csv", "bob.csv", "codebook.csv"], "{bob.csv,clara.csv}"),
            (&["cleo.csv", "codebook.csv"], "cleo.csv"),
        ] {
            let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x"[..])).collect();
            let survey = folder(&files).1.unwrap();
            assert_eq!(survey.pattern, pattern);
            assert!(survey.notes.iter().any(|note| note.contains("codebook.csv")), "{:?}", survey.notes);
        }
        let names: Vec<String> = (0..20).map(|at| format!("{at}.csv")).chain(["c1.csv".to_owned()]).collect();
        let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
        files.push(("codebook.csv", b"x"));
        let survey = folder(&files).1.unwrap();
        assert!(survey.pattern == "*.csv" && survey.notes[0].contains("as well"), "{:?}", survey.notes);
    }

    #[test]
    fn what_is_no_data_is_told() {
        for (files, told) in [
            (&[][..], "it is empty"),
            (&[("a.png", &b"\x89PNG"[..]), ("b.jpg", b"\xff\xd8\xff")][..], "pictures"),
            (&[("a.bin", &b"\x89PNG"[..])][..], "a.bin is an image"),
            (&[("a.xlsx", &b"PK\x03\x04xl/"[..])][..], "save the sheet as CSV"),
            (&[("a.csv", &b""[..])][..], "empty files (a.csv)"),
        ] {
            let (_folder, survey) = folder(files);
            let error = survey.err().unwrap();
            assert!(error.contains(told) && error.contains("hint"), "{error}");
        }
    }
}
