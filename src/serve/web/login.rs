//! Signing in and out.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::response::Response;

use super::app::{App, PROTOCOL};
use super::asked::form;
use super::bare::Bare;
use super::fields::Fields;
use super::guard::{address, cookie_name, session};
use super::pages;
use super::problem::Problem;
use super::send::on_to;
use crate::serve::access::{Access, Ended, Secret};

/// The form; or, with a code in the address, what it does.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Vec<(String, String)>>,
    request: Request,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["code"])?;
    match fields.text("code")? {
        Some(code) => enter(&app, &Secret::sent(code), &request),
        None => Ok(pages::login(&app)),
    }
}

/// What the form sends: a token, or a code.
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    _: Bare,
    request: Request,
) -> Result<Response, Problem> {
    let (request, pairs) = form(request).await?;
    let fields = Fields::of(pairs, &["token"])?;
    let sent = Secret::sent(fields.text("token")?.unwrap_or_default());
    enter(&app, &sent, &request)
}

/// Ends the session.
pub(super) async fn sign_out(State(app): State<Arc<App>>, _: Bare, request: Request) -> Response {
    if let Some(session) = session(&app, request.headers()) {
        app.desk.access.sign_out(&session);
    }
    let mut response = on_to("/login");
    set_cookie(&app, &mut response, "", 0);
    response
}

fn enter(app: &App, sent: &Secret, request: &Request) -> Result<Response, Problem> {
    let (session, _) =
        app.desk.access.sign_in(sent, address(request), PROTOCOL).inspect_err(|_: &Ended| {
            app.desk.metrics.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        })?;
    let mut response = on_to("/");
    set_cookie(app, &mut response, session.reveal(), Access::lasts().as_secs());
    Ok(response)
}

fn set_cookie(app: &App, response: &mut Response, value: &str, seconds: u64) {
    let secure = if app.is_tls { "; Secure" } else { "" };
    let name = cookie_name(app);
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
