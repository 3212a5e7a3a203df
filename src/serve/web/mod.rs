//! Pages and REST: HTTP in, questions out, bytes through.

mod accepted;
mod api;
mod app;
mod asked;
mod assets;
mod bare;
mod drawing;
mod fields;
mod guard;
mod kept;
mod link;
mod live;
mod login;
mod pages;
mod path;
mod problem;
mod saved;
mod send;
mod tag;
mod told;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

pub(super) use app::App;

/// What the service answers.
pub(super) fn router(app: &Arc<App>) -> Router {
    let open = Router::new()
        .route("/login", get(login::page).post(login::sign_in))
        .route("/logout", axum::routing::post(login::sign_out))
        .route("/assets/{name}", get(assets::asset))
        .route("/healthz", get(api::health))
        .route("/readyz", get(api::ready));
    let closed = Router::new()
        .merge(pages::router())
        .nest("/api/v1", api::router())
        .route("/metrics", get(api::metrics))
        .route_layer(from_fn_with_state(Arc::clone(app), guard::known));
    open.merge(closed)
        .fallback(problem::no_page)
        .method_not_allowed_fallback(problem::no_method)
        .layer(from_fn_with_state(Arc::clone(app), guard::all))
        .with_state(Arc::clone(app))
}
