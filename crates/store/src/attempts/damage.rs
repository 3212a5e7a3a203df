//! What is known to be damaged.

use rustc_hash::FxHashMap;

use crate::store::DataFile;

/// Data files that cannot be used, by run and path, and why.
#[derive(Debug, Clone, Default)]
pub struct Damage(FxHashMap<(usize, String), String>);

impl Damage {
    /// Files of several runs that somebody has read.
    pub fn found(files: impl IntoIterator<Item = ((usize, String), String)>) -> Self {
        Self(files.into_iter().collect())
    }

    /// Of several runs that were looked at one by one, in their order.
    pub fn together<'a>(runs: impl IntoIterator<Item = &'a Self>) -> Self {
        let of_run = |(place, run): (usize, &'a Self)| {
            run.0.iter().map(move |((_, path), why)| ((place, path.clone()), why.clone()))
        };
        Self(runs.into_iter().enumerate().flat_map(of_run).collect())
    }

    /// What either of them knows.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether nothing is damaged, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a file is.
    pub fn has(&self, run: usize, path: &str) -> bool {
        self.of(run, path).is_some()
    }

    /// Why a file cannot be used.
    pub fn of(&self, run: usize, path: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&(run, path.to_owned())).map(String::as_str)
    }

    /// The files of a run and why they cannot be used, in any order.
    pub fn of_run(&self, run: usize) -> impl Iterator<Item = (&str, &str)> {
        let of_run = self.0.iter().filter(move |((place, _), _)| *place == run);
        of_run.map(|((_, path), why)| (path.as_str(), why.as_str()))
    }

    /// The first of some files that cannot be used, and why.
    pub fn of_files(&self, run: usize, files: &[DataFile]) -> Option<String> {
        files.iter().find_map(|file| Some(format!("{}: {}", file.file, self.of(run, &file.file)?)))
    }
}
