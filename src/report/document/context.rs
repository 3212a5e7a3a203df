//! What the sections of a directory are made from.

use super::ReportError;
use super::about::About;
use super::hide::Hide;
use super::model::{Part, Table};
use super::places::Places;
use crate::queries::PLOTS;
use crate::report::columns::Found;
use crate::report::plots::PlotFile;
use crate::sql::{Definitions, Params, Query, Session};

/// Rows of a table that a report shows; those of a picture can be saved all.
pub(super) const MOST_ROWS: usize = 200;

/// Something that keeps results from being complete, or that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Its code, as in `docs/merge.md`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What to do about it.
    pub remedy: String,
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub items: Vec<Item>,
}

/// A unit, or something that is about none, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The user; empty if it is about none.
    pub user: String,
    /// The feature mode.
    pub mode: String,
    /// What is said.
    pub reason: String,
}

impl Item {
    /// All of it.
    pub(crate) fn words(&self) -> String {
        let Self { user, mode, reason } = self;
        let unit = if mode.is_empty() { user.clone() } else { format!("{user} ({mode})") };
        match (unit.is_empty(), reason.is_empty()) {
            (true, _) => reason.clone(),
            (false, true) => unit,
            (false, false) => format!("{unit}: {reason}"),
        }
    }
}

/// A directory and what was found out about it.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// What it says of itself.
    pub about: About,
    /// Where it lies.
    pub place: String,
    /// Its tables.
    pub session: &'a Session,
    /// Tables and queries.
    pub definitions: Definitions<'a>,
    /// What is missing or wrong; none, if nobody looked.
    pub findings: Option<Vec<Finding>>,
    /// What was checked, in words.
    pub checked: String,
}

/// What is asked of a report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Its title.
    pub title: Option<String>,
    /// Level of p and q; none: that of the configuration.
    pub alpha: Option<f64>,
    /// Further plots.
    pub plots: Vec<PlotFile>,
    /// People with a section of their own.
    pub users: Vec<String>,
    /// Whether ids are replaced.
    pub hide_users: bool,
    /// Whether folders are told by their last part only.
    pub hide_places: bool,
}

/// What a column of texts may name.
enum Names {
    Nobody,
    People,
    /// People, files and folders.
    Anything,
}

impl Names {
    /// Of the program's own queries the column says it; those of others may name anything anywhere.
    fn of(query: &Query, column: &str) -> Self {
        match column {
            _ if !query.embedded => Self::Anything,
            "person" => Self::People,
            "reason" | "event" => Self::Anything,
            "what" if !query.name.starts_with(PLOTS) => Self::Anything,
            _ => Self::Nobody,
        }
    }
}

/// What the sections of a directory are made from.
pub(super) struct Context<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) wanted: &'a Wanted,
    pub(super) hide: Hide,
    pub(super) places: Places,
    /// Stands before the ids of elements.
    pub(super) prefix: String,
    /// Level of the headings of sections.
    pub(super) level: u8,
}

impl Context<'_> {
    pub(super) fn about(&self) -> &About {
        &self.subject.about
    }

    pub(super) fn alpha(&self) -> f64 {
        self.wanted.alpha.unwrap_or(self.about().fdr.alpha)
    }

    pub(super) fn has(&self, table: &str) -> Result<bool, ReportError> {
        Ok(self.subject.session.has_table(table)?)
    }

    /// The rows of a query of the report, with what must not be told replaced.
    pub(super) async fn ask(&self, name: &str, values: &[(&str, &str)]) -> Result<Found, ReportError> {
        let query = self.subject.definitions.queries.get(&format!("report/{name}"))?;
        Ok(self.hidden(query, self.rows(query, values).await?)?)
    }

    /// The same, as they are.
    pub(super) async fn rows(&self, query: &Query, values: &[(&str, &str)]) -> Result<Found, ReportError> {
        debug_assert!(!query.name.starts_with(PLOTS));
        let pairs: Vec<String> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let frame = self.subject.session.query(&query.in_place()).await?;
        let frame = Params::parse(&pairs).and_then(|params| params.bind(frame))?;
        let schema = std::sync::Arc::clone(frame.schema().inner());
        let batches = frame.collect().await.map_err(crate::sql::SessionError::from)?;
        Ok(Found::new(schema, batches))
    }

    /// The rows of a query with what must not be told replaced.
    pub(super) fn hidden(&self, query: &Query, found: Found) -> Result<Found, arrow::error::ArrowError> {
        if self.hide.is_empty() && self.places.is_empty() {
            return Ok(found);
        }
        found.with_texts(|column, text| match Names::of(query, column) {
            Names::Nobody => text.to_owned(),
            Names::People => self.hide.person(text),
            Names::Anything => self.said(text),
        })
    }

    /// A path or a message with what must not be told replaced.
    pub(super) fn said(&self, text: &str) -> String {
        self.hide.text(&self.places.text(text)).into_owned()
    }

    /// A unit, and what is said of it.
    pub(super) fn unit(&self, item: &Item) -> String {
        let (user, reason) = (self.hide.person(&item.user), self.said(&item.reason));
        Item { user, mode: item.mode.clone(), reason }.words()
    }

    /// A query of the report as a table; nothing if it has no rows.
    pub(super) async fn table(
        &self,
        name: &str,
        caption: &str,
        values: &[(&str, &str)],
    ) -> Result<Option<Part>, ReportError> {
        let found = self.ask(name, values).await?;
        if found.is_empty() {
            return Ok(None);
        }
        Ok(Some(Part::Table(Table::of(caption, &found, MOST_ROWS)?)))
    }
}
