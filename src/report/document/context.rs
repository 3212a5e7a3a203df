//! What the sections of a directory are made from.

use super::ReportError;
use super::about::About;
use super::hide::Hide;
use super::model::{Part, Table};
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
    pub items: Vec<String>,
}

/// A directory and what was found out about it.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// What it says of itself.
    pub about: About,
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
}

/// What the sections of a directory are made from.
pub(super) struct Context<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) wanted: &'a Wanted,
    pub(super) hide: Hide,
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

    /// The rows of a query of the report, with ids replaced where that is asked.
    pub(super) async fn ask(&self, name: &str, values: &[(&str, &str)]) -> Result<Found, ReportError> {
        let query = self.subject.definitions.queries.get(&format!("report/{name}"))?;
        Ok(self.hidden(self.rows(query, values).await?)?)
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

    pub(super) fn hidden(&self, found: Found) -> Result<Found, arrow::error::ArrowError> {
        if self.hide.is_empty() {
            return Ok(found);
        }
        found.with_texts(|text| self.hide.text(text).into_owned())
    }

    /// A text with ids replaced.
    pub(super) fn said(&self, text: &str) -> String {
        self.hide.text(text).into_owned()
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
