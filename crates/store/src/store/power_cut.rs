//! Power cuts: what was not flushed is gone, or half there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::disk::{Disk, SystemDisk};
use super::*;
use crate::attempts::Ledger;
use crate::config::testing::config;
use crate::schema::{Row, Schemas};

/// A disk that remembers what has been flushed.
#[derive(Debug, Default)]
struct Fragile(Mutex<State>);

#[derive(Debug, Clone, Default)]
struct State {
    /// Bytes of each file, and whether they are flushed.
    files: Vec<(Vec<u8>, bool)>,
    /// As a running program sees it.
    names: Names,
    /// The same as far as folders were flushed.
    flushed: Names,
    /// The disk after each step: names, flushed names, and of which files the bytes are flushed.
    history: Vec<(Names, Names, Vec<bool>)>,
}

/// Number of the file by name; none for a folder.
type Names = BTreeMap<PathBuf, Option<usize>>;

impl State {
    fn step(&mut self) {
        let flushed_bytes = self.files.iter().map(|(_, flushed)| *flushed).collect();
        self.history.push((self.names.clone(), self.flushed.clone(), flushed_bytes));
    }
}

impl Fragile {
    /// A step that changes names and no bytes.
    #[expect(clippy::unnecessary_wraps, reason = "it is the end of a step that can fail")]
    fn named(&self, change: impl FnOnce(&mut Names)) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        change(&mut state.names);
        state.step();
        Ok(())
    }
}

impl Disk for Fragile {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        SystemDisk.write(path, bytes)?;
        let mut state = self.0.lock().unwrap();
        let id = state.files.len();
        state.files.push((bytes.to_vec(), false));
        state.names.insert(path.to_owned(), Some(id));
        state.step();
        Ok(())
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        assert!(!path.exists());
        self.write(path, bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        SystemDisk.sync(path)?;
        let mut state = self.0.lock().unwrap();
        if path.is_dir() {
            let inside = |name: &PathBuf| name.parent() == Some(path);
            state.flushed.retain(|name, _| !inside(name));
            let now: Vec<_> =
                state.names.iter().filter(|(n, _)| inside(n)).map(|(n, f)| (n.clone(), *f)).collect();
            state.flushed.extend(now);
        } else {
            let id = state.names[path].unwrap();
            state.files[id].1 = true;
        }
        state.step();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)?;
        self.named(|names| {
            let file = names.remove(from).unwrap();
            names.insert(to.to_owned(), file);
        })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.link(from, to)?;
        self.named(|names| {
            names.insert(to.to_owned(), names[from]);
        })
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        SystemDisk.create_folder(path)?;
        self.named(|names| {
            names.insert(path.to_owned(), None);
        })
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove_folder(path)?;
        self.named(|names| {
            names.remove(path);
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)?;
        self.named(|names| {
            names.remove(path);
        })
    }
}

/// Writes the disk as the cut leaves it: flushed names, and of the others those that `also` takes.
/// Files whose bytes were not flushed are empty.
fn after_the_cut(state: &State, step: usize, root: &Path, to: &Path, mut also: impl FnMut(usize) -> bool) {
    let (names, flushed, bytes) = &state.history[step];
    let mut left = flushed.clone();
    for (i, (name, file)) in names.iter().enumerate() {
        if flushed.get(name) != Some(file) && also(i) {
            left.insert(name.clone(), *file);
        }
    }
    // A name in a folder that has lost its own is lost.
    let folders: BTreeSet<&PathBuf> = left.iter().filter(|(_, f)| f.is_none()).map(|(n, _)| n).collect();
    let there = |name: &Path| {
        name.ancestors()
            .skip(1)
            .take_while(|a| *a != root)
            .all(|a| folders.contains(&a.to_path_buf()) || a.ends_with("_staging"))
    };
    for (name, file) in &left {
        if let (Some(id), true) = (file, there(name)) {
            let target = to.join(name.strip_prefix(root).unwrap());
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            let content: &[u8] = if bytes.get(*id) == Some(&true) { &state.files[*id].0 } else { b"" };
            std::fs::write(target, content).unwrap();
        }
    }
}

/// Registers a run and commits three units, each alone or the first two as a group; gives the step at
/// which the commit of each had returned.
fn commit_three(root: &Path, disk: &Arc<Fragile>, grouped: bool) -> Vec<usize> {
    let schemas = Schemas::load(None).unwrap();
    let config = config();
    let new = NewRun {
        config: &config,
        units: Vec::new(),
        shards: 1,
        only_shards: Vec::new(),
        schemas: &schemas,
        data_folder: "data".into(),
        control: None,
    };
    let storage = LocalStorage::on(root, Arc::clone(disk) as Arc<dyn Disk>);
    let run = Run::create_or_join(Arc::new(storage) as Arc<dyn Storage>, &new).unwrap();
    let mut returned = Vec::new();
    let commits: &[&[&str]] = if grouped { &[&["a", "b"], &["c"]] } else { &[&["a"], &["b"], &["c"]] };
    for users in commits {
        let rows = vec![Row::new().with("feature_mode", "composite").with("tau", 1u32)];
        let tables = [("te".to_owned(), rows.clone()), ("ste".to_owned(), rows)];
        let prepared =
            |user: &&str| Prepared::new(&schemas, LedgerRow::done(user, &new_attempt_id()), &tables).unwrap();
        let mut units: Vec<Prepared> = users.iter().map(prepared).collect();
        if grouped {
            commit_group(&run, &schemas, units, 1).unwrap();
        } else {
            commit(&run, &schemas, units.remove(0)).unwrap();
        }
        let step = disk.0.lock().unwrap().history.len();
        returned.extend(users.iter().map(|_| step));
        run.storage().note(&Object { path: "_status/shard-0.json".into(), bytes: b"{}".to_vec() }).unwrap();
    }
    returned
}

#[test]
fn storage_contract() {
    let dir = tempfile::tempdir().unwrap();
    conformance::all(&|name| {
        let disk = Arc::new(Fragile::default());
        Arc::new(LocalStorage::on(dir.path().join(name), disk as Arc<dyn Disk>))
    });
}

#[test]
fn what_was_committed_survives_and_nothing_is_torn() {
    cut_everywhere(false);
}

#[test]
fn so_does_a_group() {
    cut_everywhere(true);
}

fn cut_everywhere(grouped: bool) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("run");
    std::fs::create_dir(&root).unwrap();
    let disk = Arc::new(Fragile::default());
    let returned = commit_three(&root, &disk, grouped);
    let state = disk.0.lock().unwrap().clone();
    assert!(state.history.len() > 30, "{}", state.history.len());
    for step in 0..state.history.len() {
        let committed = returned.iter().filter(|end| **end <= step + 1).count();
        // Of what was not flushed: nothing, all, and several choices of some.
        for choice in 0..8usize {
            let to = dir.path().join(format!("cut-{step}-{choice}"));
            std::fs::create_dir(&to).unwrap();
            let also = |i: usize| match choice {
                0 => false,
                1 => true,
                n => ((i * 2_654_435_761) >> (n + 4)) % 2 == 1,
            };
            after_the_cut(&state, step, &root, &to, also);
            let ledger = Ledger::read(&LocalStorage::new(&to)).unwrap();
            assert_eq!(ledger.corrupt, [], "step {step}, choice {choice}");
            assert!(ledger.rows.len() >= committed, "step {step}, choice {choice}: a commit is lost");
            assert!(!grouped || ledger.rows.len() != 1, "step {step}, choice {choice}: half a group");
            for file in ledger.rows.iter().flat_map(|row| &row.files) {
                let bytes = std::fs::read(to.join(&file.file)).unwrap_or_default();
                assert_eq!(checksum(&bytes), file.checksum, "step {step}, choice {choice}: {}", file.file);
            }
            std::fs::remove_dir_all(&to).unwrap();
        }
    }
}

/// Cuts the power in every step of a compaction: every attempt is there once, with whole files, and the next
/// compaction ends what was begun.
#[test]
fn so_does_what_is_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("run");
    std::fs::create_dir(&root).unwrap();
    let disk = Arc::new(Fragile::default());
    commit_three(&root, &disk, false);
    let schemas = Schemas::load(None).unwrap();
    let first = disk.0.lock().unwrap().history.len();
    let storage = LocalStorage::on(&root, Arc::clone(&disk) as Arc<dyn Disk>);
    let run = Run::open(Arc::new(storage) as Arc<dyn Storage>).unwrap();
    let wait = std::time::Duration::ZERO;
    let compact = |run: &Run| crate::compact::Compaction { run, schemas: &schemas, wait }.run().unwrap();
    assert_eq!(compact(&run).attempts, 3);
    let state = disk.0.lock().unwrap().clone();
    assert!(state.history.len() > first + 20, "{}", state.history.len());
    let names = |ledger: &Ledger| -> Vec<String> {
        let mut names: Vec<_> = ledger.rows.iter().map(|row| origin(&row.attempt).0.to_owned()).collect();
        names.sort();
        names
    };
    let all = names(&Ledger::read(run.storage()).unwrap());
    for step in first - 1..state.history.len() {
        for choice in 0..4usize {
            let to = dir.path().join(format!("cut-{step}-{choice}"));
            std::fs::create_dir(&to).unwrap();
            let also = |i: usize| match choice {
                0 => false,
                1 => true,
                n => ((i * 2_654_435_761) >> (n + 4)) % 2 == 1,
            };
            after_the_cut(&state, step, &root, &to, also);
            let left = Run::open(&to).unwrap();
            let look = |what: &str| {
                let ledger = Ledger::read(left.storage()).unwrap();
                assert_eq!(ledger.corrupt, [], "step {step}, choice {choice}, {what}");
                assert_eq!(names(&ledger), all, "step {step}, choice {choice}, {what}");
                for file in ledger.rows.iter().flat_map(|row| &row.files) {
                    let fault = fault_of(left.storage(), &file.file, file.bytes, &file.checksum);
                    assert_eq!(fault, None, "step {step}, choice {choice}, {what}");
                }
            };
            look("cut");
            compact(&left);
            look("compacted again");
            for table in ["users", "te", "ste"] {
                assert_eq!(left.storage().list(table).unwrap().len(), 1, "step {step}, choice {choice}");
            }
            std::fs::remove_dir_all(&to).unwrap();
        }
    }
}
