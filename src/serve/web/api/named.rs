//! Queries that come by a name, as `results sql --query` has them: the program's, and those of the folder of definitions.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query as Parameters, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::app::{App, Who};
use super::super::asked::{self, Question};
use super::super::bare::Bare;
use super::super::fields::Fields;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::send;
use super::query::answer;
use crate::queries::{Queries, Query};
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Format, Text};

/// Where they lie.
const FOLDER: &str = "reports/";
/// Parameters beside the query's own.
const NAMED: [&str; 2] = ["format", "p.NAME"];

/// All, with their parameters.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    app.desk.whole(&who, &run, "queries")?;
    let queries = queries(&app)?;
    let all: Vec<Value> = queries.below(FOLDER).map(about).collect();
    Ok(send::json(&all)?)
}

/// The rows of one.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, name)): Path<(String, String)>,
    Parameters(pairs): Parameters<Vec<(String, String)>>,
    heads: HeaderMap,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &NAMED)?;
    let format = asked::format(&fields, &heads, Format::Json)?;
    // A source that the token does not see has no queries either.
    app.desk.whole(&who, &run, &format!("query {name}"))?;
    let queries = queries(&app)?;
    let text = filled(named(&queries, &name)?, &fields)?;
    answer(&app, &who, Question { run, text, format }).await
}

fn queries(app: &App) -> Result<Queries, Ended> {
    let folder = app.desk.pool.limits().definitions.as_ref().map(|folder| folder.join("queries"));
    let folder = folder.filter(|folder| folder.is_dir());
    Queries::load(folder.as_deref()).map_err(|error| Ended::new(Ending::Failed, error.to_string()))
}

fn called(query: &Query) -> &str {
    query.name.strip_prefix(FOLDER).unwrap_or(&query.name)
}

fn about(query: &Query) -> Value {
    let params = query.parameters();
    let params = params.map(|p| json!({"name": p.name, "default": p.default, "what": p.what}));
    let mut about =
        json!({"name": called(query), "what": query.description(), "params": params.collect::<Vec<_>>()});
    if let Err(error) = query.readable() {
        about["problem"] = error.to_string().into();
    }
    about
}

fn named<'a>(queries: &'a Queries, name: &str) -> Result<&'a Query, Ended> {
    queries.below(FOLDER).find(|query| called(query) == name).ok_or_else(|| {
        let known: Vec<&str> = queries.below(FOLDER).map(called).collect();
        Ended::unknown(Ending::NotFound, "query", name, &known)
    })
}

/// Its text with the values that are given, and its own for the others.
fn filled(query: &Query, fields: &Fields) -> Result<Text, Ended> {
    query.readable().map_err(|error| Ended::new(Ending::Failed, error.to_string()))?;
    let own: Vec<String> = query.parameters().map(|p| format!("p.{}", p.name)).collect();
    let mut params = fields.params();
    for name in params.keys().map(|name| format!("p.{name}")) {
        if !own.contains(&name) {
            let known: Vec<&str> = own.iter().map(String::as_str).collect();
            return Err(Ended::unknown(Ending::Invalid, "parameter", &name, &known));
        }
    }
    for param in query.parameters() {
        if let Some(default) = param.default {
            params.entry(param.name.to_owned()).or_insert_with(|| default.to_owned());
        }
    }
    Ok(Text { sql: query.sql.clone(), params, ..Text::default() })
}
