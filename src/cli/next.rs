//! What comes next in a directory: three commands that fit what lies in it.

use std::path::{Path, PathBuf};

use super::text::shell;
use crate::sources::Source;
use crate::store::{MANIFEST, MERGE_MANIFEST};

/// Entries of a folder that are looked at.
const MOST: usize = 500;
/// Entries of all folders, behind which nothing more is looked at.
const MOST_IN_ALL: usize = 2000;
/// Ends of the names of files that hold tables.
const TABLES: [&str; 6] = [".csv", ".csv.gz", ".csv.zst", ".tsv", ".parquet", ".awd"];
/// Names that configurations have.
const CONFIGS: [&str; 2] = ["results.yaml", "results.yml"];

/// What lies in a directory.
#[derive(Debug, Default)]
struct Seen {
    runs: Vec<PathBuf>,
    merged: Vec<PathBuf>,
    data: Vec<PathBuf>,
    config: Option<PathBuf>,
    /// Entries looked at.
    entries: usize,
}

/// The commands that come next in the current directory.
pub(super) fn commands() -> String {
    let seen = Seen::of(Path::new("."));
    let mut text = "Next, here:\n".to_owned();
    for (command, what) in seen.commands() {
        text.push_str(&format!("  {command:<46} {what}\n"));
    }
    text.push('\n');
    text
}

/// The entries of a folder, in order; none of one that cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MOST);
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| if folder == Path::new(".") { PathBuf::from(entry.file_name()) } else { entry.path() })
        .collect();
    found.sort();
    found
}

fn is_table(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    TABLES.iter().any(|end| name.ends_with(end)) && path.is_file()
}

impl Seen {
    fn of(folder: &Path) -> Self {
        let mut seen = Self::default();
        seen.look(folder, 2);
        seen.config = CONFIGS.iter().map(PathBuf::from).find(|name| folder.join(name).is_file());
        seen
    }

    /// Looks at a folder, and at those in it.
    fn look(&mut self, folder: &Path, deep: u32) {
        if folder.join(MERGE_MANIFEST).is_file() {
            self.merged.push(folder.to_owned());
            return;
        }
        if folder.join(MANIFEST).is_file() && matches!(Source::open(&folder.into()), Ok(Source::Run(_))) {
            self.runs.push(folder.to_owned());
            return;
        }
        let entries = entries(folder);
        self.entries += entries.len();
        if entries.iter().any(|path| is_table(path)) {
            self.data.push(folder.to_owned());
        }
        if deep > 0 {
            for path in entries.iter().filter(|path| path.is_dir()) {
                if self.entries < MOST_IN_ALL {
                    self.look(path, deep - 1);
                }
            }
        }
    }

    /// Three commands and what they do; what is furthest comes first.
    fn commands(&self) -> [(String, &'static str); 3] {
        let all = |dirs: &[PathBuf]| dirs.iter().take(4).map(|dir| shell(dir)).collect::<Vec<_>>().join(" ");
        if let Some(merged) = self.merged.first() {
            let merged = shell(merged);
            return [
                (format!("results report {merged} -o report.html"), "one file of all that was found"),
                (format!("results sql --run {merged} \"show tables\""), "ask it by SQL"),
                (format!("results serve {merged}"), "look at it in a browser"),
            ];
        }
        if let Some(first) = self.runs.first() {
            return [
                (format!("results status {}", all(&self.runs)), "how far it is"),
                (format!("results run --resume {}", shell(first)), "do what is missing or failed"),
                (
                    format!("results merge --shards {} --output merged", all(&self.runs)),
                    "one table of all shards",
                ),
            ];
        }
        let run = match &self.config {
            Some(config) => {
                (format!("results run --config {} --shards 2", shell(config)), "the analysis it describes")
            }
            None => ("results demo".to_owned(), "made-up data, analysed, merged and checked"),
        };
        let data = self.data.first().map_or_else(|| "DATA".to_owned(), |data| shell(data));
        let out = if data == "." { " -o ../results.yaml" } else { "" };
        let init = (format!("results init {data}{out}"), "a configuration for the files in it");
        let check = match &self.config {
            Some(config) => (format!("results config check {}", shell(config)), "whether it fits"),
            None => ("results config show".to_owned(), "the presets"),
        };
        if self.config.is_some() { [run, check, init] } else { [init, run, check] }
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn commands_fit_what_lies_there() {
        let folder = tempfile::tempdir().unwrap();
        let first = || Seen::of(folder.path()).commands()[0].0.clone();
        assert_eq!(first(), "results init DATA");
        let data = folder.path().join("my data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("u1.csv"), "x").unwrap();
        assert_eq!(first(), format!("results init '{}'", data.display()));
        std::fs::write(folder.path().join("results.yaml"), "").unwrap();
        assert_eq!(first(), "results run --config results.yaml --shards 2");
        let merged = folder.path().join("merged");
        std::fs::create_dir(&merged).unwrap();
        std::fs::write(merged.join(super::MERGE_MANIFEST), "").unwrap();
        assert!(
            first().starts_with("results report") && first().ends_with("merged -o report.html"),
            "{}",
            first()
        );
    }
}
