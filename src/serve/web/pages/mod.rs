//! Pages: made here, whole without script.

mod answered;
mod cells;
mod chosen;
mod editor;
mod frame;
mod list;
mod plots;
mod report;
mod run;
mod running;
mod saved;
mod table;
mod user;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::app::App;
pub(super) use frame::{login, problem};

/// Addresses of pages that need a login.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(list::page))
        .route("/run/{run}", get(run::page))
        .route("/run/{run}/log/{shard}", get(run::log))
        .route("/run/{run}/table/{table}", get(table::page))
        .route("/run/{run}/plots", get(plots::list))
        .route("/run/{run}/plot/{plot}", get(plots::page))
        .route("/run/{run}/report", get(report::page))
        .route("/run/{run}/users", get(user::users))
        .route("/run/{run}/user/{user}", get(user::page))
        .route("/sql", get(editor::page))
        .route("/saved", get(saved::page).post(saved::save))
        .route("/saved/{name}/remove", post(saved::remove))
        .route("/queries", get(running::page))
        .route("/queries/{id}/cancel", post(running::cancel))
}
