//! Stores that speak as S3 does.
//!
//! ```text
//! storage         a run's files as objects below a prefix     bucket         clients, one set a bucket and process
//! create          "unless it is there", with read-back        http           how many requests, slower if asked
//! file, held      parts of an object, by few requests         settings       what environment and configuration say
//! in_words        the same client for others, whose errors are ours
//! listing, probe  what is there; whether the store is right   error, answer  what goes wrong, in words
//! ```

mod answer;
mod bucket;
mod copies;
mod create;
mod error;
mod facts;
mod file;
mod held;
mod http;
mod in_words;
mod listing;
mod probe;
mod runtime;
mod settings;
mod silence;
mod storage;

#[cfg(test)]
mod faulty;
#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use self::bucket::Bucket;
use self::storage::RemoteStorage;
use super::url::RemoteUrl;
use crate::config::StoreConfig;
use crate::store::error::StoreError;
use crate::store::storage::Storage;

/// What a configuration says, for what is opened without one.
static TOLD: Mutex<Option<StoreConfig>> = Mutex::new(None);

/// As of now, stores are opened as a configuration says.
pub(super) fn heed(settings: &StoreConfig) {
    *TOLD.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings.clone());
}

/// The storage at a URL.
pub(super) fn open(url: &RemoteUrl) -> Result<Arc<dyn Storage>, StoreError> {
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner).clone();
    open_as(url, &told.unwrap_or_default())
}

/// The same as a configuration has it reached; the same one for the same URL.
pub(super) fn open_as(url: &RemoteUrl, settings: &StoreConfig) -> Result<Arc<dyn Storage>, StoreError> {
    type All = BTreeMap<(RemoteUrl, StoreConfig), Arc<RemoteStorage>>;
    static ALL: Mutex<All> = Mutex::new(BTreeMap::new());
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (url.clone(), settings.clone());
    if let Some(storage) = all.get(&key) {
        return Ok(Arc::clone(storage) as Arc<dyn Storage>);
    }
    let made = Arc::new(RemoteStorage::new(Bucket::of(url, settings)?, url.clone()));
    all.insert(key, Arc::clone(&made));
    Ok(made)
}
