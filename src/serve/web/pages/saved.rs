//! Saved queries.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use super::super::app::{App, Who};
use super::super::asked;
use super::super::bare::Bare;
use super::super::fields::Fields;
use super::super::link;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::saved;
use super::super::send::on_to;
use super::frame::{Frame, shown};
use crate::serve::access::May;

#[derive(Template)]
#[template(path = "web/saved.html")]
struct Saved {
    frame: Frame,
    may_save: bool,
    queries: Vec<Row>,
}

struct Row {
    name: String,
    title: String,
    sql: String,
    /// Opens it, for each source.
    opens: Vec<(String, String)>,
    remove: String,
}

/// All of them.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    _: Bare,
) -> Result<Response, Problem> {
    let sources = app.desk.sources(&who);
    let row = |name: String| {
        let sql = app.desk.access.saved.get(&name).ok()?;
        let title =
            sql.lines().next().and_then(|line| line.strip_prefix("--")).unwrap_or_default().trim().to_owned();
        let whole = sources.iter().filter(|source| source.is_whole());
        let opens = whole.map(|source| {
            let place = link::with("/sql", [("run", source.name.as_str()), ("sql", sql.as_str())]);
            (source.name.clone(), place)
        });
        Some(Row {
            opens: opens.collect(),
            remove: format!("/saved/{}/remove", link::part(&name)),
            name,
            title,
            sql,
        })
    };
    let queries = app.desk.access.saved.names().into_iter().filter_map(row).collect();
    let may_save = who.login.token.may(May::WriteQueries);
    Ok(shown(&Saved { frame: Frame::of(&app, Some(&who)), may_save, queries })?)
}

/// Saves what the form sends.
pub(super) async fn save(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    _: Bare,
    request: Request,
) -> Result<Response, Problem> {
    let (_, pairs) = asked::form(request).await?;
    let fields = Fields::of(pairs, &["name", "sql", "replace"])?;
    let (name, sql) =
        (fields.one("name")?.unwrap_or_default().trim(), fields.one("sql")?.unwrap_or_default());
    saved::save(&app, &who, (name, sql), &fields)?;
    Ok(on_to("/saved"))
}

/// Removes one.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(name): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    saved::remove(&app, &who, &name)?;
    Ok(on_to("/saved"))
}
