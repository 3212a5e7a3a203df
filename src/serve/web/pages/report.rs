//! The report of a source, made for whoever asks, once for a state of the source.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;

use super::super::app::{App, Who};
use super::super::fields::Fields;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::send::{self, of_kind};
use super::super::tag::Tag;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Ask, ReportOf};
use crate::serve::desk::At;

/// It is one file with its style in it, that does nothing and asks for nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

/// The report; saved, where `download` asks for it.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    heads: HeaderMap,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["title", "alpha", "plot", "user", "hide-users", "download"])?;
    let source = app.desk.whole(&who, &run, "report")?;
    let of = of(&source.name, &fields)?;
    let asked = format!("{of:?}");
    let now = app.desk.snapshot(&source, At::Now).await;
    let now = now.inspect_err(|ended| app.desk.refused(&who, &run, "report", ended.ending))?;
    let tag = Tag::of_source(&app, &source, &now, &asked);
    if let Some(unchanged) = tag.known_to(&heads) {
        return Ok(unchanged);
    }
    let is_shown = fields.one("download")?.is_none();
    if let Some(kept) = app.reports.get(tag.name()) {
        return Ok(tag.on(response(kept, &run, is_shown)));
    }
    let (body, done, begun) = app.desk.read(&who, &source, At::Now, Ask::Report(of), "report").await?;
    let body = Bytes::from(body);
    // It is of the state that was asked, which may be a newer one.
    let tag = Tag::of_source(&app, &begun.source, &begun.snapshot, &asked);
    // A plot that could not be drawn may be drawn the next time.
    if done.notes.is_empty() {
        app.reports.put(tag.name(), &body);
    }
    Ok(tag.on(response(body, &run, is_shown)))
}

fn of(name: &str, fields: &Fields) -> Result<ReportOf, Ended> {
    let alpha = match fields.text("alpha")? {
        None => None,
        Some(text) => match text.parse::<f64>() {
            Ok(level) if level > 0.0 && level < 1.0 => Some(level),
            _ => {
                let words = format!("alpha is a number between 0 and 1, and `{text}` isn't one");
                return Err(Ended::new(Ending::Invalid, words));
            }
        },
    };
    let all = |name| fields.all(name).filter(|text| !text.is_empty()).map(str::to_owned).collect();
    Ok(ReportOf {
        name: name.to_owned(),
        title: fields.text("title")?.map(str::to_owned),
        alpha,
        plots: all("plot"),
        users: all("user"),
        hide_users: fields.one("hide-users")?.is_some(),
    })
}

fn response(body: Bytes, run: &str, is_shown: bool) -> Response {
    let mut response = of_kind("text/html; charset=utf-8", body);
    send::head(&mut response, "content-security-policy", POLICY);
    send::file(&mut response, &format!("{run}-report.html"), is_shown);
    response
}
