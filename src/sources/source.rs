//! What can be queried: runs, and outputs of `merge`.

use serde::Deserialize;

use super::error::SourceError;
use crate::attempts::OpenRun;
use crate::config::Nulls;
use crate::schema::TableSchema;
use crate::store::{Entry, Location, MANIFEST, MERGE_MANIFEST, MergeManifest, Run, Storage, StoreError};
use crate::yaml::from_yaml;

/// A run or a merged output.
#[derive(Debug)]
pub(crate) enum Source {
    /// A run directory.
    Run(Box<OpenRun>),
    /// An output of `merge`.
    Merged(Location, Box<MergeManifest>),
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
pub(crate) fn kept(place: &Location) -> Kept {
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
    let Ok(storage) = place.storage() else { return Kept::default() };
    let text = [MANIFEST, MERGE_MANIFEST].iter().find_map(|name| storage.read(name).ok().flatten());
    let text = text.and_then(|text| String::from_utf8(text).ok());
    let said = text.and_then(|text| from_yaml::<Only>(&text).ok());
    said.map_or_else(Kept::default, |Only { tables, nulls, config }| Kept {
        tables,
        has_nulls: nulls || config.is_some_and(|config| !config.statistical.nulls.is_permute()),
    })
}

impl Source {
    /// Opens a directory.
    pub(crate) fn open(place: &Location) -> Result<Self, SourceError> {
        if place.folder().is_some_and(|dir| !dir.is_dir()) {
            return Err(SourceError::Missing(place.clone()));
        }
        let storage = place.storage()?;
        if let Some(manifest) = merged(place, &*storage)? {
            return Ok(Self::Merged(place.clone(), Box::new(manifest)));
        }
        match Run::open(place) {
            Ok(run) => Ok(Self::Run(Box::new(OpenRun::new(run)))),
            Err(StoreError::NoRun { .. }) => Err(neither(place, &*storage)?),
            Err(error) => Err(error.into()),
        }
    }
}

/// The manifest of an output; none if it is no output.
fn merged(place: &Location, storage: &dyn Storage) -> Result<Option<MergeManifest>, SourceError> {
    let damaged = |what: String| SourceError::Damaged { path: place.join(MERGE_MANIFEST), what };
    let bytes = match storage.read(MERGE_MANIFEST) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(error) if place.folder().is_some() => return Err(damaged(error.source.to_string())),
        Err(error) => return Err(StoreError::from(error).into()),
    };
    let text = String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8".to_owned()))?;
    from_yaml(&text).map(Some).map_err(|e| damaged(e.to_string()))
}

/// What a directory is that is neither a run nor an output.
fn neither(place: &Location, storage: &dyn Storage) -> Result<SourceError, SourceError> {
    let Some(dir) = place.folder() else {
        let files = storage.list("").map_err(StoreError::from)?;
        let is_legacy = |entry: &Entry| crate::legacy::is_of_legacy(&entry.path);
        return Ok(match files.first() {
            None => SourceError::Nothing(place.clone()),
            Some(_) if files.iter().any(is_legacy) => SourceError::LegacyAway(place.clone()),
            Some(_) => SourceError::Neither(place.clone()),
        });
    };
    if crate::legacy::is_legacy(dir) {
        return Ok(SourceError::Legacy(place.clone()));
    }
    Ok(match crate::legacy::unread(dir) {
        Some(names) => SourceError::Unread { dir: place.clone(), names },
        None => SourceError::Neither(place.clone()),
    })
}
