//! Tables as they are shown: with what only all users together determine.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::datasource::MemTable;

use super::catalog::{Catalog, Listed, PUBLIC, Table};
use super::derived::{Space, Views};
use super::error::TableError;
use super::events::{TABLE as EVENTS, events_of};
use super::groups::GROUP_TESTS;
use super::passed::Passed;
use super::user_tests::TESTS;
use crate::config::Fdr;
use crate::queries::Queries;
use crate::schema::{CONTROL, LEDGER, Schemas, TableSchema, columns};
use crate::store::{MergeManifest, StoreError};

/// What tables are made with, besides the data.
#[derive(Debug, Clone, Copy)]
pub struct Definitions<'a> {
    /// The tables.
    pub schemas: &'a Schemas,
    /// The queries.
    pub queries: &'a Queries,
}

/// The merged tables of a space, over its rows and the attempts that count; `listed` says which are listed. Gives what
/// parts of the users hand on, by which they are made of rows of a part.
pub(super) fn put_views(
    catalog: &Catalog,
    fdr: &Fdr,
    space: &Space,
    definitions: Definitions<'_>,
    listed: impl Fn(&str) -> Listed,
) -> Result<Vec<Passed>, TableError> {
    let Definitions { schemas, queries } = definitions;
    let views = Views::new(queries, schemas, fdr, space);
    let put = |name: &str, table: Table| catalog.put(space.schema(), name, table, Some(listed(name)));
    if let Some(sql) = views.tests()? {
        put(TESTS, Table::Query(sql));
    }
    let control = if space.is_control { views.control()? } else { None };
    let of_all = [(GROUP_TESTS, views.group_tests()?), ("families", views.families()?), (CONTROL, control)];
    for (name, sql) in of_all {
        let schema = schemas.get(name).map_err(StoreError::from)?;
        put(name, sql.map_or_else(|| without_rows(schema), |sql| Ok(Table::Query(sql)))?);
    }
    put(LEDGER, Table::Query(views.users()));
    for schema in schemas.data_tables() {
        put(&schema.table, Table::Query(views.table(schema)?));
    }
    Ok(views.passes.into_inner())
}

/// What a merged output does not have as files: the view of its tests, and the tables that nobody planned, which
/// have no rows and are not listed.
pub fn put_around_merged(
    catalog: &Catalog,
    manifest: &MergeManifest,
    definitions: Definitions<'_>,
) -> Result<(), TableError> {
    let Definitions { schemas, queries } = definitions;
    for schema in schemas.iter().filter(|schema| !catalog.lists(PUBLIC, &schema.table)) {
        catalog.put(PUBLIC, &schema.table, without_rows(schema)?, Some(Arc::new(|| false)));
    }
    // What befell the workers is told by their run alone; a plot may have it where it is known.
    let none = MemTable::try_new(events_of(&[])?.schema(), vec![Vec::new()])?;
    catalog.put(PUBLIC, EVENTS, Table::Ready(Arc::new(none)), Some(Arc::new(|| false)));
    let space = Space::numbered("");
    let views = Views::new(queries, schemas, &manifest.fdr, &space);
    if let Some(sql) = views.tests()?
        && !catalog.lists(PUBLIC, TESTS)
    {
        let has_q = manifest.rows.contains_key("families");
        catalog.put(PUBLIC, TESTS, Table::Query(sql), Some(Arc::new(move || has_q)));
    }
    Ok(())
}

/// A table as it is shown, with no rows.
fn without_rows(schema: &TableSchema) -> Result<Table, TableError> {
    let none = RecordBatch::new_empty(columns::shown(schema));
    Ok(Table::Ready(Arc::new(MemTable::try_new(none.schema(), vec![vec![none]])?)))
}
