//! What can be queried: runs, and outputs of `merge`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::SourceError;
use crate::attempts::OpenRun;
use crate::config::Nulls;
use crate::schema::TableSchema;
use crate::store::{MANIFEST, MERGE_MANIFEST, MergeManifest, Run, StoreError};

/// A run or a merged output.
#[derive(Debug)]
pub(crate) enum Source {
    /// A run directory.
    Run(Box<OpenRun>),
    /// An output of `merge`.
    Merged(PathBuf, Box<MergeManifest>),
}

/// What a directory says of its tables before it is opened.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Those of the user's own that it was made with.
    pub tables: Vec<TableSchema>,
    /// Whether its values are compared with more than shuffled observations.
    pub has_nulls: bool,
}

/// What a directory says of its tables; nothing if its manifest cannot be read, which opening it will tell.
pub(crate) fn kept(dir: &Path) -> Kept {
    #[derive(Deserialize)]
    struct Only {
        #[serde(default)]
        tables: Vec<TableSchema>,
        #[serde(default)]
        nulls: bool,
        config: Option<ConfigOnly>,
    }
    #[derive(Deserialize)]
    struct ConfigOnly {
        statistical: StatisticalOnly,
    }
    #[derive(Deserialize)]
    struct StatisticalOnly {
        #[serde(flatten)]
        nulls: Nulls,
    }
    let text =
        [MANIFEST, MERGE_MANIFEST].iter().find_map(|name| std::fs::read_to_string(dir.join(name)).ok());
    let said = text.and_then(|text| serde_saphyr::from_str::<Only>(&text).ok());
    said.map_or_else(Kept::default, |Only { tables, nulls, config }| Kept {
        tables,
        has_nulls: nulls || config.is_some_and(|config| !config.statistical.nulls.is_permute()),
    })
}

impl Source {
    /// Opens a directory.
    pub(crate) fn open(dir: &Path) -> Result<Self, SourceError> {
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
            Err(StoreError::NoRun { .. }) => Err(match crate::legacy::unread(dir) {
                Some(names) => SourceError::Unread { dir: dir.to_owned(), names },
                None => SourceError::Neither(dir.to_owned()),
            }),
            Err(error) => Err(error.into()),
        }
    }
}
