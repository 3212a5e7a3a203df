//! Saved queries.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use serde_json::json;

use super::super::app::{App, Who};
use super::super::asked;
use super::super::bare::Bare;
use super::super::fields::Fields;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::saved;
use super::super::send::{self, of_kind};
use crate::serve::access::{Ended, Ending};

/// Their names.
pub(super) async fn list(State(app): State<Arc<App>>, _: Bare) -> Result<Response, Problem> {
    Ok(send::json(&app.desk.access.saved.names())?)
}

/// The text of one.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    Ok(of_kind("application/sql; charset=utf-8", app.desk.access.saved.get(&name)?))
}

/// Saves one; `replace` says that one of that name may go.
pub(super) async fn put(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(name): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    request: Request,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["replace"])?;
    let (_, body) = asked::body(request).await?;
    let sql =
        String::from_utf8(body).map_err(|_| Ended::new(Ending::Invalid, "the query is not text in UTF-8"))?;
    saved::save(&app, &who, (&name, &sql), &fields)?;
    Ok(send::json(&json!({"saved": name}))?)
}

/// Removes one.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(name): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    saved::remove(&app, &who, &name)?;
    Ok(send::json(&json!({"removed": name}))?)
}
