//! What a child is asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::drawn::{Drawing, Picture, ReportOf};
use crate::serve::catalog::Moment;

/// A question about one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Its name.
    pub name: String,
    /// Its directory.
    pub dir: PathBuf,
    /// What is asked.
    pub ask: Ask,
    /// What the source consisted of when it was asked.
    pub moment: Moment,
    /// Whether the question names its own source too.
    pub is_called: bool,
    /// Other sources that it names.
    pub beside: Vec<Beside>,
    /// Folder with schemas and queries of the user's own.
    pub definitions: Option<PathBuf>,
    /// Seconds of work.
    pub seconds: u64,
    /// Bytes of disk.
    pub disk: u64,
}

/// Another source beside the one that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// Its name, by which a query has its tables.
    pub name: String,
    /// Its directory.
    pub dir: PathBuf,
    /// What it consisted of when it was asked.
    pub moment: Moment,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// The rows of a query.
    Query {
        /// The query.
        text: Text,
        /// How rows are written.
        format: Format,
        /// Rows at most; what is left out is told.
        most: Option<u64>,
    },
    /// How a query would be answered: columns, parameters, plan.
    Plan(Text),
    /// What a query takes and gives: two Arrow IPC streams without rows, of its columns and of its parameters, each
    /// behind its length (32 bits, the largest first).
    Shape(Text),
    /// Rows of a table.
    Rows {
        /// Which.
        rows: Rows,
        /// How they are written.
        format: Format,
    },
    /// How many rows of a table fit.
    Count(Rows),
    /// The tables with their columns.
    Tables,
    /// Ids of users, in order.
    Users {
        /// What they begin with.
        prefix: String,
        /// The one before the first.
        after: String,
    },
    /// All about one user.
    User {
        /// Who.
        id: String,
        /// Whether pictures are wanted too.
        pictures: bool,
    },
    /// The plots, with what keeps one from being drawn.
    Plots,
    /// One of them, or a query that says how it is drawn.
    Plot(Picture),
    /// The report.
    Report(ReportOf),
    /// Where a run stands, by its ledger.
    Status,
}

impl Ask {
    /// The query, where one is asked.
    pub(crate) fn sql(&self) -> Option<&str> {
        match self {
            Self::Query { text, .. } | Self::Plan(text) | Self::Shape(text) => Some(&text.sql),
            Self::Plot(Picture { of: Drawing::Text(sql), .. }) => Some(sql),
            _ => None,
        }
    }
}

/// A query and the values of its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Text {
    /// The query.
    pub sql: String,
    /// Values by name, as people write them.
    pub params: BTreeMap<String, String>,
    /// Values as programs send them: an Arrow IPC stream of one row, whose columns are the parameters by number or name.
    #[serde(default)]
    pub values: Option<Vec<u8>>,
    /// How it is spoken.
    #[serde(default)]
    pub spoken: Spoken,
}

/// How a query is spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spoken {
    /// As at the terminal.
    #[default]
    Plain,
    /// Each `?` is the next parameter.
    Marks,
    /// By a program that takes the service for Postgres.
    Postgres(PgSession),
}

/// What programs of Postgres ask about themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PgSession {
    /// Name of the token.
    pub user: String,
    /// The source.
    pub database: String,
    /// The sources that the token sees.
    pub databases: Vec<String>,
    /// Number of the connection, by which another may ask for the end of its query.
    pub number: i32,
    /// Settings of the connection, as it shows them.
    pub settings: BTreeMap<String, String>,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// One array of objects.
    Json,
    /// An object a line.
    Ndjson,
    /// CSV with a header.
    Csv,
    /// An Arrow IPC stream, a message a frame.
    Arrow,
    /// A Parquet file.
    Parquet,
    /// Messages of Arrow IPC, a [`Frame::Message`](super::frame::Frame::Message) each, the schema first: without views
    /// and dictionaries.
    Messages,
}

impl Format {
    /// All that people ask for, by name.
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("json", Self::Json),
        ("ndjson", Self::Ndjson),
        ("csv", Self::Csv),
        ("arrow", Self::Arrow),
        ("parquet", Self::Parquet),
    ];
}

/// Rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// The table; with its schema if that is not the default one.
    pub table: String,
    /// Columns; all if none is named.
    pub select: Vec<String>,
    /// What rows must be like.
    pub filters: Vec<Filter>,
    /// Order before that of the key.
    pub sort: Vec<Sort>,
    /// Values of the order's columns in the row before the first.
    pub after: Option<Vec<Value>>,
    /// Rows at most; all if it is not said.
    pub limit: Option<u64>,
}

impl Rows {
    /// Whether it is the whole table as it is.
    pub(crate) fn is_whole(&self) -> bool {
        let Self { table: _, select, filters, sort, after, limit } = self;
        select.is_empty() && filters.is_empty() && sort.is_empty() && after.is_none() && limit.is_none()
    }
}

/// What a value must be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filter {
    /// The column.
    pub column: String,
    /// How it is compared.
    pub op: Op,
    /// With what.
    pub value: String,
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Op {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// At most.
    Le,
    /// More.
    Gt,
    /// At least.
    Ge,
    /// A text in it.
    Has,
    /// Absent; the value is not looked at.
    Null,
    /// There; the value is not looked at.
    Some,
}

impl Op {
    /// All, by name and as people read them.
    pub(crate) const ALL: [(&'static str, &'static str, Self); 9] = [
        ("eq", "=", Self::Eq),
        ("ne", "≠", Self::Ne),
        ("lt", "<", Self::Lt),
        ("le", "≤", Self::Le),
        ("gt", ">", Self::Gt),
        ("ge", "≥", Self::Ge),
        ("has", "contains", Self::Has),
        ("null", "is absent", Self::Null),
        ("some", "is there", Self::Some),
    ];

    /// By name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, ..)| *known == name).map(|(.., op)| *op)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(.., op)| *op == self).map_or("", |(name, ..)| name)
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sort {
    /// The column.
    pub column: String,
    /// Whether the largest comes first.
    pub falls: bool,
}
