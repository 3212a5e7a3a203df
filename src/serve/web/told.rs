//! How a request without an answer is told: to programs as problem+json (RFC 9457), to people as a page.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::Response;

use super::app::App;
use super::pages;
use super::problem::{json, status};
use crate::serve::access::{Ended, Ending};

/// A problem as a program or a person reads it.
pub(super) fn told(app: &App, path: &str, ended: &Ended) -> Response {
    let is_for_programs = ["/api/", "/metrics", "/healthz", "/readyz"].iter().any(|p| path.starts_with(p));
    let mut response = if is_for_programs {
        let mut response = Response::new(Body::from(json(ended).to_string()));
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    } else {
        pages::problem(app, ended)
    };
    *response.status_mut() = status(ended);
    match ended.ending {
        Ending::Login => {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Ending::QueueFull | Ending::Stopping => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        _ => {}
    }
    response
}
