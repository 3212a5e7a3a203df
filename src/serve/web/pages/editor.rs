//! The editor: its address holds source, query and parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use serde_json::Value;

use super::super::app::{App, Who};
use super::super::fields::Fields;
use super::super::link;
use super::super::problem::Problem;
use super::super::send;
use super::cells::{Cell, Head, heads, number, rows};
use super::frame::{Frame, shown};
use super::table::curl;
use crate::serve::access::{Ended, May};
use crate::serve::answer::{Ask, Format, Text};

/// Rows that are shown; downloads have all.
const ROWS: u64 = 10_000;

#[derive(Template)]
#[template(path = "web/sql.html")]
struct Editor {
    frame: Frame,
    /// Sources that can be asked.
    sources: Vec<String>,
    run: String,
    sql: String,
    params: Vec<(String, String)>,
    may_save: bool,
    /// Whether a page elsewhere led here: then a click is waited for.
    waits: bool,
    result: Option<Shown>,
    problem: Option<Ended>,
    plan: Option<String>,
    explain: String,
    as_curl: String,
    downloads: Vec<(&'static str, String)>,
    tables: String,
}

/// Rows of a query.
struct Shown {
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    count: String,
    ms: u64,
    is_cut: bool,
    notes: Vec<String>,
}

/// The editor, with the answer if there is a query.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["run", "sql", "explain", "p.NAME"])?;
    let sources: Vec<String> = app
        .sources(&who)
        .iter()
        .filter(|source| source.is_whole())
        .map(|source| source.name.clone())
        .collect();
    let named = fields.text("run")?;
    let run = named.or(sources.first().map(String::as_str)).unwrap_or_default().to_owned();
    let sql = fields.one("sql")?.unwrap_or_default().to_owned();
    let params = params(&sql, &fields.params());
    // Those of a query before this one are of no use.
    let given: BTreeMap<String, String> =
        params.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
    let mut page = Editor {
        frame: Frame::of(&app, Some(&who)),
        params,
        may_save: who.login.token.may(May::WriteQueries),
        waits: who.from_elsewhere && !sql.trim().is_empty(),
        result: None,
        problem: None,
        plan: None,
        explain: address("/sql", &run, &sql, &given, Some(("explain", "1"))),
        as_curl: curl(&app, &address("/api/v1/query", &run, &sql, &given, Some(("format", "csv")))),
        downloads: [("CSV", "csv"), ("Parquet", "parquet"), ("Arrow", "arrow"), ("JSON", "json")]
            .map(|(words, name)| {
                (words, address("/api/v1/query", &run, &sql, &given, Some(("format", name))))
            })
            .into(),
        tables: format!("/api/v1/runs/{}/tables", link::part(&run)),
        sources,
        run,
        sql,
    };
    if !page.sql.trim().is_empty() && !page.waits {
        // Without values there is no question yet, but a form to fill in.
        let text = Text { sql: page.sql.clone(), params: given };
        if fields.one("explain")?.is_some() {
            match explained(&app, &who, &page.run, text).await {
                Ok(plan) => page.plan = Some(plan),
                Err(ended) => page.problem = Some(ended),
            }
        } else {
            match answered(&app, &who, &page.run, text).await {
                Ok(result) => page.result = Some(result),
                Err(ended) => page.problem = Some(ended),
            }
        }
    }
    Ok(shown(&page)?)
}

async fn answered(app: &Arc<App>, who: &Who, run: &str, text: Text) -> Result<Shown, Ended> {
    let source = app.whole(who, run)?;
    let what = text.sql.clone();
    let ask = Ask::Query { text, format: Format::Ndjson, most: Some(ROWS) };
    let begun = app.begin(who, &source, ask, &what).await?;
    let (body, done, begun) = send::whole(begun).await?;
    Ok(Shown {
        heads: heads(&begun.columns),
        rows: rows(&body, &begun.columns, run),
        count: number(done.rows),
        ms: done.ms,
        is_cut: done.more,
        notes: done.notes,
    })
}

async fn explained(app: &Arc<App>, who: &Who, run: &str, text: Text) -> Result<String, Ended> {
    let source = app.whole(who, run)?;
    let what = format!("plan of {}", text.sql);
    let plan = app.document(who, &source, Ask::Plan(text), &what).await?;
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

fn address(
    path: &str,
    run: &str,
    sql: &str,
    params: &BTreeMap<String, String>,
    more: Option<(&str, &str)>,
) -> String {
    let named: Vec<(String, &str)> =
        params.iter().map(|(name, value)| (format!("p.{name}"), value.as_str())).collect();
    let params = named.iter().map(|(name, value)| (name.as_str(), *value));
    link::with(path, [("run", run), ("sql", sql)].into_iter().chain(params).chain(more))
}

/// The parameters of a query, names behind a `$`, with the values that are given.
fn params(sql: &str, given: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut all = BTreeMap::new();
    let mut quote = None;
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '$') => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                    let name = &rest[..end];
                    all.insert(name.to_owned(), given.get(name).cloned().unwrap_or_default());
                }
                rest = &rest[end..];
            }
            _ => {}
        }
    }
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_outside_of_quotes() {
        let given = ["alpha", "other"].map(|name| (name.to_owned(), "0.1".to_owned()));
        let given = BTreeMap::from(given);
        let found =
            params("select '$no', \"$nor\", $user from t where q < $alpha and x = $1 and y = $$", &given);
        assert_eq!(found, [("alpha".to_owned(), "0.1".to_owned()), ("user".to_owned(), String::new())]);
    }
}
