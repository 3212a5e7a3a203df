//! `--definitions`: schemas, queries and configurations of the user's own.

use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::schema::Schemas;
use crate::sources::own_tables;
use crate::sql::{Definitions, Queries};

/// The folder, if one was named.
#[derive(Debug)]
pub(super) struct Folder(pub(super) Option<PathBuf>);

/// Tables and queries, loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) schemas: Schemas,
    pub(super) queries: Queries,
}

impl Folder {
    /// A subfolder, if it is there.
    pub(super) fn sub(&self, name: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|f| f.join(name)).filter(|f| f.is_dir())
    }

    /// Loads tables and queries.
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
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

    /// Loads tables and queries, and the tables of their own that directories were made with.
    pub(super) fn load_for<P: AsRef<Path>>(&self, dirs: &[P]) -> Result<Loaded, Failure> {
        let mut loaded = self.load()?;
        for dir in dirs {
            loaded.schemas.adopt(own_tables(dir.as_ref()));
        }
        Ok(loaded)
    }

    /// The folder as it was given.
    pub(super) fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

impl Loaded {
    /// What the query room asks for.
    pub(super) fn as_ref(&self) -> Definitions<'_> {
        Definitions { schemas: &self.schemas, queries: &self.queries }
    }
}
