//! Plots and what they are made of.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::app::{App, Who};
use super::super::bare::Bare;
use super::super::drawing::{self, File, PLOT};
use super::super::fields::Fields;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::send;
use super::super::tag::Tag;
use crate::serve::answer::Ask;
use crate::serve::desk::At;

/// All of a source.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    let source = app.desk.whole(&who, &run, "plots")?;
    Ok(send::json(&app.desk.document(&who, &source, Ask::Plots, "plots").await?)?)
}

/// One of them, as a file.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, name)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
    heads: HeaderMap,
) -> Result<Response, Problem> {
    let asked = format!("{name} {pairs:?}");
    let fields = Fields::of(pairs, &PLOT)?;
    let what = format!("plot {name}");
    let source = app.desk.whole(&who, &run, &what)?;
    let File { picture, kind, is_shown } = drawing::file(&name, &fields)?;
    let now = app.desk.snapshot(&source, At::Now).await;
    let now = now.inspect_err(|ended| app.desk.refused(&who, &run, &what, ended.ending))?;
    if let Some(unchanged) = Tag::of_source(&app, &source, &now, &asked).known_to(&heads) {
        return Ok(unchanged);
    }
    let (body, _, begun) = app.desk.read(&who, &source, At::Now, Ask::Plot(picture), &what).await?;
    let mut response = send::picture(kind, body);
    send::file(&mut response, &format!("{run}-{name}"), is_shown);
    // It is of the state that was asked, which may be a newer one.
    Ok(Tag::of_source(&app, &begun.source, &begun.snapshot, &asked).on(response))
}
