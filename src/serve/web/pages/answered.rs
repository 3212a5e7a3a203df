//! What the editor shows of a query: its rows, its picture, its plan.

use std::sync::Arc;

use serde_json::Value;

use super::super::app::{App, Who};
use super::cells::{Cell, Head, cells, heads, number, rows};
use super::plots::{Shown, of_drawn};
use crate::plot::Plot;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Ask, Drawing, Drawn, Form, Format, Picture, Text};
use crate::serve::desk::At;

/// Rows that are shown; downloads have all.
const ROWS: u64 = 10_000;

/// Rows of a query, and their picture if the query says how they are drawn.
pub(super) struct Answered {
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) count: String,
    pub(super) ms: u64,
    pub(super) is_cut: bool,
    pub(super) notes: Vec<String>,
    pub(super) picture: Option<Shown>,
    /// Why there is no picture, if there should be one.
    pub(super) not_drawn: Option<Ended>,
}

/// Asks a query.
pub(super) async fn answered(app: &Arc<App>, who: &Who, run: &str, text: Text) -> Result<Answered, Ended> {
    if !Plot::is_one(&text.sql) {
        return plain(app, who, run, text).await;
    }
    match drawn(app, who, run, &text).await {
        // What cannot be drawn may have rows all the same, and its own error otherwise.
        Err(ended) if ended.ending == Ending::Failed => {
            Ok(Answered { not_drawn: Some(ended), ..plain(app, who, run, text).await? })
        }
        answered => answered,
    }
}

async fn plain(app: &Arc<App>, who: &Who, run: &str, text: Text) -> Result<Answered, Ended> {
    let what = text.sql.clone();
    let source = app.desk.whole(who, run, &what)?;
    let ask = Ask::Query { text, format: Format::Ndjson, most: Some(ROWS) };
    let (body, done, begun) = app.desk.read(who, &source, At::Now, ask, &what).await?;
    Ok(Answered {
        heads: heads(&begun.columns),
        rows: rows(&body, &begun.columns, run),
        count: number(done.rows),
        ms: done.ms,
        is_cut: done.more,
        notes: done.notes,
        picture: None,
        not_drawn: None,
    })
}

async fn drawn(app: &Arc<App>, who: &Who, run: &str, text: &Text) -> Result<Answered, Ended> {
    let source = app.desk.whole(who, run, &text.sql)?;
    let of = Drawing::Text(text.sql.clone());
    let ask = Ask::Plot(Picture { of, params: text.params.clone(), form: Form::Page });
    let (body, done, _) = app.desk.read(who, &source, At::Now, ask, &text.sql).await?;
    let drawn: Drawn = serde_json::from_slice(&body)
        .map_err(|e| Ended::new(Ending::Died, format!("the answer is torn: {e}")))?;
    Ok(Answered {
        heads: heads(&drawn.columns),
        rows: drawn.rows.iter().map(|row| cells(row, &drawn.columns, run)).collect(),
        count: number(done.rows),
        ms: done.ms,
        is_cut: false,
        notes: done.notes,
        picture: Some(of_drawn(Drawn { notes: Vec::new(), ..drawn }, run, &text.params)),
        not_drawn: None,
    })
}

/// How a query would be answered, as text.
pub(super) async fn explained(app: &Arc<App>, who: &Who, run: &str, text: Text) -> Result<String, Ended> {
    let what = format!("plan of {}", text.sql);
    let source = app.desk.whole(who, run, &what)?;
    let plan = app.desk.document(who, &source, Ask::Plan(text), &what).await?;
    let part = |name: &str| plan[name].as_str().map(str::to_owned);
    let execution = part("execution").unwrap_or_else(|| "(needs values of its parameters)".into());
    let columns: Vec<&str> = plan["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|column: &Value| column["name"].as_str())
        .collect();
    Ok(format!("columns: {}\n\n{}\n\n{execution}", columns.join(", "), part("plan").unwrap_or_default()))
}
