//! What is told of plots.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::frame::ColumnOf;

/// The title of the part of a user's page that tells of files that could not be read.
pub(crate) const DAMAGED: &str = "Damaged files";

/// A plot that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Picture {
    /// Which.
    pub of: Drawing,
    /// Values of its parameters by name.
    pub params: BTreeMap<String, String>,
    /// What is wanted of it.
    pub form: Form,
}

/// What says how rows are drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Drawing {
    /// A plot by its name.
    Named(String),
    /// A query with a header.
    Text(String),
}

/// What is wanted of a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// The picture.
    Svg(Size),
    /// The picture in pixels.
    Png(Size),
    /// The rows, as CSV.
    Csv,
    /// The rows, as one array of objects.
    Json,
    /// The query with the values of its parameters.
    Sql,
    /// All of it for a page: a [`Drawn`].
    Page,
}

/// How large a picture is, and on which ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    /// Points from left to right.
    pub width: u32,
    /// Whether the ground is dark.
    pub dark: bool,
}

/// A plot, as lists have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlotOf {
    /// Its name.
    pub name: String,
    /// The question that it answers.
    pub title: String,
    /// How it is read.
    pub caption: String,
    /// Its parameters.
    pub params: Vec<ParamOf>,
    /// Why there is no picture, if there is none.
    pub problem: Option<String>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParamOf {
    /// Its name.
    pub name: String,
    /// Its value if none is given.
    pub default: Option<String>,
    /// What it is.
    pub what: String,
}

/// A plot, drawn for a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drawn {
    /// What it is.
    pub about: PlotOf,
    /// The picture, in the colours of the page.
    pub svg: String,
    /// The query with the values of its parameters.
    pub sql: String,
    /// The text of its file.
    pub text: String,
    /// The columns of its rows.
    pub columns: Vec<ColumnOf>,
    /// The rows.
    pub rows: Vec<Value>,
    /// What whoever sees it must know.
    pub notes: Vec<String>,
}

/// A report that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReportOf {
    /// What the source is called.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Level of p and q.
    pub alpha: Option<f64>,
    /// Further plots, by name.
    pub plots: Vec<String>,
    /// People with a section of their own.
    pub users: Vec<String>,
    /// Whether ids are replaced.
    pub hide_users: bool,
}
