//! What stands around every page, and the pages of those who are not let in.

use askama::Template;
use axum::response::Response;

use super::super::app::{App, Who};
use super::super::problem::title;
use super::super::send::of_kind;
use crate::plot::allowed_html;
use crate::serve::access::{Ended, Ending};

/// What stands around every page.
pub(super) struct Frame {
    /// Name of the token, if somebody is signed in.
    pub(super) token: Option<String>,
    /// Whether others on the wire can read it.
    pub(super) is_open: bool,
    pub(super) version: &'static str,
}

impl Frame {
    pub(super) fn of(app: &App, who: Option<&Who>) -> Self {
        Self {
            token: who.map(|who| who.login.token.name.clone()),
            is_open: app.is_open,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// A page as an answer.
pub(super) fn shown(page: &impl Template) -> Result<Response, Ended> {
    let html =
        page.render().map_err(|e| Ended::new(Ending::Died, format!("the page cannot be made: {e}")))?;
    Ok(of_kind("text/html; charset=utf-8", allowed_html(html)))
}

#[derive(Template)]
#[template(path = "web/login.html")]
struct Login {
    frame: Frame,
}

/// The form to sign in.
pub(in super::super) fn login(app: &App) -> Response {
    shown(&Login { frame: Frame::of(app, None) }).unwrap_or_default()
}

#[derive(Template)]
#[template(path = "web/problem.html")]
struct Problem<'a> {
    frame: Frame,
    title: &'static str,
    ended: &'a Ended,
    asks_for_login: bool,
}

/// A request without an answer.
pub(in super::super) fn problem(app: &App, ended: &Ended) -> Response {
    let title = title(ended);
    let asks_for_login = matches!(ended.ending, Ending::Login | Ending::TooManyLogins);
    shown(&Problem { frame: Frame::of(app, None), title, ended, asks_for_login }).unwrap_or_default()
}
