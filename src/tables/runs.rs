//! Runs that are asked together.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::catalog::Listed;
use super::listed::listed;
use crate::attempts::{Attempts, Damage, OpenRun, Precedence};
use crate::schema::Schemas;
use crate::store::StoreError;

/// Runs that are asked together, shared by the tables that are made of them.
#[derive(Debug, Clone)]
pub struct Runs {
    all: Arc<Vec<OpenRun>>,
    these: std::ops::Range<usize>,
}

impl Runs {
    /// All of them.
    pub(super) fn all(runs: Vec<OpenRun>) -> Self {
        Self { these: 0..runs.len(), all: Arc::new(runs) }
    }

    /// One of them.
    #[must_use]
    pub(super) fn only(&self, place: usize) -> Self {
        Self { all: Arc::clone(&self.all), these: place..place + 1 }
    }
}

impl std::ops::Deref for Runs {
    type Target = [OpenRun];

    fn deref(&self) -> &[OpenRun] {
        &self.all[self.these.clone()]
    }
}

/// Which attempts of some runs count, by their ledgers; found when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct LazyAttempts(OnceLock<Arc<Attempts>>);

impl LazyAttempts {
    /// Those of the runs; asked about others, it gives the same.
    pub(super) fn of(&self, runs: &[OpenRun]) -> Result<&Arc<Attempts>, StoreError> {
        if let Some(attempts) = self.0.get() {
            return Ok(attempts);
        }
        // A whole attempt takes the place of a damaged one that it equals.
        let damage = Damage::together(runs.iter().map(OpenRun::damage));
        let attempts = Arc::new(Attempts::of(runs, Precedence::Latest, &damage)?);
        Ok(self.0.get_or_init(|| attempts))
    }
}

/// The tables that runs plan or have, found when tables are listed.
#[derive(Debug, Clone)]
pub(super) struct Present(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    runs: Runs,
    schemas: Schemas,
    names: OnceLock<BTreeSet<String>>,
}

impl Present {
    /// Those of some runs.
    pub(super) fn of(runs: &Runs, schemas: &Schemas) -> Self {
        Self(Arc::new(Inner { runs: runs.clone(), schemas: schemas.clone(), names: OnceLock::new() }))
    }

    /// Whether a table is one of them.
    pub(super) fn has(&self, table: &str) -> Listed {
        let (present, table) = (Arc::clone(&self.0), table.to_owned());
        Arc::new(move || present.names.get_or_init(|| present.find()).contains(&table))
    }
}

impl Inner {
    fn find(&self) -> BTreeSet<String> {
        let manifests: Vec<_> = self.runs.iter().map(|run| run.run.manifest()).collect();
        // A ledger that cannot be read is told to who asks for rows.
        let indexes: Vec<_> = self.runs.iter().filter_map(|run| run.index().ok()).collect();
        let has: BTreeSet<&str> =
            indexes.iter().flat_map(|index| &index.files).map(|file| file.table.as_str()).collect();
        listed(&self.schemas, &manifests, |table| has.contains(table))
    }
}
