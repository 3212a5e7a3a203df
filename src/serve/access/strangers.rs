//! Connections that were closed before anybody could say who it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts of them, by what a door is called.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<BTreeMap<&'static str, u64>>);

impl Strangers {
    /// One more at a door.
    pub(crate) fn count(&self, protocol: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(protocol).or_default() += 1;
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
