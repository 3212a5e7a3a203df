//! What can be queried: runs, and outputs of `merge`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use thiserror::Error;

use crate::schema::TableSchema;
use crate::store::{Ledger, LedgerIndex, MANIFEST, MERGE_MANIFEST, MergeManifest, ReadLock, Run, StoreError};

/// A run or a merged output.
#[derive(Debug)]
pub enum Source {
    /// A run directory.
    Run(Box<OpenRun>),
    /// An output of `merge`.
    Merged(PathBuf, Box<MergeManifest>),
}

/// A run and its ledger.
#[derive(Debug)]
pub struct OpenRun {
    /// Name for people and for the column `run`: the directory's.
    pub name: String,
    /// The run.
    pub run: Run,
    /// The directory people know it by.
    pub dir: PathBuf,
    /// Whether it was a directory of the predecessor.
    pub is_imported: bool,
    ledger: OnceLock<Ledger>,
    index: OnceLock<LedgerIndex>,
    /// Its files stay where they are as long as this is open.
    reading: Arc<ReadLock>,
}

/// A directory that cannot be queried.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It is neither a run nor an output.
    #[error("{} is neither a run (it has no run.yaml) nor an output of `results merge` (no merge.yaml)", .0.display())]
    Neither(PathBuf),
    /// It is not there.
    #[error("directory {} not found", .0.display())]
    Missing(PathBuf),
    /// Its manifest cannot be read.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has no files to be queried.
    #[error("{} has no Parquet files: it was merged with --format csv\n(hint: merge it with --format parquet too)", .0.display())]
    CsvOnly(PathBuf),
    /// It was written by the predecessor, whose directories are read by some commands only.
    #[error("{} is an output of the predecessor\n(hint: `results merge` and `results sql` read it; merge it first)", .0.display())]
    Legacy(PathBuf),
    /// A directory of the predecessor cannot be used.
    #[error(transparent)]
    Import(#[from] crate::legacy::LegacyError),
}

/// The tables of the user's own that a directory was made with; none if its manifest cannot be read,
/// which opening it will tell.
pub fn own_tables(dir: &Path) -> Vec<TableSchema> {
    #[derive(Deserialize)]
    struct TablesOnly {
        #[serde(default)]
        tables: Vec<TableSchema>,
    }
    let text =
        [MANIFEST, MERGE_MANIFEST].iter().find_map(|name| std::fs::read_to_string(dir.join(name)).ok());
    text.and_then(|text| serde_saphyr::from_str::<TablesOnly>(&text).ok()).map_or_else(Vec::new, |t| t.tables)
}

impl Source {
    /// Opens a directory.
    pub fn open(dir: &Path) -> Result<Self, SourceError> {
        if !dir.is_dir() {
            return Err(SourceError::Missing(dir.to_owned()));
        }
        let manifest = dir.join(MERGE_MANIFEST);
        if manifest.exists() {
            let damaged = |what: String| SourceError::Damaged { path: manifest.clone(), what };
            let text = std::fs::read_to_string(&manifest).map_err(|e| damaged(e.to_string()))?;
            let parsed = serde_saphyr::from_str(&text).map_err(|e| damaged(e.to_string()))?;
            return Ok(Self::Merged(dir.to_owned(), Box::new(parsed)));
        }
        match Run::open(dir) {
            Ok(run) => Ok(Self::Run(Box::new(OpenRun::new(run)))),
            Err(StoreError::NoRun { dir }) if crate::legacy::is_legacy(&dir) => Err(SourceError::Legacy(dir)),
            Err(StoreError::NoRun { dir }) => Err(SourceError::Neither(dir)),
            Err(error) => Err(error.into()),
        }
    }
}

impl OpenRun {
    /// A run by the name of its directory.
    pub fn new(run: Run) -> Self {
        let name = run.dir().canonicalize().unwrap_or_else(|_| run.dir().to_owned());
        let name = name.file_name().map_or_else(|| "run".into(), |n| n.to_string_lossy().into_owned());
        let reading = Arc::new(ReadLock::take(run.storage()));
        let dir = run.dir().to_owned();
        Self { name, dir, is_imported: false, run, ledger: OnceLock::new(), index: OnceLock::new(), reading }
    }

    /// A directory of the predecessor that has become a run somewhere else.
    pub(super) fn imported(run: Run, from: &Path) -> Self {
        Self { dir: from.to_owned(), is_imported: true, ..Self::new(run) }
    }

    /// What keeps its files where they are.
    pub(super) fn reading(&self) -> Arc<ReadLock> {
        Arc::clone(&self.reading)
    }

    /// Its data files and repeated attempts, as they were when they were first asked for.
    pub fn index(&self) -> Result<&LedgerIndex, StoreError> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let index = LedgerIndex::read(self.run.storage())?;
        Ok(self.index.get_or_init(|| index))
    }

    /// Its ledger, as it was when it was first asked for.
    pub fn ledger(&self) -> Result<&Ledger, StoreError> {
        if let Some(ledger) = self.ledger.get() {
            return Ok(ledger);
        }
        let ledger = Ledger::read(self.run.storage())?;
        Ok(self.ledger.get_or_init(|| ledger))
    }
}
