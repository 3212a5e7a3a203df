//! What is served.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::super::app::{App, Who};
use super::super::fields::Fields;
use super::super::link;
use super::super::problem::Problem;
use super::cells::{left, number, percent};
use super::frame::{Frame, shown};
use crate::serve::catalog::{Kind, Source};

#[derive(Template)]
#[template(path = "web/list.html")]
struct List {
    frame: Frame,
    filter: String,
    sources: Vec<Row>,
    all: usize,
    /// Folders in which there is nothing.
    empty: Vec<String>,
}

struct Row {
    name: String,
    link: String,
    kind: &'static str,
    state: String,
    done: String,
    units: String,
    percent: u64,
    not_ok: u64,
    rate: String,
    left: String,
    created: String,
    problem: Option<String>,
}

/// The list, newest first.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["filter"])?;
    let filter = fields.one("filter")?.unwrap_or_default().trim().to_owned();
    let mut sources = app.desk.sources(&who);
    let all = sources.len();
    let wanted = filter.to_lowercase();
    sources.retain(|s| s.name.to_lowercase().contains(&wanted) || s.summary.state.contains(&wanted));
    sources.sort_by(|a, b| (&b.summary.created, &a.name).cmp(&(&a.summary.created, &b.name)));
    let sources = sources.iter().map(|source| row(source)).collect();
    let empty = if who.login.token.sees_all() { app.desk.catalog.empty() } else { Vec::new() };
    Ok(shown(&List { frame: Frame::of(&app, Some(&who)), filter, sources, all, empty })?)
}

fn row(source: &Source) -> Row {
    let summary = &source.summary;
    Row {
        name: source.name.clone(),
        link: format!("/run/{}", link::part(&source.name)),
        kind: match summary.kind {
            Kind::Run => "run",
            Kind::Merged => "merged",
            Kind::Damaged => "damaged",
        },
        state: summary.state.clone(),
        done: number(summary.done),
        units: number(summary.units),
        percent: percent(summary.done, summary.units),
        not_ok: summary.not_ok,
        rate: summary.per_minute.map_or_else(String::new, |rate| format!("{rate:.1}")),
        left: left(summary.eta_seconds),
        created: summary.created.chars().take(16).collect::<String>().replace('T', " "),
        // The page of the source has the other lines.
        problem: summary.problem.as_deref().and_then(|all| all.lines().next()).map(str::to_owned),
    }
}
