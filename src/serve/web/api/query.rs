//! Queries, how they would be answered, and those at work.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::app::{App, Who};
use super::super::asked::{self, Question};
use super::super::bare::Bare;
use super::super::drawing::{self, File};
use super::super::fields::Fields;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::send;
use crate::serve::answer::{Ask, Drawing};
use crate::serve::desk::At;

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
        None => answer(&app, &who, asked::question(&fields, &heads)?.fits(&app, &who)?).await,
    }
}

/// A query in a body.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    _: Bare,
    request: Request,
) -> Result<Response, Problem> {
    let read = asked::body(request).await;
    // Of a body that is not read it is not known what it asks.
    let (request, body) = read.inspect_err(|ended| app.desk.refused(&who, "", "", ended.ending))?;
    let question = asked::question_of(&body, request.headers())?.fits(&app, &who)?;
    answer(&app, &who, question).await
}

/// The rows of a question.
pub(super) async fn answer(app: &Arc<App>, who: &Who, question: Question) -> Result<Response, Problem> {
    let Question { run, text, format } = question;
    let what = text.sql.clone();
    let source = app.desk.whole(who, &run, &what)?;
    let ask = Ask::Query { text, format, most: None };
    let begun = app.desk.begin(who, &source, At::Now, ask, &what).await?;
    let number = begun.answer.id;
    let mut response = send::rows(begun, format, None);
    send::head(&mut response, "x-query", &number.to_string());
    Ok(response)
}

/// The picture of a query that says how it is drawn.
async fn draw(app: &Arc<App>, who: &Who, run: &str, file: File) -> Result<Response, Problem> {
    let what = match &file.picture.of {
        Drawing::Text(sql) | Drawing::Named(sql) => sql.clone(),
    };
    let source = app.desk.whole(who, run, &what)?;
    let (body, ..) = app.desk.read(who, &source, At::Now, Ask::Plot(file.picture), &what).await?;
    Ok(send::picture(file.kind, body))
}

/// Columns, parameters and plan.
pub(super) async fn plan(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Query(pairs): Query<Vec<(String, String)>>,
    heads: HeaderMap,
) -> Result<Response, Problem> {
    let Question { run, text, .. } =
        asked::question(&Fields::of(pairs, &QUERY)?, &heads)?.fits(&app, &who)?;
    let what = format!("plan of {}", text.sql);
    let source = app.desk.whole(&who, &run, &what)?;
    Ok(send::json(&app.desk.document(&who, &source, Ask::Plan(text), &what).await?)?)
}

/// Those at work: one's own, or all for an administrator.
pub(super) async fn running(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    _: Bare,
) -> Result<Response, Problem> {
    let own = app.desk.running(&who).into_iter();
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
    _: Bare,
) -> Result<Response, Problem> {
    app.desk.cancel(&who, id)?;
    Ok(send::json(&json!({"cancelled": id}))?)
}
