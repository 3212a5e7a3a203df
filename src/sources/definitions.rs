//! `--definitions`: schemas, queries and configurations of the user's own.

use std::path::{Path, PathBuf};

use super::source::{Kept, kept};
use crate::config::Config;
use crate::error::Failure;
use crate::queries::Queries;
use crate::schema::{Only, Schemas};
use crate::store::{Location, Run};
use crate::tables::Definitions;

/// The folder, if one was named.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) Option<PathBuf>);

/// Tables and queries, loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) schemas: Schemas,
    pub(crate) queries: Queries,
}

impl Folder {
    /// A subfolder, if it is there.
    pub(crate) fn sub(&self, name: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|f| f.join(name)).filter(|f| f.is_dir())
    }

    /// Loads tables and queries.
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        if let Some(folder) = &self.0
            && !folder.is_dir()
        {
            return Err(Failure::usage(format!("--definitions: folder {} not found", folder.display())));
        }
        Ok(Loaded {
            schemas: Schemas::load(self.sub("schemas").as_deref()).map_err(Failure::usage)?,
            queries: Queries::load(self.sub("queries").as_deref()).map_err(Failure::usage)?,
        })
    }

    /// Loads tables and queries, and the tables of their own that directories were made with; without what none of
    /// them has.
    pub(crate) fn load_for<'a, D>(&self, dirs: &'a [D]) -> Result<Loaded, Failure>
    where
        Location: From<&'a D>,
    {
        let mut loaded = self.load()?;
        let mut has_nulls = dirs.is_empty();
        for dir in dirs {
            let Kept { tables, has_nulls: here } = kept(&Location::from(dir));
            loaded.schemas.adopt(tables);
            has_nulls |= here;
        }
        if !has_nulls {
            loaded.schemas.without(Only::Nulls);
        }
        Ok(loaded)
    }

    /// The same for one run, which is open: nothing is read twice.
    pub(crate) fn load_for_run(&self, run: &Run) -> Result<Loaded, Failure> {
        let manifest = run.manifest();
        let mut loaded = self.load()?;
        loaded.schemas.adopt(manifest.tables.clone());
        loaded.fit(&manifest.config);
        Ok(loaded)
    }

    /// The folder as it was given.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

impl Loaded {
    /// Takes away what an analysis with this configuration does not have.
    pub(crate) fn fit(&mut self, config: &Config) {
        if config.statistical.nulls.is_permute() {
            self.schemas.without(Only::Nulls);
        }
    }

    /// What the query room asks for.
    pub(crate) fn as_ref(&self) -> Definitions<'_> {
        Definitions { schemas: &self.schemas, queries: &self.queries }
    }
}
