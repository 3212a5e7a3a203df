//! Users, and all about one of them.

use serde::Serialize;
use serde_json::Value;

use super::super::drawn::{DAMAGED, Drawn, PlotOf};
use super::super::frame::{ColumnOf, Done};
use super::answering::Answering;
use super::objects::objects;
use super::out::{Out, column};
use super::plots;
use super::query::notes;
use super::told::{of_params, of_session};
use crate::schema::TableSchema;
use crate::serve::access::{Ended, Ending};
use crate::serve::catalog;
use crate::sources::{Loaded, Source};
use crate::sql::{Params, Session};

/// What is asked about a user: the title, the query file, and the table whose words explain its columns.
const PARTS: [(&str, &str, &str); 5] = [
    ("Tests", "serve/user_tests", "tests"),
    ("History length", "serve/user_k", "k_selection"),
    ("Hours", "serve/user_hours", "hour_bins"),
    ("Issues", "serve/user_issues", "issues"),
    ("Attempts", "serve/user_attempts", "raw.users"),
];

/// Bytes of an id that others are compared with, at most.
const LONGEST_LIKE: usize = 100;

/// A part of a user's page.
#[derive(Serialize)]
struct Part {
    title: &'static str,
    columns: Vec<ColumnOf>,
    rows: Vec<Value>,
    /// Why there are none, if there are none.
    note: Option<String>,
}

/// All about a user.
#[derive(Serialize)]
struct User {
    id: String,
    previous: Option<String>,
    next: Option<String>,
    parts: Vec<Part>,
    /// Plots of this user, and those that cannot be drawn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plots: Vec<Drawn>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_drawn: Vec<PlotOf>,
}

/// Ids of users in order, behind one and with a beginning.
pub(super) async fn users(
    answering: Answering<'_>,
    loaded: &Loaded,
    prefix: &str,
    after: &str,
    out: &mut Out,
) -> Result<Done, Ended> {
    let session = answering.session(loaded)?;
    let name = format!("serve/users_of_{}", if is_run(answering) { "run" } else { "output" });
    let rows = asked(answering, &session, loaded, &name, &[("prefix", prefix), ("after", after)]).await?;
    let ids: Vec<&Value> = rows.rows.iter().map(|row| &row["user_id"]).collect();
    out.document(&ids)
}

/// All about one.
pub(super) async fn user(
    answering: Answering<'_>,
    loaded: &Loaded,
    (id, pictures): (&str, bool),
    out: &mut Out,
) -> Result<Done, Ended> {
    let session = answering.session(loaded)?;
    let user = match about(answering, &session, loaded, (id, pictures)).await {
        // Of a few files damage is found when they are read, and the page is that of the others.
        Err(ended) if ended.ending == Ending::SourceDamaged => {
            drop(session);
            let (session, damaged) = answering.whole(loaded)?;
            let mut user = about(answering, &session, loaded, (id, pictures)).await?;
            if let Some(note) = notes(&damaged).pop() {
                let part = Part { title: DAMAGED, columns: Vec::new(), rows: Vec::new(), note: Some(note) };
                user.parts.insert(0, part);
            }
            user
        }
        user => user?,
    };
    out.document(&user)
}

async fn about(
    answering: Answering<'_>,
    session: &Session,
    loaded: &Loaded,
    (id, pictures): (&str, bool),
) -> Result<User, Ended> {
    let place = known(answering, session, loaded, id).await?;
    let mut parts = Vec::new();
    for (title, query, table) in PARTS {
        let has = session.has_table(table).map_err(|error| of_session(&error))?;
        if !has {
            let note = Some(format!("no table {table} is here"));
            parts.push(Part { title, columns: Vec::new(), rows: Vec::new(), note });
            continue;
        }
        let rows = asked(answering, session, loaded, query, &[("user", id)]).await?;
        let note = rows.rows.is_empty().then(|| "there are none".to_owned());
        parts.push(Part { title, columns: rows.columns, rows: rows.rows, note });
    }
    let text = |name: &str| place[name].as_str().map(str::to_owned);
    let (drawn, not_drawn) =
        if pictures { plots::of_user(session, loaded, id).await? } else { (Vec::new(), Vec::new()) };
    let (previous, next) = (text("previous"), text("next"));
    Ok(User { id: id.to_owned(), previous, next, parts, plots: drawn, not_drawn })
}

/// Where a user stands among the others; whose id is most like one that is not there.
pub(super) async fn known(
    answering: Answering<'_>,
    session: &Session,
    loaded: &Loaded,
    id: &str,
) -> Result<Value, Ended> {
    let of = if is_run(answering) { "run" } else { "output" };
    let name = format!("serve/user_of_{of}");
    let place = asked(answering, session, loaded, &name, &[("user", id)]).await?;
    let place = place.rows.first().cloned().unwrap_or_default();
    if place["found"].as_i64().unwrap_or_default() > 0 {
        return Ok(place);
    }
    let mut near = Vec::new();
    if id.len() <= LONGEST_LIKE {
        let name = format!("serve/near_user_of_{of}");
        near = asked(answering, session, loaded, &name, &[("user", id)]).await?.rows;
    }
    let near: Vec<&str> = near.iter().filter_map(|row| row["user_id"].as_str()).collect();
    let mut ended = Ended::unknown(Ending::NotFound, "user", id, &near);
    if ended.hint.as_ref().is_none_or(|hint| !hint.starts_with("is it")) {
        ended.hint = Some("the page of all users has those that there are".to_owned());
    }
    Err(ended)
}

fn is_run(answering: Answering<'_>) -> bool {
    matches!(Source::open(&catalog::place(&answering.job.dir)), Ok(Source::Run(_)))
}

/// Columns and rows of a query.
struct Rows {
    columns: Vec<ColumnOf>,
    rows: Vec<Value>,
}

async fn asked(
    answering: Answering<'_>,
    session: &Session,
    loaded: &Loaded,
    query: &str,
    values: &[(&str, &str)],
) -> Result<Rows, Ended> {
    let failed = |words: String| Ended::new(Ending::Failed, words);
    let file = loaded.queries.get(query).map_err(|e| failed(e.to_string()))?;
    let about = file.header("table").and_then(|table| loaded.schemas.get(table).ok());
    let sql = file.fill(&[]).map_err(|e| failed(e.to_string()))?;
    let mut params = Params::default();
    for (name, value) in values {
        // Whatever it looks like, it is a text.
        params.set(name, &format!("'{value}'")).map_err(of_params)?;
    }
    let mut clock = answering.bounds().start();
    let (planning, session) = (sql.clone(), session.clone());
    let frame = clock.part(async move { session.query(&planning).await }).await;
    let frame = params.bind(frame.map_err(|error| of_session(&error))?).map_err(of_params)?;
    let columns = columns(&frame, about);
    let batches = clock.part(async move { frame.collect().await }).await.map_err(|e| of_session(&e))?;
    let mut rows = Vec::new();
    for batch in batches {
        rows.extend(objects(batch)?);
    }
    Ok(Rows { columns, rows })
}

fn columns(frame: &datafusion::dataframe::DataFrame, about: Option<&TableSchema>) -> Vec<ColumnOf> {
    let fields = frame.schema().fields().iter();
    let known = |name: &str| about.and_then(|schema| schema.column(name));
    fields.map(|f| column(f.name(), f.data_type(), f.is_nullable(), known(f.name()))).collect()
}
