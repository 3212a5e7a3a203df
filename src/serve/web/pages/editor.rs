//! The editor: its address holds source, query and parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::super::app::{App, Who};
use super::super::drawing;
use super::super::fields::Fields;
use super::super::link;
use super::super::problem::Problem;
use super::super::send::on_to;
use super::answered::{Answered, answered, explained};
use super::chosen::{CHOSEN, Chooser, chosen};
use super::frame::{Frame, shown};
use super::table::curl;
use crate::queries;
use crate::serve::access::{Ended, May};
use crate::serve::answer::Text;

#[derive(Template)]
#[template(path = "web/sql.html")]
struct Editor {
    frame: Frame,
    /// Sources that can be asked.
    sources: Vec<String>,
    run: String,
    sql: String,
    params: Vec<Param>,
    may_save: bool,
    /// Whether a page elsewhere led here: then a click is waited for.
    waits: bool,
    result: Option<Answered>,
    /// What can be drawn of the answer.
    chooser: Option<Chooser>,
    problem: Option<Ended>,
    plan: Option<String>,
    explain: String,
    as_curl: String,
    downloads: Vec<(&'static str, String)>,
    /// What saves the picture.
    pictures: Vec<(&'static str, String)>,
    tables: String,
}

/// A parameter of the query.
#[derive(Debug, PartialEq, Eq)]
struct Param {
    name: String,
    value: String,
    /// What the query itself says.
    default: String,
}

/// What is asked, which an address holds.
struct Asked {
    run: String,
    text: Text,
}

impl Asked {
    fn address(&self, path: &str, more: Option<(&str, &str)>) -> String {
        let Self { run, text: Text { sql, params, .. } } = self;
        let params = drawing::pairs(params);
        let params = params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        link::with(path, [("run", run.as_str()), ("sql", sql)].into_iter().chain(params).chain(more))
    }

    fn saves(&self, formats: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let to = |format| self.address("/api/v1/query", Some(("format", format)));
        formats.iter().map(|(words, format)| (*words, to(format))).collect()
    }
}

/// The editor, with the answer if there is a query.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let known = [["run", "sql", "explain", "p.NAME"].as_slice(), &CHOSEN].concat();
    let fields = Fields::of(pairs, &known)?;
    let whole = app.desk.sources(&who).into_iter().filter(|source| source.is_whole());
    let sources: Vec<String> = whole.map(|source| source.name.clone()).collect();
    let named = fields.text("run")?;
    let run = named.or(sources.first().map(String::as_str)).unwrap_or_default().to_owned();
    let sql = fields.one("sql")?.unwrap_or_default().to_owned();
    let params = params(&sql, &fields.params());
    // Those of a query before this one are of no use.
    let given = params.iter().filter(|param| !param.value.is_empty());
    let given = given.map(|param| (param.name.clone(), param.value.clone())).collect();
    let drawn = chosen(&fields, &sql)?;
    let asked =
        Asked { run, text: Text { sql: drawn.clone().unwrap_or(sql), params: given, ..Text::default() } };
    if drawn.is_some() {
        return Ok(on_to(&asked.address("/sql", None)));
    }
    let pictures = [("SVG", "svg"), ("PNG", "png")];
    let mut page = Editor {
        frame: Frame::of(&app, Some(&who)),
        params,
        may_save: who.login.token.may(May::WriteQueries),
        waits: who.from_elsewhere && !asked.text.sql.trim().is_empty(),
        result: None,
        chooser: None,
        problem: None,
        plan: None,
        explain: asked.address("/sql", Some(("explain", "1"))),
        as_curl: curl(&app, &who, &asked.address("/api/v1/query", Some(("format", "csv")))),
        downloads: asked.saves(&[
            ("CSV", "csv"),
            ("Parquet", "parquet"),
            ("Arrow", "arrow"),
            ("JSON", "json"),
        ]),
        pictures: asked.saves(if cfg!(feature = "png") { &pictures } else { &pictures[..1] }),
        tables: format!("/api/v1/runs/{}/tables", link::part(&asked.run)),
        sources,
        run: asked.run.clone(),
        sql: asked.text.sql.clone(),
    };
    if !page.sql.trim().is_empty() && !page.waits {
        page.answer(&app, &who, asked, fields.one("explain")?.is_some()).await;
    }
    Ok(shown(&page)?)
}

impl Editor {
    /// Asks, and has the answer or why there is none.
    async fn answer(&mut self, app: &Arc<App>, who: &Who, asked: Asked, explain: bool) {
        let Asked { run, text } = asked;
        if explain {
            match explained(app, who, &run, text).await {
                Ok(plan) => self.plan = Some(plan),
                Err(ended) => self.problem = Some(ended),
            }
            return;
        }
        match answered(app, who, &run, text).await {
            Ok(result) => {
                self.chooser = Some(Chooser::of(&result.heads, &self.sql));
                self.result = Some(result);
            }
            // Without values there is no question yet, but a form to fill in.
            Err(ended) => self.problem = Some(ended),
        }
    }
}

/// What is said of a query, without the place, which is said by itself.
fn without_place(ended: &Ended) -> &str {
    match (ended.place, ended.detail.rsplit_once(" at Line: ")) {
        (Some(_), Some((words, at))) if !at.contains('\n') => words,
        _ => &ended.detail,
    }
}

/// The parameters of a query, names behind a `$`, with the values that are given; comments and quotes have none.
fn params(sql: &str, given: &BTreeMap<String, String>) -> Vec<Param> {
    let mut all = BTreeSet::new();
    let mut quote = None;
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        if quote.is_none() && rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, below)| below);
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '$') => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                    all.insert(rest[..end].to_owned());
                }
                rest = &rest[end..];
            }
            _ => {}
        }
    }
    let query = queries::Query::of("", sql);
    let default = |name: &str| query.parameters().find(|own| own.name == name).and_then(|own| own.default);
    let param = |name: String| Param {
        value: given.get(&name).cloned().unwrap_or_default(),
        default: default(&name).unwrap_or_default().to_owned(),
        name,
    };
    all.into_iter().map(param).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_outside_of_quotes() {
        let given = ["alpha", "other"].map(|name| (name.to_owned(), "0.1".to_owned()));
        let given = BTreeMap::from(given);
        let found = params(
            "-- It's $none\n-- param user=P1: who\nselect '$no', \"$nor\", $user -- and $more\nfrom t \
             where q < $alpha and x = $1 and y = $$",
            &given,
        );
        let param = |name: &str, value: &str, default: &str| Param {
            name: name.to_owned(),
            value: value.to_owned(),
            default: default.to_owned(),
        };
        assert_eq!(found, [param("alpha", "0.1", ""), param("user", "", "P1")]);
    }
}
