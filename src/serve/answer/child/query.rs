//! Queries as they were written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use arrow::ipc::reader::StreamReader;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use serde_json::json;

use super::super::frame::Done;
use super::super::job::{Format, Spoken, Text};
use super::answering::Answering;
use super::out::{How, Out, column};
use super::told::{of_engine, of_params, of_session};
use crate::queries::{ParamDefault, Query};
use crate::serve::access::{Ended, Ending};
use crate::sources::Loaded;
use crate::sql::{Answer, DAMAGED, Damaged, FirstStatement, Params, Planned, numbered, parameters};
use crate::trees::each_step;

/// A table of the engine that tells how it is set up: of the machine and not of the results.
const SETTINGS: &str = "df_settings";

/// Answers a query.
pub(super) async fn query(
    answering: Answering<'_>,
    loaded: &Loaded,
    text: &Text,
    (format, most): (Format, Option<u64>),
    out: &mut Out,
) -> Result<Done, Ended> {
    let params = params_of(text)?;
    #[cfg(feature = "pg")]
    if let Some(frame) = super::pg::planned(answering, loaded, text).await? {
        // What was left out of it may have had some of the values.
        let rows =
            params.at_prompt().bind(frame).map_err(of_params)?.execute_stream().await.map_err(of_engine)?;
        return out.rows(rows, How { most, ..How::all(format) }).await;
    }
    let planned = of_text(answering, loaded, text).await?;
    let answer = planned.rows(&params).await.map_err(|error| asked(of_params(error), text))?;
    let Answer { rows, session: _session, damaged } = answer;
    let notes = notes(&damaged);
    out.notes(&notes)?;
    let done = out.rows(rows, How { most, ..How::all(format) }).await?;
    Ok(Done { notes, ..done })
}

/// Says how a query would be answered.
pub(super) async fn plan(
    answering: Answering<'_>,
    loaded: &Loaded,
    text: &Text,
    out: &mut Out,
) -> Result<Done, Ended> {
    let params = params_of(text)?;
    let planned = of_text(answering, loaded, text).await?;
    let frame = planned.frame();
    let columns: Vec<_> = frame
        .schema()
        .fields()
        .iter()
        .map(|field| column(field.name(), field.data_type(), field.is_nullable(), None))
        .collect();
    let logical = frame.logical_plan();
    let parameters: Vec<_> = parameters(frame)
        .map_err(of_params)?
        .into_iter()
        .map(|(name, kind)| json!({"name": name, "type": kind.map(|kind| kind.to_string())}))
        .collect();
    // With its parameters it has a plan of execution; without them it has none yet.
    let physical = match params.bind(frame.clone()) {
        Ok(frame) => {
            let plan = frame.create_physical_plan().await.map_err(of_engine)?;
            Some(datafusion::physical_plan::displayable(&*plan).indent(false).to_string())
        }
        Err(_) => None,
    };
    let notes = notes(&planned.damaged);
    let plan = logical.display_indent().to_string();
    let done = out.document(
        &json!({"columns": columns, "parameters": parameters, "plan": plan, "execution": physical}),
    )?;
    Ok(Done { notes, ..done })
}

/// Plans a query as it was asked.
pub(super) async fn of_text<'a>(
    answering: Answering<'a>,
    loaded: &'a Loaded,
    text: &Text,
) -> Result<Planned<'a>, Ended> {
    let sql = spoken(text)?;
    let is_longer = matches!(text.spoken, Spoken::Postgres(_)) && *sql != text.sql;
    let planned = planned(answering, loaded, &sql).await;
    // A place in another text than was sent is none.
    planned.map_err(|ended| if is_longer { Ended { place: None, ..ended } } else { ended })
}

/// Values that are wanting are given by other protocols in other ways than by the web.
fn asked(ended: Ended, text: &Text) -> Ended {
    match &ended.hint {
        Some(hint) if text.spoken != Spoken::Plain && hint.starts_with("give one with") => {
            let hint = "the client gives values beside the query, as in cursor.execute(query, values)";
            Ended { hint: Some(hint.to_owned()), ..ended }
        }
        _ => ended,
    }
}

/// Plans the one query of a text.
pub(super) async fn planned<'a>(
    answering: Answering<'a>,
    loaded: &'a Loaded,
    sql: &str,
) -> Result<Planned<'a>, Ended> {
    let statement = only_statement(sql)?;
    let planned = answering.question(loaded, statement).plan().await;
    let planned = planned.map_err(|error| of_session(&error))?;
    no_settings(planned.frame().logical_plan())?;
    Ok(planned)
}

/// What must be known of files that were left out.
pub(super) fn notes(damaged: &Damaged) -> Vec<String> {
    if !damaged.loses_rows() {
        return Vec::new();
    }
    let words = damaged.words();
    vec![format!("{DAMAGED}; the answer is that of the others:\n{words}")]
}

/// Values of parameters, as they were written.
pub(super) fn params(given: &BTreeMap<String, String>) -> Result<Params, Ended> {
    let mut params = Params::default();
    for (name, value) in given {
        params.set(name, value).map_err(of_params)?;
    }
    Ok(params)
}

/// Values of parameters: as a program bound them, or as they were written.
pub(super) fn params_of(text: &Text) -> Result<Params, Ended> {
    let Some(values) = &text.values else {
        return Ok(params(&text.params)?.with_defaults(defaults(&text.sql)));
    };
    let torn = |words: String| Ended::new(Ending::Invalid, format!("the values cannot be read: {words}"));
    let mut rows = StreamReader::try_new(values.as_slice(), None).map_err(|e| torn(e.to_string()))?;
    match rows.next() {
        Some(Ok(row)) if row.num_rows() == 1 => Params::bound(&row).map_err(of_params),
        Some(Ok(row)) => {
            let words = format!(
                "{} rows of values are bound to one query\n(hint: one row at a time; a list as one value is x = any($1))",
                row.num_rows()
            );
            Err(Ended::new(Ending::NotSupported, words))
        }
        Some(Err(error)) => Err(torn(error.to_string())),
        None => Ok(Params::default()),
    }
}

/// A query as the engine takes it.
fn spoken(text: &Text) -> Result<Cow<'_, str>, Ended> {
    match &text.spoken {
        #[cfg(feature = "pg")]
        Spoken::Postgres(_) => super::pg::with_lists(&text.sql),
        #[cfg(not(feature = "pg"))]
        Spoken::Postgres(_) => Ok(Cow::Borrowed(&text.sql)),
        Spoken::Plain => Ok(Cow::Borrowed(&text.sql)),
        Spoken::Marks => numbered(&text.sql).map(Cow::Owned).map_err(|refusal| of_session(&refusal.into())),
    }
}

/// Values that the comments at the top of a query give its parameters.
fn defaults(sql: &str) -> Vec<ParamDefault> {
    Query::of("", sql).defaults().collect()
}

fn only_statement(sql: &str) -> Result<&str, Ended> {
    let first = FirstStatement::of(sql);
    if !first.says_something {
        return Err(Ended::new(Ending::Syntax, "the query is missing"));
    }
    let rest = sql.get(first.end + 1..).unwrap_or_default();
    if first.is_closed && FirstStatement::of(rest).says_something {
        let words = "these are several queries\n(hint: one at a time; a `;` ends it)";
        return Err(Ended::new(Ending::Syntax, words));
    }
    Ok(&sql[..first.end])
}

fn no_settings(plan: &LogicalPlan) -> Result<(), Ended> {
    let mut found = false;
    let looked = each_step(plan, &mut |node| {
        if let LogicalPlan::TableScan(scan) = node {
            found |= scan.table_name.table() == SETTINGS;
        }
        Ok(TreeNodeRecursion::Continue)
    });
    looked.map_err(of_engine)?;
    if found {
        let words =
            "settings of the engine are not shown here\n(hint: `results serve --help` lists its limits)";
        return Err(Ended::new(Ending::Forbidden, words));
    }
    Ok(())
}
