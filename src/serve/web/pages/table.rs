//! Rows of a table: sorted, filtered, a page after the other by the key.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::super::app::{App, Who};
use super::super::asked;
use super::super::fields::Fields;
use super::super::link;
use super::super::path::Path;
use super::super::problem::Problem;
use super::super::send::on_to;
use super::cells::{Cell, Head, heads, number, rows};
use super::frame::{Frame, shown};
use crate::serve::access::Ended;
use crate::serve::answer::{Ask, Filter, Format, Op, Rows};
use crate::serve::catalog::{Kind, Source};
use crate::serve::desk::At;

/// Rows of a page.
const ROWS: u64 = 100;

/// Parameters of the page; `c`, `o` and `v` are what the form for a filter sends.
const KNOWN: [&str; 8] = ["where", "sort", "after", "snapshot", "count", "c", "o", "v"];

#[derive(Template)]
#[template(path = "web/table.html")]
struct Table<'a> {
    frame: Frame,
    source: &'a Source,
    name: &'a str,
    run_link: String,
    api: String,
    link: String,
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    filters: Vec<Shown>,
    sort: String,
    ops: Vec<(&'static str, &'static str)>,
    /// Rows in all, where the source says it or somebody asked for it.
    total: Option<String>,
    count: String,
    next: Option<String>,
    is_first: bool,
    downloads: Vec<(&'static str, String)>,
    as_sql: String,
    as_curl: String,
    notes: Vec<String>,
    is_live: bool,
    /// When the state was taken that the rows are of, and what was known of it then.
    as_of: String,
    done: u64,
    mark: String,
}

/// A filter as it is shown, with what takes it away.
struct Shown {
    column: String,
    op: &'static str,
    value: String,
    without: String,
    written: String,
}

/// A page of a table.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, table)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let link = format!("/run/{}/table/{}", link::part(&run), link::part(&table));
    let fields = Fields::of(pairs, &KNOWN)?;
    let mut asked = asked::rows(&table, &fields)?;
    if let Some(filter) = new_filter(&fields)? {
        asked.filters.push(filter);
        return Ok(on_to(&address(&link, &asked, None)));
    }
    let what = format!("table {table}");
    let source = app.desk.whole(&who, &run, &what)?;
    let counted = match fields.one("count")? {
        Some(_) => Some(
            app.desk.document(&who, &source, Ask::Count(asked.clone()), &format!("count of {table}")).await?,
        ),
        None => None,
    };
    asked.limit = Some(ROWS);
    let ask = Ask::Rows { rows: asked.clone(), format: Format::Ndjson };
    let at = fields.text("snapshot")?;
    let (body, done, begun) = app.desk.read(&who, &source, At::told(at), ask, &what).await?;
    let source = begun.source;
    let after = done.next.and_then(|next| serde_json::to_string(&next).ok());
    let whole = Rows { after: None, limit: None, ..asked.clone() };
    let known = source.summary.rows.get(&table).copied().filter(|_| asked.filters.is_empty());
    let counted = counted.and_then(|rows| rows[0]["rows"].as_u64()).or(known);
    let page = Table {
        frame: Frame::of(&app, Some(&who)),
        run_link: format!("/run/{}", link::part(&run)),
        api: format!("/api/v1/runs/{}", link::part(&run)),
        heads: sortable(heads(&begun.columns), &link, &whole),
        rows: rows(&body, &begun.columns, &run),
        filters: filters(&link, &whole),
        sort: sort(&whole),
        ops: Op::ALL.iter().map(|(name, words, _)| (*name, *words)).collect(),
        total: counted.map(number),
        count: address(&link, &whole, Some(("count", "1"))),
        // The next page is of the same state.
        next: after.map(|after| {
            let snapshot = ("snapshot", app.desk.catalog.keep(&begun.snapshot));
            address(&link, &whole, [("after", after.as_str()), snapshot])
        }),
        is_first: asked.after.is_none(),
        downloads: downloads(&run, &table, &whole),
        as_sql: link::with("/sql", [("run", run.as_str()), ("sql", done.sql.as_deref().unwrap_or_default())]),
        as_curl: curl(&app, &who, &rest(&run, &table, &whole, [("format", "csv")])),
        notes: done.notes,
        is_live: source.summary.kind == Kind::Run && source.summary.state != "complete",
        as_of: begun.snapshot.taken().format("%H:%M:%S").to_string(),
        done: begun.snapshot.done(),
        mark: begun.snapshot.mark().to_owned(),
        source: &source,
        name: &table,
        link,
    };
    Ok(shown(&page)?)
}

/// What the form for a filter sends.
fn new_filter(fields: &Fields) -> Result<Option<Filter>, Ended> {
    let (Some(column), Some(op)) = (fields.text("c")?, fields.text("o")?) else { return Ok(None) };
    let value = fields.one("v")?.unwrap_or_default().to_owned();
    let known: Vec<&str> = Op::ALL.iter().map(|(name, ..)| *name).collect();
    let op = Op::of(op)
        .ok_or_else(|| Ended::unknown(crate::serve::access::Ending::Invalid, "comparison", op, &known))?;
    Ok(Some(Filter { column: column.to_owned(), op, value }))
}

fn sort(rows: &Rows) -> String {
    let names = rows.sort.iter().map(|sort| format!("{}{}", if sort.falls { "-" } else { "" }, sort.column));
    names.collect::<Vec<_>>().join(",")
}

/// An address of the same rows.
fn address<'a>(path: &str, rows: &Rows, more: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let filters: Vec<String> = rows.filters.iter().map(asked::written).collect();
    let sort = sort(rows);
    let mut pairs: Vec<(&str, &str)> = filters.iter().map(|filter| ("where", filter.as_str())).collect();
    pairs.extend((!sort.is_empty()).then_some(("sort", sort.as_str())));
    for (name, value) in more {
        pairs.push((name, value));
    }
    link::with(path, pairs)
}

fn rest(run: &str, table: &str, rows: &Rows, more: [(&str, &str); 1]) -> String {
    address(&format!("/api/v1/runs/{}/tables/{}/rows", link::part(run), link::part(table)), rows, more)
}

fn downloads(run: &str, table: &str, rows: &Rows) -> Vec<(&'static str, String)> {
    let formats = [("CSV", "csv"), ("Parquet", "parquet"), ("Arrow", "arrow")];
    formats.into_iter().map(|(words, name)| (words, rest(run, table, rows, [("format", name)]))).collect()
}

/// The same for a program, as it is typed in any folder: with the file that keeps the token of whoever asks, or else with a
/// variable of the shell that is to hold it.
pub(super) fn curl(app: &App, who: &Who, address: &str) -> String {
    let file = app.desk.access.file_of(&who.login.token);
    let token = file.map_or_else(
        || "$RESULTS_TOKEN".to_owned(),
        |file| format!("$(cat {})", link::quoted(&file.display().to_string())),
    );
    let address = link::quoted(&format!("{}{address}", app.url()));
    format!("curl --fail -H \"Authorization: Bearer {token}\" {address}")
}

fn sortable(heads: Vec<Head>, link: &str, rows: &Rows) -> Vec<Head> {
    let first = rows.sort.first();
    let with = |head: Head| {
        let own = first.filter(|sort| sort.column == head.name);
        let sorted = match own {
            Some(sort) if sort.falls => "descending",
            Some(_) => "ascending",
            None => "none",
        };
        let falls = own.is_some_and(|sort| !sort.falls);
        let by = vec![crate::serve::answer::Sort { column: head.name.clone(), falls }];
        let sorts = Some(address(link, &Rows { sort: by, ..rows.clone() }, None));
        Head { sorts, sorted, ..head }
    };
    heads.into_iter().map(with).collect()
}

fn filters(link: &str, rows: &Rows) -> Vec<Shown> {
    let shown = |(place, filter): (usize, &Filter)| {
        let mut others = rows.clone();
        others.filters.remove(place);
        let words = Op::ALL.iter().find(|(.., op)| *op == filter.op).map_or("", |(_, words, _)| words);
        Shown {
            column: filter.column.clone(),
            op: words,
            value: filter.value.clone(),
            without: address(link, &others, None),
            written: asked::written(filter),
        }
    };
    rows.filters.iter().enumerate().map(shown).collect()
}
