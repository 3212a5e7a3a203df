//! The directories that are served: looked for again while the service runs.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::source::Source;
use crate::hidden::is_hidden;
use crate::store::{MANIFEST, MERGE_MANIFEST};

/// Sources by name.
#[derive(Debug)]
pub(crate) struct Catalog {
    dirs: Vec<PathBuf>,
    /// Names stay with their directories as long as the service runs.
    names: Mutex<BTreeMap<PathBuf, String>>,
    sources: RwLock<Arc<Vec<Arc<Source>>>>,
}

impl Catalog {
    /// Of runs, merged outputs, and folders that hold such. Nothing is looked at yet.
    pub(crate) fn new(dirs: &[PathBuf]) -> Self {
        let full = |dir: &PathBuf| {
            dir.canonicalize().unwrap_or_else(|_| std::path::absolute(dir).unwrap_or_else(|_| dir.clone()))
        };
        Self { dirs: dirs.iter().map(full).collect(), names: Mutex::default(), sources: RwLock::default() }
    }

    /// Looks at all of them.
    pub(crate) fn look(&self) {
        let mut seen = HashSet::new();
        let dirs = self.dirs.iter().flat_map(|dir| found(dir));
        let dirs: Vec<PathBuf> = dirs.filter(|dir| seen.insert(dir.clone())).collect();
        let sources = dirs.iter().map(|dir| Arc::new(Source::look(&self.name(dir), dir))).collect();
        *self.sources.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(sources);
    }

    /// All of them, in the order of the command line.
    pub(crate) fn list(&self) -> Arc<Vec<Arc<Source>>> {
        Arc::clone(&self.sources.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One by its name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Source>> {
        self.list().iter().find(|source| source.name == name).map(Arc::clone)
    }

    /// Looks at one again.
    pub(crate) fn look_at(&self, name: &str) -> Option<Arc<Source>> {
        let source = self.get(name)?;
        let now = Arc::new(Source::look(&source.name, &source.dir));
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let mut all = (**sources).clone();
        if let Some(place) = all.iter_mut().find(|source| source.name == name) {
            *place = Arc::clone(&now);
        }
        *sources = Arc::new(all);
        Some(now)
    }

    /// The name of a directory: its own, with `~2` if another one has that.
    fn name(&self, dir: &Path) -> String {
        let mut names: MutexGuard<'_, BTreeMap<PathBuf, String>> =
            self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = names.get(dir) {
            return name.clone();
        }
        let own = dir.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned());
        let taken = |name: &String| names.values().any(|known| known == name);
        let numbered = (2..).map(|number| format!("{own}~{number}"));
        let name =
            std::iter::once(own.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(own.clone());
        names.insert(dir.to_owned(), name.clone());
        name
    }
}

/// The directory itself, or those in it. Links in it could lead elsewhere and are left out.
fn found(dir: &Path) -> Vec<PathBuf> {
    let is_one = |dir: &Path| [MANIFEST, MERGE_MANIFEST].iter().any(|name| dir.join(name).exists());
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) if !is_one(dir) => entries,
        // Also one that is gone: that is told where its results were.
        _ => return vec![dir.to_owned()],
    };
    let mut inside: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| !is_hidden(entry.file_name()))
        .map(|entry| entry.path())
        .filter(|path| is_one(path))
        .collect();
    inside.sort();
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(catalog: &Catalog) -> Vec<String> {
        catalog.look();
        catalog.list().iter().map(|source| source.name.clone()).collect()
    }

    #[test]
    fn names_are_unique_and_stay() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join(MANIFEST), "what: ever").unwrap();
        };
        for name in ["a/run", "b/run", "b/x"] {
            make(name);
        }
        std::os::unix::fs::symlink(dir.path().join("a/run"), dir.path().join("b/link")).unwrap();
        let catalog = Catalog::new(&[dir.path().join("b"), dir.path().join("a"), dir.path().join("gone")]);
        assert_eq!(names(&catalog), ["run", "x", "run~2", "gone"]);
        let damaged = catalog.get("run").unwrap();
        assert!(damaged.summary.problem.as_ref().unwrap().contains("run.yaml"), "{damaged:?}");
        let gone = catalog.get("gone").unwrap();
        assert!(gone.summary.problem.as_ref().unwrap().contains("not found"), "{gone:?}");
        std::fs::remove_dir_all(dir.path().join("b/run")).unwrap();
        make("b/a");
        assert_eq!(names(&catalog), ["a", "x", "run~2", "gone"]);
        assert!(catalog.get("run").is_none());
    }
}
