//! The directories that are served: looked for again while the service runs.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::place::{AWAY, found_away, is_away};
use super::snapshots::{Snapshot, Snapshots};
use super::source::Source;
use crate::hidden::is_hidden;
use crate::serve::access::Ended;
use crate::store::{MANIFEST, MERGE_MANIFEST};

/// Sources by name.
#[derive(Debug)]
pub(crate) struct Catalog {
    dirs: Vec<PathBuf>,
    /// Names stay with their directories as long as the service runs.
    names: Mutex<BTreeMap<PathBuf, String>>,
    sources: RwLock<Arc<Vec<Arc<Source>>>>,
    /// Names of folders in which there is nothing.
    empty: RwLock<Vec<String>>,
    snapshots: Snapshots,
    looks: AtomicU64,
    /// What was found in object stores, and when.
    away: Mutex<BTreeMap<PathBuf, (Instant, Vec<PathBuf>)>>,
}

impl Catalog {
    /// Of runs, merged outputs, and folders that hold such. Nothing is looked at yet. Snapshots are kept so long after
    /// their last use.
    pub(crate) fn new(dirs: &[PathBuf], keep: Duration) -> Self {
        let full = |dir: &PathBuf| {
            if is_away(dir) {
                return dir.clone();
            }
            dir.canonicalize().unwrap_or_else(|_| std::path::absolute(dir).unwrap_or_else(|_| dir.clone()))
        };
        Self {
            dirs: dirs.iter().map(full).collect(),
            names: Mutex::default(),
            sources: RwLock::default(),
            empty: RwLock::default(),
            snapshots: Snapshots::new(keep),
            looks: AtomicU64::new(0),
            away: Mutex::default(),
        }
    }

    /// What lies in an object store, looked for now and then. What cannot be asked is a source that says why.
    fn found_away(&self, dir: &Path) -> Vec<PathBuf> {
        let mut known = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((when, found)) = known.get(dir)
            && when.elapsed() < AWAY
        {
            return found.clone();
        }
        let found = found_away(dir).unwrap_or_else(|_| vec![dir.to_owned()]);
        known.insert(dir.to_owned(), (Instant::now(), found.clone()));
        found
    }

    /// Looks at all of them.
    pub(crate) fn look(&self) {
        let mut seen = HashSet::new();
        let mut empty = Vec::new();
        let mut all = Vec::new();
        for dir in &self.dirs {
            let inside = if is_away(dir) { self.found_away(dir) } else { found(dir) };
            if inside.is_empty() {
                empty.push(own_name(dir));
            }
            all.extend(inside);
        }
        *self.empty.write().unwrap_or_else(PoisonError::into_inner) = empty;
        let dirs: Vec<PathBuf> = all.into_iter().filter(|dir| seen.insert(dir.clone())).collect();
        let known = self.list();
        let sources = dirs.iter().map(|dir| {
            let before = known.iter().find(|source| source.dir == *dir);
            self.read(&self.name(dir), dir, before)
        });
        let sources = sources.collect();
        *self.sources.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(sources);
    }

    /// All of them, in the order of the command line.
    pub(crate) fn list(&self) -> Arc<Vec<Arc<Source>>> {
        Arc::clone(&self.sources.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Names of the folders in which there is neither a run nor a merged output.
    pub(crate) fn empty(&self) -> Vec<String> {
        self.empty.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What cannot be asked of that which is served, a line each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let empty = self.empty().into_iter().map(|name| {
            format!(
                "{name} has neither a run nor an output of `results merge` in it; what comes there is served"
            )
        });
        let sources = self.list();
        let problems = sources.iter().filter_map(|source| {
            let problem = source.summary.problem.as_ref()?.lines().next()?;
            Some(format!("{} cannot be asked: {problem}", source.name))
        });
        empty.chain(problems).collect()
    }

    /// One by its name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Source>> {
        self.list().iter().find(|source| source.name == name).map(Arc::clone)
    }

    /// Looks at one again.
    pub(crate) fn look_at(&self, name: &str) -> Option<Arc<Source>> {
        let source = self.get(name)?;
        let now = self.read(&source.name, &source.dir, Some(&source));
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let mut all = (**sources).clone();
        if let Some(place) = all.iter_mut().find(|source| source.name == name) {
            *place = Arc::clone(&now);
        }
        *sources = Arc::new(all);
        Some(now)
    }

    fn read(&self, name: &str, dir: &Path, before: Option<&Arc<Source>>) -> Arc<Source> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        Arc::new(Source::look(name, dir, before.map(|before| &**before)))
    }

    /// How often a directory was looked at so far.
    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// The state of a source now, for whoever asks.
    ///
    /// # Errors
    /// Its files cannot be listed.
    pub(crate) fn snapshot(&self, source: &Source) -> Result<Snapshot, Ended> {
        self.snapshots.now(source)
    }

    /// The state of a source that somebody was told of.
    ///
    /// # Errors
    /// It was given up, and the source is another one now.
    pub(crate) fn snapshot_at(&self, source: &Source, id: &str) -> Result<Snapshot, Ended> {
        self.snapshots.at(source, id)
    }

    /// Keeps a snapshot for whoever is told its id, which is given back.
    pub(crate) fn keep<'a>(&self, snapshot: &'a Snapshot) -> &'a str {
        self.snapshots.keep(snapshot);
        snapshot.id()
    }

    /// How many snapshots are kept.
    pub(crate) fn kept(&self) -> usize {
        self.snapshots.len()
    }

    /// Gives up snapshots that nobody has used for long.
    pub(crate) fn give_up(&self) {
        self.snapshots.give_up();
    }

    /// The name of a directory: its own, with `~2` if another one has that.
    fn name(&self, dir: &Path) -> String {
        let mut names: MutexGuard<'_, BTreeMap<PathBuf, String>> =
            self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = names.get(dir) {
            return name.clone();
        }
        let own = own_name(dir);
        let taken = |name: &String| names.values().any(|known| known == name);
        let numbered = (2..).map(|number| format!("{own}~{number}"));
        let name =
            std::iter::once(own.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(own.clone());
        names.insert(dir.to_owned(), name.clone());
        name
    }
}

fn own_name(dir: &Path) -> String {
    dir.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
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

    const KEEP: Duration = Duration::from_mins(10);

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
        let catalog =
            Catalog::new(&[dir.path().join("b"), dir.path().join("a"), dir.path().join("gone")], KEEP);
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
