//! What a request asks, read from its address and its body.

use std::collections::BTreeMap;

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::accepted::accepted;
use super::app::{App, Who};
use super::fields::{Fields, texts};
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Filter, Format, Op, Rows, Sort, Text};

/// Bytes of a body at most.
const BODY: usize = 1 << 20;

/// Bytes of a query at most.
const SQL: usize = 256 << 10;

/// How long a body may take.
const SLOW: std::time::Duration = std::time::Duration::from_secs(30);

/// Rows of a page at most.
pub(super) const PAGE: u64 = 10_000;

/// Parameters of rows of a table.
pub(super) const ROWS: [&str; 7] = ["select", "where", "sort", "after", "limit", "snapshot", "format"];

/// Reads a body, which is not too long and does not take too long.
pub(super) async fn body(request: Request) -> Result<(Request, Vec<u8>), Ended> {
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(SLOW, axum::body::to_bytes(body, BODY)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(Ended::new(Ending::TooLarge, format!("a body has {BODY} bytes at most"))),
        Err(_) => {
            return Err(Ended::new(
                Ending::Deadline,
                format!("the body took longer than {} s", SLOW.as_secs()),
            ));
        }
    };
    Ok((Request::from_parts(parts, Body::empty()), bytes.to_vec()))
}

/// Reads a form.
pub(super) async fn form(request: Request) -> Result<(Request, Vec<(String, String)>), Ended> {
    let (request, bytes) = body(request).await?;
    texts(&bytes)?;
    let (parts, _) = request.into_parts();
    let again = Request::from_parts(parts.clone(), Body::from(bytes));
    let pairs = Form::<Vec<(String, String)>>::from_request(again, &()).await;
    let Form(pairs) =
        pairs.map_err(|e| Ended::new(Ending::Invalid, format!("the form cannot be read: {e}")))?;
    Ok((Request::from_parts(parts, Body::empty()), pairs))
}

/// A format by the parameter `format`, else by what the client accepts.
pub(super) fn format(fields: &Fields, heads: &HeaderMap, usual: Format) -> Result<Format, Ended> {
    if let Some(name) = fields.text("format")? {
        let found = Format::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
        let known = Format::ALL.map(|(known, _)| known);
        return found.ok_or_else(|| Ended::unknown(Ending::Invalid, "format", name, &known));
    }
    Ok(accepted(heads, usual))
}

/// Rows of a table, as its parameters say.
pub(super) fn rows(table: &str, fields: &Fields) -> Result<Rows, Ended> {
    let names = |name| {
        let all = fields.all(name).flat_map(|value| value.split(','));
        all.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let sort = names("sort").into_iter().map(|name| match name.strip_prefix('-') {
        Some(column) => Sort { column: column.to_owned(), falls: true },
        None => Sort { column: name, falls: false },
    });
    let after = fields.text("after")?.map(serde_json::from_str::<Vec<Value>>).transpose().map_err(|_| {
        let words = "`after` is not of a page\n(hint: follow the link `next` of the page before)";
        Ended::new(Ending::Invalid, words)
    })?;
    Ok(Rows {
        table: table.to_owned(),
        select: names("select"),
        filters: fields.all("where").filter(|text| !text.is_empty()).map(filter).collect::<Result<_, _>>()?,
        sort: sort.collect(),
        after,
        limit: fields.number("limit", PAGE)?,
    })
}

/// `column.op.value`.
fn filter(text: &str) -> Result<Filter, Ended> {
    let wrong = || {
        let ops: Vec<&str> = Op::ALL.iter().map(|(name, ..)| *name).collect();
        let words = format!(
            "`{text}` isn't a filter\n(hint: column.op.value, as in TE_A2S.gt.0.1; op is {})",
            ops.join(", ")
        );
        Ended::new(Ending::Invalid, words)
    };
    let (column, rest) = text.split_once('.').ok_or_else(wrong)?;
    let (op, value) = rest.split_once('.').unwrap_or((rest, ""));
    let op = Op::of(op).ok_or_else(wrong)?;
    Ok(Filter { column: column.to_owned(), op, value: value.to_owned() })
}

/// A filter as an address has it.
pub(super) fn written(filter: &Filter) -> String {
    format!("{}.{}.{}", filter.column, filter.op.name(), filter.value)
}

/// A query that is asked.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) run: String,
    pub(super) text: Text,
    pub(super) format: Format,
}

/// From the parameters of an address.
pub(super) fn question(fields: &Fields, heads: &HeaderMap) -> Result<Question, Ended> {
    let text = Text {
        sql: fields.one("sql")?.unwrap_or_default().to_owned(),
        params: fields.params(),
        ..Text::default()
    };
    Ok(Question {
        run: fields.one("run")?.unwrap_or_default().to_owned(),
        text,
        format: format(fields, heads, Format::Json)?,
    })
}

/// From a body of JSON.
pub(super) fn question_of(bytes: &[u8], heads: &HeaderMap) -> Result<Question, Ended> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        run: String,
        sql: String,
        #[serde(default)]
        params: BTreeMap<String, Value>,
        format: Option<String>,
    }
    let sent: Sent = serde_json::from_slice(bytes).map_err(|e| {
        let words = format!("the body cannot be read: {e}\n(hint: {{\"run\": …, \"sql\": …, \"params\": {{…}}, \"format\": …}})");
        Ended::new(Ending::Invalid, words)
    })?;
    let params = sent.params.into_iter().map(|(name, value)| match value {
        // In JSON it is known what is a text.
        Value::String(text) => Ok((name, format!("'{text}'"))),
        Value::Array(_) | Value::Object(_) => {
            let words = format!(
                "the parameter {name} is a list or an object, and must be one value\n(hint: write a list into the query, as \
                 in `x in (1, 2)`; over Flight SQL and Postgres it can be a parameter)"
            );
            Err(Ended::new(Ending::Invalid, words))
        }
        value => Ok((name, value.to_string())),
    });
    let params = params.collect::<Result<_, _>>()?;
    let fields = sent.format.map(|format| ("format".to_owned(), format)).into_iter().collect();
    let format = format(&Fields::of(fields, &["format"])?, heads, Format::Json)?;
    Ok(Question { run: sent.run, text: Text { sql: sent.sql, params, ..Text::default() }, format })
}

impl Question {
    /// Refuses one that cannot be asked, whatever the source; that is written down as any other end.
    pub(super) fn fits(self, app: &App, who: &Who) -> Result<Self, Ended> {
        let Self { run, text, .. } = &self;
        let length = text.sql.len();
        let ended = if length > SQL {
            let words = format!(
                "the query has {length} bytes; it may have {SQL}\n(hint: a long list of users is shorter as a condition)"
            );
            Ended::new(Ending::TooLarge, words)
        } else if run.is_empty() {
            Ended::new(Ending::Invalid, "`run` is missing: which of the sources is asked")
        } else {
            return Ok(self);
        };
        app.desk.refused(who, run, &text.sql, ended.ending);
        Err(ended)
    }
}
