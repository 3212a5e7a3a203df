//! The tables of a source with their columns.

use std::collections::BTreeMap;

use datafusion::common::TableReference;
use datafusion::datasource::TableType;
use serde::Serialize;

use super::super::frame::{ColumnOf, Done};
use super::answering::Answering;
use super::out::{Out, column};
use super::told::of_engine;
use crate::schema::{MadeOf, columns};
use crate::serve::access::Ended;
use crate::serve::catalog;
use crate::sources::{Loaded, Source};
use crate::sql::Session;
use crate::tables::PUBLIC;

/// The catalog of a session, and the schema in which it lists itself.
const CATALOG: &str = "results";
const ABOUT: &str = "information_schema";

/// A table.
#[derive(Serialize)]
struct Listed {
    /// With its schema, if that is not the default one.
    name: String,
    description: Option<String>,
    /// Whether a query makes it whenever it is asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    view: bool,
    /// Columns that identify a row.
    key: Vec<String>,
    /// Rows, if the source says how many.
    rows: Option<u64>,
    columns: Vec<ColumnOf>,
}

/// Lists them.
pub(super) async fn tables(answering: Answering<'_>, loaded: &Loaded, out: &mut Out) -> Result<Done, Ended> {
    let session = answering.session(loaded)?;
    let rows = rows_of(answering);
    let mut all = Vec::new();
    for name in names(&session) {
        let (space, table) = name.split_once('.').unwrap_or((PUBLIC, &name));
        let known = loaded.schemas.get(table).ok().filter(|_| space == PUBLIC);
        let columns = if let Some(schema) = known.filter(|schema| schema.made_of() != MadeOf::AllUsers) {
            // What the schema says needs no plan, but where a query makes the table, which has an order of its own.
            columns::shown(schema)
        } else {
            let reference = TableReference::partial(space, table);
            let frame = session.context().table(reference).await.map_err(of_engine)?;
            std::sync::Arc::new(frame.schema().as_arrow().clone())
        };
        let view = known.is_none() && is_view(&session, space, table).await?;
        let about = loaded.schemas.about(table);
        let columns = columns.fields().iter().map(|field| {
            let of = loaded.schemas.about_column(table, field.name());
            column(field.name(), field.data_type(), field.is_nullable(), of)
        });
        all.push(Listed {
            view,
            description: about.map(|schema| schema.description.clone()),
            key: known.map(|schema| schema.full_key().map(str::to_owned).collect()).unwrap_or_default(),
            rows: rows.get(&name).copied(),
            columns: columns.collect(),
            name,
        });
    }
    out.document(&all)
}

async fn is_view(session: &Session, space: &str, table: &str) -> Result<bool, Ended> {
    let provider = session.context().table_provider(TableReference::partial(space, table)).await;
    Ok(provider.map_err(of_engine)?.table_type() == TableType::View)
}

/// Names of the tables that are listed, those of the default schema first.
pub(super) fn names(session: &Session) -> Vec<String> {
    let Some(catalog) = session.context().catalog(CATALOG) else { return Vec::new() };
    let mut spaces = catalog.schema_names();
    spaces.sort_by_key(|space| (space != PUBLIC, space.clone()));
    let spaces = spaces.into_iter().filter(|space| space != ABOUT);
    let of = |space: String| {
        let names = catalog.schema(&space).map(|schema| schema.table_names()).unwrap_or_default();
        let prefix = if space == PUBLIC { String::new() } else { format!("{space}.") };
        names.into_iter().map(move |name| format!("{prefix}{name}"))
    };
    spaces.flat_map(of).collect()
}

/// How many rows each table of a merged output has, by its manifest.
fn rows_of(answering: Answering<'_>) -> BTreeMap<String, u64> {
    match Source::open(&catalog::place(&answering.job.dir)) {
        Ok(Source::Merged(_, manifest)) => manifest.rows,
        _ => BTreeMap::new(),
    }
}
