//! A source: where it stands, its tables, the logs of its shards.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use serde_json::Value;

use super::super::app::{App, Who};
use super::super::bare::Bare;
use super::super::fields::Fields;
use super::super::link;
use super::super::path::Path;
use super::super::problem::Problem;
use super::cells::{left, number, percent};
use super::frame::{Frame, shown};
use crate::progress::bytes;
use crate::run::ShardPulse;
use crate::serve::access::{Ended, Ending};
use crate::serve::catalog::{self, Kind, LogPart, Source};

#[derive(Template)]
#[template(path = "web/run.html")]
struct Run<'a> {
    frame: Frame,
    source: &'a Source,
    /// What is wrong with it: the first line, and the others, in which places are pointed at.
    problem: Option<(String, String)>,
    link: String,
    api: String,
    sql_link: String,
    has_shards: bool,
    is_live: bool,
    done: String,
    units: String,
    percent: u64,
    left: String,
    rate: String,
    shards: Vec<Shard>,
    tables: Vec<Table>,
    /// Whether it is known how many rows they have.
    has_rows: bool,
    /// Why there are no tables, if there are none.
    no_tables: Option<Ended>,
}

struct Shard {
    number: u32,
    state: String,
    done: String,
    units: String,
    percent: u64,
    user: String,
    stage: String,
    rate: String,
    left: String,
    memory: String,
    failed: u64,
    restarts: u64,
    error: String,
}

struct Table {
    name: String,
    link: String,
    rows: String,
    description: String,
}

/// A source.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    let source = app.desk.source(&who, &run, "tables")?;
    let link = format!("/run/{}", link::part(&run));
    let (tables, no_tables) = match app.desk.whole(&who, &run, "tables") {
        Ok(source) => match app.desk.tables(&who, &source).await {
            Ok(tables) => (listed(&tables, &link), None),
            Err(ended) => (Vec::new(), Some(ended)),
        },
        Err(ended) => (Vec::new(), Some(ended)),
    };
    let summary = &source.summary;
    let restarts = &source.happened.restarts;
    let shards = source.pulse.iter().flat_map(|pulse| &pulse.shards);
    let shards = shards.map(|pulse| shard(pulse, restarts.get(&pulse.shard).copied().unwrap_or(0))).collect();
    Ok(shown(&Run {
        frame: Frame::of(&app, Some(&who)),
        has_shards: summary.kind == Kind::Run,
        is_live: summary.kind == Kind::Run && summary.state != "complete",
        done: number(summary.done),
        units: number(summary.units),
        percent: percent(summary.done, summary.units),
        left: left(summary.eta_seconds),
        rate: summary.per_minute.map_or_else(String::new, |rate| format!("{rate:.1}")),
        problem: summary.problem.as_deref().map(|all| {
            let (first, more) = all.split_once('\n').unwrap_or((all, ""));
            (first.to_owned(), more.to_owned())
        }),
        source: &source,
        link,
        api: format!("/api/v1/runs/{}", link::part(&run)),
        sql_link: link::with("/sql", [("run", run.as_str())]),
        shards,
        has_rows: tables.iter().any(|table| !table.rows.is_empty()),
        tables,
        no_tables,
    })?)
}

fn listed(tables: &Value, link: &str) -> Vec<Table> {
    let all = tables.as_array().into_iter().flatten();
    all.filter_map(|table| {
        let name = table["name"].as_str()?.to_owned();
        Some(Table {
            link: format!("{link}/table/{}", link::part(&name)),
            rows: table["rows"].as_u64().map_or_else(String::new, number),
            description: table["description"].as_str().unwrap_or_default().to_owned(),
            name,
        })
    })
    .collect()
}

fn shard(pulse: &ShardPulse, restarts: u64) -> Shard {
    let counts = pulse.counts;
    Shard {
        number: pulse.shard,
        state: pulse.state.clone(),
        done: number(counts.done()),
        units: number(counts.total),
        percent: percent(counts.done(), counts.total),
        user: pulse.current_user.clone().unwrap_or_default(),
        stage: pulse.stage.clone().unwrap_or_default(),
        rate: pulse.per_minute.map_or_else(String::new, |rate| format!("{rate:.1}")),
        left: left(pulse.eta_seconds),
        memory: pulse.memory_bytes.map_or_else(String::new, bytes),
        failed: counts.failed,
        restarts,
        error: pulse.last_error.clone().unwrap_or_default(),
    }
}

#[derive(Template)]
#[template(path = "web/log.html")]
struct Log<'a> {
    frame: Frame,
    source: &'a Source,
    link: String,
    api: String,
    shard: u32,
    part: LogPart,
    /// Lines that are shown: all, or those that were looked for.
    text: String,
    search: String,
    before: Option<u64>,
}

/// A part of the log of a shard, the last one unless another is asked for.
pub(super) async fn log(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, shard)): Path<(String, u32)>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["from", "search"])?;
    let source = app.desk.source(&who, &run, &format!("log of shard {shard}"))?;
    let from = fields.number("from", u64::MAX)?;
    let search = fields.one("search")?.unwrap_or_default().to_owned();
    let reading = Arc::clone(&source);
    let read = tokio::task::spawn_blocking(move || catalog::log(&reading, shard, from, None)).await;
    let part = read.map_err(|e| Ended::new(Ending::Died, e.to_string()))??;
    let text = if search.is_empty() {
        part.text.clone()
    } else {
        let wanted = search.to_lowercase();
        let lines = part.text.lines().filter(|line| line.to_lowercase().contains(&wanted));
        lines.flat_map(|line| [line, "\n"]).collect()
    };
    let before = (part.from > 0).then(|| part.from.saturating_sub(64 << 10));
    let api = format!("/api/v1/runs/{}", link::part(&run));
    let link = format!("/run/{}", link::part(&run));
    Ok(shown(&Log {
        frame: Frame::of(&app, Some(&who)),
        source: &source,
        link,
        api,
        shard,
        part,
        text,
        search,
        before,
    })?)
}
