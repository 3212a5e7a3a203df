//! A run in an object store.

#[cfg(feature = "s3")]
mod s3;
mod url;

use std::sync::Arc;

pub(super) use url::{Place, parse};
pub use url::{RemoteUrl, UrlError};

use super::error::StoreError;
use super::storage::Storage;
use crate::config::StoreConfig;

/// The storage at a URL; the same one for the same URL, so that connections are kept.
///
/// # Errors
/// Something that it needs is not set.
#[cfg(feature = "s3")]
pub(super) fn open(url: &RemoteUrl) -> Result<Arc<dyn Storage>, StoreError> {
    s3::open(url)
}

/// The same as a configuration has it reached.
///
/// # Errors
/// Something that it needs is not set.
#[cfg(feature = "s3")]
pub(super) fn open_as(url: &RemoteUrl, settings: &StoreConfig) -> Result<Arc<dyn Storage>, StoreError> {
    s3::open_as(url, settings)
}

/// What this process was told of object stores by its environment, keys too, for processes that are started without one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoreEnvironment(Vec<(String, String)>);

impl StoreEnvironment {
    /// That of this process.
    pub fn of_process() -> Self {
        let ours = |name: &str| name.starts_with("AWS_") || name.starts_with("RESULTS_STORE_");
        let all = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self(all.filter(|(name, _)| ours(name)).collect())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Names, but no values: some are secrets.
impl std::fmt::Debug for StoreEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// What a configuration says of object stores holds for all that this process opens from then on, unless a run says
/// something else of itself.
pub fn heed(settings: &StoreConfig) {
    #[cfg(feature = "s3")]
    s3::heed(settings);
    #[cfg(not(feature = "s3"))]
    let _ = settings;
}

/// The same as a configuration has it reached.
///
/// # Errors
/// This program was built without object stores.
#[cfg(not(feature = "s3"))]
pub(super) fn open_as(url: &RemoteUrl, _: &StoreConfig) -> Result<Arc<dyn Storage>, StoreError> {
    Err(StoreError::NoRemote { url: url.to_string() })
}

/// The storage at a URL.
///
/// # Errors
/// This program was built without object stores.
#[cfg(not(feature = "s3"))]
pub(super) fn open(url: &RemoteUrl) -> Result<Arc<dyn Storage>, StoreError> {
    Err(StoreError::NoRemote { url: url.to_string() })
}
