//! Of which state of a source is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::serve::catalog::Snapshot;

/// Of which state of a source is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At<'a> {
    /// That of now.
    Now,
    /// One that was told by its id.
    Told(&'a str),
    /// The one that is held, or else that of now, which is held from here on.
    Held(&'a Held),
}

impl<'a> At<'a> {
    /// One that was told, if it was.
    pub(crate) fn told(id: Option<&'a str>) -> Self {
        id.map_or(Self::Now, Self::Told)
    }
}

/// States of sources that stay as they are for whoever holds them: a ticket, a cursor, a transaction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held(Arc<Mutex<HashMap<String, Snapshot>>>);

impl Held {
    fn states(&self) -> MutexGuard<'_, HashMap<String, Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, source: &str) -> Option<Snapshot> {
        self.states().get(source).cloned()
    }

    /// Holds a state, unless another one is held by now; gives the one that is.
    pub(super) fn hold(&self, source: &str, now: Snapshot) -> Snapshot {
        self.states().entry(source.to_owned()).or_insert(now).clone()
    }
}
