//! Sources, where they stand, their logs and their users.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::json;
use tokio::sync::watch;

use super::super::app::{App, Who};
use super::super::bare::Bare;
use super::super::fields::Fields;
use super::super::live::{Told, Watcher, shards};
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::send::{self, of_kind};
use crate::serve::access::{Ended, Ending, until_true};
use crate::serve::answer::Ask;
use crate::serve::catalog::{self, Kind, STATES, Source};
use crate::serve::desk::At;

type Pairs = Query<Vec<(String, String)>>;

/// All that somebody sees.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Query(pairs): Pairs,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["state"])?;
    let state = fields.text("state")?;
    if let Some(wanted) = state.filter(|wanted| !STATES.contains(wanted)) {
        return Err(Ended::unknown(Ending::Invalid, "state", wanted, &STATES).into());
    }
    let all = app.desk.sources(&who);
    let all: Vec<_> =
        all.iter().map(|s| &s.summary).filter(|s| state.is_none_or(|wanted| s.state == wanted)).collect();
    Ok(send::json(&all)?)
}

/// One of them.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    let source = app.desk.source(&who, &run, "tables")?;
    let mut about = serde_json::to_value(&source.summary).unwrap_or_default();
    about["shards"] = json!(source.pulse.as_ref().map(|_| shards(&source)));
    about["mishaps"] = json!(source.happened.last);
    if source.summary.problem.is_none() {
        let snapshot = app.desk.snapshot(&source, At::Now).await?;
        about["snapshot"] = app.desk.catalog.keep(&snapshot).into();
        let tables = app.desk.tables(&who, &source).await?;
        let names = tables.as_array().into_iter().flatten().map(|table| table["name"].clone());
        about["tables"] = names.collect();
    }
    Ok(send::json(&about)?)
}

/// Where a run stands, by its ledger.
pub(super) async fn status(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    let source = a_run(&app, &who, &run, "status")?;
    let mut status = app.desk.document(&who, &source, Ask::Status, "status").await?;
    // No request carries a path, and no answer does.
    status["dir"] = source.name.clone().into();
    Ok(send::json(&[status])?)
}

/// What changes in a run, as long as somebody reads it.
pub(super) async fn events(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    let source = a_run(&app, &who, &run, "events")?;
    let watcher = app.live.watch(&source)?;
    let reading = Reading {
        watcher,
        sent: None,
        ended: who.login.ended.clone(),
        stopped: app.desk.stopped(),
        waiting: Vec::new(),
        is_over: false,
    };
    let events = stream::unfold(reading, async |mut reading| {
        let event = reading.next().await?;
        Some((Ok::<_, Infallible>(event), reading))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

/// Somebody who reads events.
struct Reading {
    watcher: Watcher,
    /// What they know.
    sent: Option<Arc<Told>>,
    ended: watch::Receiver<bool>,
    stopped: watch::Receiver<bool>,
    /// Events to come at once, the next one last.
    waiting: Vec<Event>,
    is_over: bool,
}

impl Reading {
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop() {
            return Some(event);
        }
        if self.is_over {
            return None;
        }
        if self.sent.is_some() {
            tokio::select! {
                changed = self.watcher.now.changed() => changed.ok()?,
                () = until_true(&mut self.ended) => return None,
                () = until_true(&mut self.stopped) => return None,
            }
        }
        let now = Arc::clone(&*self.watcher.now.borrow_and_update());
        let event =
            |name: &str, data: String| Event::default().event(name).id(now.number.to_string()).data(data);
        self.is_over = now.is_last();
        if self.is_over {
            self.waiting.push(event("finished", json!({"state": "complete"}).to_string()));
        }
        let next = match &self.sent {
            Some(known) => {
                self.waiting.extend(now.problem_since(known).map(|data| event("problem", data)));
                event("change", now.since(known))
            }
            None => event("status", now.whole.clone()),
        };
        self.sent = Some(now);
        Some(next)
    }
}

/// A part of the log of a shard.
pub(super) async fn log(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, shard)): Path<(String, u32)>,
    Query(pairs): Pairs,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["from", "limit"])?;
    let source = a_run(&app, &who, &run, &format!("log of shard {shard}"))?;
    let (from, limit) = (fields.number("from", u64::MAX)?, fields.number("limit", u64::MAX)?);
    let read = tokio::task::spawn_blocking(move || catalog::log(&source, shard, from, limit)).await;
    let part = read.map_err(|e| Ended::new(Ending::Died, e.to_string()))??;
    let mut response = of_kind("text/plain; charset=utf-8", part.text);
    send::head(&mut response, "x-next", &part.next.to_string());
    Ok(response)
}

/// Ids of users.
pub(super) async fn users(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    Query(pairs): Pairs,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["prefix", "after"])?;
    let what = "ids of users";
    let source = app.desk.whole(&who, &run, what)?;
    let text = |name| fields.one(name).map(|text| text.unwrap_or_default().to_owned());
    let ask = Ask::Users { prefix: text("prefix")?, after: text("after")? };
    Ok(send::json(&app.desk.document(&who, &source, ask, what).await?)?)
}

/// All about one.
pub(super) async fn user(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, id)): Path<(String, String)>,
    _: Bare,
) -> Result<Response, Problem> {
    let what = format!("user {id}");
    let source = app.desk.whole(&who, &run, &what)?;
    Ok(send::json(&app.desk.document(&who, &source, Ask::User { id, pictures: false }, &what).await?)?)
}

/// A source that must be a run.
fn a_run(app: &App, who: &Who, name: &str, what: &str) -> Result<Arc<Source>, Ended> {
    let source = app.desk.whole(who, name, what)?;
    if source.summary.kind == Kind::Run {
        return Ok(source);
    }
    let words = format!("{name} is merged: it has neither shards nor logs\n(hint: its runs have them)");
    Err(Ended::new(Ending::NotFound, words))
}
