//! Names of tables, and tables that are made when they are planned.
//!
//! Every name is known from the start; most tables are views, each of which costs a plan, and a query needs few
//! of them. Schemas whose names begin with `_` hold steps on the way and are not listed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::execution::context::{SessionContext, SessionState};

/// The schema of tables that are named without one.
pub const PUBLIC: &str = "public";

/// The only catalog.
const NAME: &str = "results";

/// Makes a table.
type Make = dyn Fn(&SessionContext) -> Result<Arc<dyn TableProvider>> + Send + Sync;

/// Whether a table is listed, asked when tables are.
pub type Listed = Arc<dyn Fn() -> bool + Send + Sync>;

/// The engine's state, as long as there is a session.
type State = dyn Fn() -> Option<SessionState> + Send + Sync;

/// A table, or how it is made.
#[derive(Clone)]
pub enum Table {
    /// It is there.
    Ready(Arc<dyn TableProvider>),
    /// The rows of a query.
    Query(String),
    /// Made by a function.
    Made(Arc<Make>),
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready",
            Self::Query(_) => "Query",
            Self::Made(_) => "Made",
        })
    }
}

impl Table {
    /// A table that a function makes when it is planned.
    pub fn made(
        make: impl Fn(&SessionContext) -> Result<Arc<dyn TableProvider>> + Send + Sync + 'static,
    ) -> Self {
        Self::Made(Arc::new(make))
    }
}

/// The tables of a session, by schema and name.
pub struct Catalog {
    state: Arc<State>,
    spaces: Mutex<BTreeMap<String, Arc<Space>>>,
}

/// The tables of a schema.
struct Space {
    state: Arc<State>,
    entries: Mutex<BTreeMap<String, Entry>>,
}

struct Entry {
    table: Table,
    /// None: always.
    listed: Option<Listed>,
}

impl Catalog {
    /// Becomes the catalog of a session.
    pub fn of(ctx: &SessionContext) -> Arc<Self> {
        // The session has the catalog; it must not be kept by it.
        let state = ctx.state_weak_ref();
        let state: Arc<State> = Arc::new(move || state.upgrade().map(|state| state.read().clone()));
        let catalog = Arc::new(Self { state, spaces: Mutex::default() });
        catalog.space(PUBLIC);
        ctx.register_catalog(NAME, Arc::clone(&catalog) as Arc<dyn CatalogProvider>);
        catalog
    }

    /// Adds a table, or replaces it; `listed` says whether it is listed, asked when tables are.
    pub fn put(&self, space: &str, name: &str, table: Table, listed: Option<Listed>) {
        self.space(space).entries().insert(name.to_owned(), Entry { table, listed });
    }

    /// Whether a table is there and listed.
    pub fn lists(&self, space: &str, name: &str) -> bool {
        let space = locked(&self.spaces).get(space).map(Arc::clone);
        space.is_some_and(|space| space.table_names().iter().any(|listed| listed == name))
    }

    fn space(&self, name: &str) -> Arc<Space> {
        let mut spaces = locked(&self.spaces);
        let new = || Arc::new(Space { state: Arc::clone(&self.state), entries: Mutex::default() });
        Arc::clone(spaces.entry(name.to_owned()).or_insert_with(new))
    }
}

impl Space {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        locked(&self.entries)
    }

    async fn make(&self, table: Table) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(state) = (self.state)() else { return Ok(None) };
        let ctx = SessionContext::new_with_state(state);
        Ok(Some(match table {
            Table::Ready(table) => table,
            Table::Query(sql) => ctx.sql(&sql).await?.into_view(),
            Table::Made(make) => make(&ctx)?,
        }))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").finish_non_exhaustive()
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").finish_non_exhaustive()
    }
}

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        locked(&self.spaces).keys().filter(|name| !name.starts_with('_')).cloned().collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let spaces = locked(&self.spaces);
        spaces.get(name).map(|space| Arc::clone(space) as Arc<dyn SchemaProvider>)
    }
}

#[async_trait]
impl SchemaProvider for Space {
    fn table_names(&self) -> Vec<String> {
        let all: Vec<(String, Option<Listed>)> =
            self.entries().iter().map(|(name, entry)| (name.clone(), entry.listed.clone())).collect();
        all.into_iter()
            .filter(|(_, listed)| listed.as_ref().is_none_or(|listed| listed()))
            .map(|(name, _)| name)
            .collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let table = match self.entries().get(name).map(|entry| entry.table.clone()) {
            None => return Ok(None),
            Some(Table::Ready(table)) => return Ok(Some(table)),
            Some(table) => table,
        };
        let made = self.make(table).await?;
        if let (Some(made), Some(entry)) = (&made, self.entries().get_mut(name)) {
            entry.table = Table::Ready(Arc::clone(made));
        }
        Ok(made)
    }

    /// Without making the table.
    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.entries().get(name).map(|entry| match &entry.table {
            Table::Ready(table) => table.table_type(),
            Table::Query(_) => TableType::View,
            Table::Made(_) => TableType::Base,
        }))
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let mut entries = self.entries();
        let listed = entries.get(&name).and_then(|entry| entry.listed.clone());
        entries.insert(name, Entry { table: Table::Ready(table), listed });
        Ok(None)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.entries().contains_key(name)
    }
}
