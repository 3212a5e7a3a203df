//! What can be queried: runs, and outputs of `merge`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::SourceError;
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
