//! REST below `/api/v1`, health and metrics.

mod metrics;
mod named;
mod plots;
mod query;
mod runs;
mod saved;
mod tables;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};

use super::app::{App, Who};
use super::bare::Bare;
use super::problem::Problem;
use super::send::of_kind;
use crate::serve::access::{Ended, Ending, May};

/// Its addresses.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/runs", get(runs::list))
        .route("/runs/{run}", get(runs::one))
        .route("/runs/{run}/status", get(runs::status))
        .route("/runs/{run}/events", get(runs::events))
        .route("/runs/{run}/shards/{shard}/log", get(runs::log))
        .route("/runs/{run}/tables", get(tables::list))
        .route("/runs/{run}/tables/{table}", get(tables::one))
        .route("/runs/{run}/tables/{table}/rows", get(tables::rows))
        .route("/runs/{run}/tables/{table}/count", get(tables::count))
        .route("/runs/{run}/users", get(runs::users))
        .route("/runs/{run}/users/{user}", get(runs::user))
        .route("/runs/{run}/plots", get(plots::list))
        .route("/runs/{run}/plots/{plot}", get(plots::one))
        .route("/runs/{run}/queries", get(named::list))
        .route("/runs/{run}/queries/{query}", get(named::one))
        .route("/query", get(query::get).post(query::post))
        .route("/query/plan", get(query::plan))
        .route("/queries", get(query::running))
        .route("/queries/{id}/cancel", post(query::cancel))
        .route("/saved", get(saved::list))
        .route("/saved/{name}", get(saved::get).put(saved::put).delete(saved::delete))
}

/// It is there.
pub(super) async fn health(_: Bare) -> &'static str {
    "ok\n"
}

/// It takes questions.
pub(super) async fn ready(State(app): State<Arc<App>>, _: Bare) -> Result<&'static str, Problem> {
    if app.desk.is_stopping() { Err(Ended::new(Ending::Stopping, "stopping").into()) } else { Ok("ok\n") }
}

/// What Prometheus reads.
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    _: Bare,
) -> Result<Response, Problem> {
    // It names all sources.
    who.login.must(May::Admin)?;
    Ok(of_kind("text/plain; version=0.0.4; charset=utf-8", metrics::text(&app)))
}
