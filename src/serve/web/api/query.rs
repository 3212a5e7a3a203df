//! Queries, how they would be answered, and those at work.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::app::{App, Who};
use super::super::asked::{self, Question};
use super::super::drawing::{self, File};
use super::super::fields::Fields;
use super::super::problem::Problem;
use super::super::send;
use crate::serve::access::{Ended, Ending, May};
use crate::serve::answer::{Ask, Drawing};

/// Parameters of a query.
const QUERY: [&str; 4] = ["run", "sql", "format", "p.NAME"];

/// A query in an address.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Query(pairs): Query<Vec<(String, String)>>,
    heads: HeaderMap,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &QUERY)?;
    match drawing::of_query(&fields)? {
        Some(file) => draw(&app, &who, fields.one("run")?.unwrap_or_default(), file).await,
        None => answer(&app, &who, asked::question(&fields, &heads)?).await,
    }
}

/// A query in a body.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    request: Request,
) -> Result<Response, Problem> {
    let (request, body) = asked::body(request).await?;
    let question = asked::question_of(&body, request.headers())?;
    answer(&app, &who, question).await
}

async fn answer(app: &Arc<App>, who: &Who, question: Question) -> Result<Response, Problem> {
    let Question { run, text, format } = question;
    let source = app.whole(who, &run)?;
    let what = text.sql.clone();
    let ask = Ask::Query { text, format, most: None };
    let begun = app.begin(who, &source, ask, &what).await?;
    let number = begun.answer.id;
    let mut response = send::rows(begun, format, None);
    send::head(&mut response, "x-query", &number.to_string());
    Ok(response)
}

/// The picture of a query that says how it is drawn.
async fn draw(app: &Arc<App>, who: &Who, run: &str, file: File) -> Result<Response, Problem> {
    let source = app.whole(who, run)?;
    let what = match &file.picture.of {
        Drawing::Text(sql) | Drawing::Named(sql) => sql.clone(),
    };
    let (body, ..) = app.read(who, &source, None, Ask::Plot(file.picture), &what).await?;
    Ok(send::picture(file.kind, body))
}

/// Columns, parameters and plan.
pub(super) async fn plan(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Query(pairs): Query<Vec<(String, String)>>,
    heads: HeaderMap,
) -> Result<Response, Problem> {
    let Question { run, text, .. } = asked::question(&Fields::of(pairs, &QUERY)?, &heads)?;
    let source = app.whole(&who, &run)?;
    let what = format!("plan of {}", text.sql);
    Ok(send::json(&app.document(&who, &source, Ask::Plan(text), &what).await?)?)
}

/// Those at work: one's own, or all for an administrator.
pub(super) async fn running(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
) -> Result<Response, Problem> {
    let token = &who.login.token;
    let all = app.pool.running();
    let own = all.iter().filter(|running| running.token == token.name || token.may(May::Admin));
    let own: Vec<Value> = own
        .map(|running| {
            json!({
                "id": running.id, "token": running.token, "run": running.source, "sql": running.what,
                "seconds": running.since.elapsed().as_secs_f64(),
            })
        })
        .collect();
    Ok(send::json(&own)?)
}

/// Ends one.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(id): Path<u64>,
) -> Result<Response, Problem> {
    end(&app, &who, id)?;
    Ok(send::json(&json!({"cancelled": id}))?)
}

/// Ends one that somebody may end.
pub(in super::super) fn end(app: &App, who: &Who, id: u64) -> Result<(), Ended> {
    let none =
        || Ended::new(Ending::NotFound, format!("no query {id} is at work\n(hint: it may be done already)"));
    let running = app.pool.running().into_iter().find(|running| running.id == id).ok_or_else(none)?;
    // Of others it is not told whether they are there.
    if running.token != who.login.token.name && !who.login.token.may(May::Admin) {
        return Err(none());
    }
    app.pool.cancel(id);
    Ok(())
}
