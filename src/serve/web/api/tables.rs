//! Tables and their rows.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::app::{App, Who};
use super::super::asked::{self, ROWS};
use super::super::bare::Bare;
use super::super::fields::Fields;
use super::super::link;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::send;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Ask, Format};
use crate::serve::desk::At;

type Pairs = Query<Vec<(String, String)>>;

/// All of a source, with their columns.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    let source = app.desk.whole(&who, &run, "tables")?;
    Ok(send::json(&*app.desk.tables(&who, &source).await?)?)
}

/// One of them.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, table)): Path<(String, String)>,
    _: Bare,
) -> Result<Response, Problem> {
    let source = app.desk.whole(&who, &run, "tables")?;
    let tables = app.desk.tables(&who, &source).await?;
    let tables = tables.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(found) = tables.iter().find(|known| known["name"] == table.as_str()) {
        return Ok(send::json(found)?);
    }
    let known: Vec<&str> = tables.iter().filter_map(|table| table["name"].as_str()).collect();
    Err(Ended::unknown(Ending::NotFound, "table", &table, &known).into())
}

/// Rows: with a limit a page with a link to the next, else all, as they come.
pub(super) async fn rows(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, table)): Path<(String, String)>,
    Query(pairs): Pairs,
    heads: HeaderMap,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs.clone(), &ROWS)?;
    let what = format!("table {table}");
    let source = app.desk.whole(&who, &run, &what)?;
    // Also as the head `ETag` has it.
    let at = fields.text("snapshot")?.map(|id| id.trim_start_matches("W/"));
    let format = asked::format(&fields, &heads, Format::Json)?;
    let rows = asked::rows(&table, &fields)?;
    let is_page = rows.limit.is_some();
    let ask = Ask::Rows { rows, format };
    let file = format!("{run}-{table}");
    if !is_page {
        return Ok(send::rows(
            app.desk.begin(&who, &source, At::told(at), ask, &what).await?,
            format,
            Some(&file),
        ));
    }
    let (body, done, begun) = app.desk.read(&who, &source, At::told(at), ask, &what).await?;
    let mut response = send::of_kind(send::kind_of(format).0, body);
    send::of_state(&mut response, begun.snapshot.id());
    if let Some(next) = done.next {
        let after = serde_json::to_string(&next).unwrap_or_default();
        let others = pairs.iter().filter(|(name, _)| name != "after" && name != "snapshot");
        let others = others.map(|(name, value)| (name.as_str(), value.as_str()));
        let path = format!("/api/v1/runs/{}/tables/{}/rows", link::part(&run), link::part(&table));
        // The next page is of the same state.
        let snapshot = ("snapshot", app.desk.catalog.keep(&begun.snapshot));
        let next = link::with(&path, others.chain([("after", after.as_str()), snapshot]));
        send::head(&mut response, "link", &format!("<{next}>; rel=\"next\""));
    }
    Ok(response)
}

/// How many rows fit.
pub(super) async fn count(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, table)): Path<(String, String)>,
    Query(pairs): Pairs,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["where"])?;
    let what = format!("count of {table}");
    let source = app.desk.whole(&who, &run, &what)?;
    let rows = asked::rows(&table, &fields)?;
    let counted = app.desk.document(&who, &source, Ask::Count(rows), &what).await?;
    Ok(send::json(&counted[0])?)
}
