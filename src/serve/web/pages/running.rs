//! Queries at work.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::super::app::{App, Who};
use super::super::bare::Bare;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::send::on_to;
use super::frame::{Frame, shown};

#[derive(Template)]
#[template(path = "web/running.html")]
struct Running {
    frame: Frame,
    queries: Vec<Row>,
    waiting: usize,
}

struct Row {
    id: u64,
    token: String,
    run: String,
    what: String,
    seconds: String,
}

/// One's own, or all for an administrator.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    _: Bare,
) -> Result<Response, Problem> {
    let queries = app.desk.running(&who).into_iter().map(|running| Row {
        id: running.id,
        token: running.token,
        run: running.source,
        what: running.what,
        seconds: format!("{:.1}", running.since.elapsed().as_secs_f64()),
    });
    let page = Running {
        frame: Frame::of(&app, Some(&who)),
        queries: queries.collect(),
        waiting: app.desk.pool.waiting(),
    };
    Ok(shown(&page)?)
}

/// Ends one.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(id): Path<u64>,
    _: Bare,
) -> Result<Response, Problem> {
    app.desk.cancel(&who, id)?;
    Ok(on_to("/queries"))
}
