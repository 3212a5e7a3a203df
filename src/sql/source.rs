//! What can be queried: runs, and outputs of `merge`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::attempts::OpenRun;
use crate::schema::TableSchema;
use crate::store::{MANIFEST, MERGE_MANIFEST, MergeManifest, Run, StoreError};

/// A run or a merged output.
#[derive(Debug)]
pub enum Source {
    /// A run directory.
    Run(Box<OpenRun>),
    /// An output of `merge`.
    Merged(PathBuf, Box<MergeManifest>),
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
            Err(StoreError::NoRun { .. }) if crate::legacy::is_legacy(dir) => {
                Err(SourceError::Legacy(dir.to_owned()))
            }
            Err(StoreError::NoRun { .. }) => Err(SourceError::Neither(dir.to_owned())),
            Err(error) => Err(error.into()),
        }
    }
}
