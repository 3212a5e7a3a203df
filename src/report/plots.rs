//! Plots: query files whose header says what is drawn of their rows.
//!
//! ```text
//! Queries ─▶ plots() ─▶ PlotFile: lacks() ▸ sql() ▸ defaults() ─▶ rows of a session ─▶ PlotFile::svg, Found::csv
//! ```

use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;
use thiserror::Error;

use super::columns::Found;
use crate::plot::{DrawError, HeaderError, Look, MOST_MARKS, Plot};
use crate::queries::{PLOTS, ParamDefault, Queries, Query, QueryError};
use crate::sql::{ParamError, Params, Session, SessionError};

/// A plot that cannot be drawn.
#[derive(Debug, Error)]
pub(crate) enum PlotError {
    /// No plot has that name.
    #[error("unknown plot `{name}`{meant}\n(hint: `results plot --list` shows them: {known})")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        meant: String,
        /// Those that there are.
        known: String,
    },
    /// Its file cannot be read.
    #[error(transparent)]
    Unread(#[from] QueryError),
    /// Its header is wrong.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Its rows cannot be drawn as it says.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// Its query fails.
    #[error("{file}{}: {source}", line_of(source))]
    Query {
        /// The file.
        file: String,
        /// The cause.
        source: SessionError,
    },
    /// Its parameters have other values.
    #[error("{file}: {source}")]
    Param {
        /// The file.
        file: String,
        /// The cause.
        source: ParamError,
    },
    /// This build has no letters for a picture in pixels.
    #[error(
        "this build of `results` draws no PNG\n(hint: SVG it draws; `cargo install --locked --path . --features png` \
         installs one that does)"
    )]
    NoPng,
    /// A picture in pixels cannot be made.
    #[cfg(feature = "png")]
    #[error("{0}")]
    Png(String),
}

/// `:3` behind the name of a file, where the line is known.
pub(crate) fn line_of(error: &SessionError) -> String {
    error.place().map_or_else(String::new, |(line, _)| format!(":{line}"))
}

/// The parameter of plots that can be drawn of one person.
pub(crate) const USER: &str = "user";

/// Whether this build draws pictures in pixels.
pub(crate) const DRAWS_PNG: bool = cfg!(feature = "png");

/// A picture in pixels.
///
/// # Errors
/// This build draws none, or the picture is too large.
#[cfg(feature = "png")]
pub(crate) fn png(svg: &str) -> Result<Vec<u8>, PlotError> {
    crate::plot::png(svg).map_err(|error| PlotError::Png(error.to_string()))
}

/// A picture in pixels.
///
/// # Errors
/// This build draws none.
#[cfg(not(feature = "png"))]
pub(crate) fn png(_: &str) -> Result<Vec<u8>, PlotError> {
    Err(PlotError::NoPng)
}

/// A plot and its query.
#[derive(Debug, Clone)]
pub(crate) struct PlotFile {
    /// Its name, as `results plot NAME` takes it.
    pub name: String,
    /// What is drawn.
    pub plot: Plot,
    /// The query.
    pub query: Query,
}

/// All plots by name; one that cannot be read is the error that says so.
pub(crate) fn plots(queries: &Queries) -> Vec<(String, Result<PlotFile, PlotError>)> {
    let named = |query: &Query| query.name.trim_start_matches(PLOTS).to_owned();
    queries.below(PLOTS).map(|query| (named(query), PlotFile::of(query))).collect()
}

/// The plot of a name.
///
/// # Errors
/// There is none, its file cannot be read, or its header is wrong.
pub(crate) fn plot(queries: &Queries, name: &str) -> Result<PlotFile, PlotError> {
    let names: Vec<&str> = queries.below(PLOTS).map(|query| query.name.trim_start_matches(PLOTS)).collect();
    let Some(query) = queries.below(PLOTS).find(|query| query.name.trim_start_matches(PLOTS) == name) else {
        let near = names.iter().map(|own| (strsim::damerau_levenshtein(name, own), own)).min();
        let near = near.filter(|(distance, own)| *distance <= own.len() / 2);
        let meant = near.map_or_else(String::new, |(_, own)| format!(" (did you mean `{own}`?)"));
        return Err(PlotError::Unknown { name: name.to_owned(), meant, known: names.join(", ") });
    };
    PlotFile::of(query)
}

impl PlotFile {
    /// The plot of a query file; in messages it is called after its path below `queries/`, or its own path.
    ///
    /// # Errors
    /// The file cannot be read, or its header is wrong.
    pub(crate) fn of(query: &Query) -> Result<Self, PlotError> {
        query.readable()?;
        let file = format!("{}.sql", query.name);
        let name = query.name.rsplit('/').next().unwrap_or_default().to_owned();
        let name = query.name.strip_prefix(PLOTS).map_or(name, str::to_owned);
        Ok(Self { name, plot: Plot::parse(&file, &query.sql)?, query: query.clone() })
    }

    /// Its SQL; a line of it is that of the file.
    pub(crate) fn sql(&self) -> String {
        self.query.in_place()
    }

    /// Values of the parameters that have one of their own.
    pub(crate) fn defaults(&self) -> impl Iterator<Item = ParamDefault> {
        self.query.defaults()
    }

    /// Whether it can be drawn of one person.
    pub(crate) fn is_of_user(&self) -> bool {
        self.query.parameters().any(|own| own.name == USER)
    }

    /// Says which tables it needs that a session does not have.
    pub(crate) fn lacks(&self, session: &Session) -> Result<Option<String>, SessionError> {
        let mut absent = Vec::new();
        for table in &self.plot.needs {
            if !session.has_table(table)? {
                absent.push(format!("`{table}`"));
            }
        }
        Ok((!absent.is_empty()).then(|| {
            let tables = if absent.len() == 1 { "the table" } else { "the tables" };
            format!("The plot `{}` needs {tables} {}, which is not there.", self.name, absent.join(" and "))
                .replace("which is not", if absent.len() == 1 { "which is not" } else { "which are not" })
        }))
    }

    /// Asks a session for its rows. Parameters without a value have that of the file.
    ///
    /// # Errors
    /// The query fails, its parameters are others, or it gives more rows than a plot has marks.
    pub(crate) async fn ask(&self, session: &Session, params: Params) -> Result<Found, PlotError> {
        let file = || self.plot.file.clone();
        let query = |source: SessionError| PlotError::Query { file: file(), source };
        let frame = session.query(&self.sql()).await.map_err(query)?;
        let params = params.with_defaults(self.defaults());
        let frame = params.bind(frame).map_err(|source| PlotError::Param { file: file(), source })?;
        let rows = frame.execute_stream().await.map_err(|error| query(error.into()))?;
        self.take(rows).await
    }

    /// The rows of its query. No more are kept than a plot has marks; the others are counted.
    ///
    /// # Errors
    /// The engine fails, or there are more.
    pub(crate) async fn take(&self, mut rows: SendableRecordBatchStream) -> Result<Found, PlotError> {
        let schema = rows.schema();
        let (mut batches, mut count) = (Vec::new(), 0);
        while let Some(batch) = rows.next().await {
            let batch = batch
                .map_err(|error| PlotError::Query { file: self.plot.file.clone(), source: error.into() })?;
            count += batch.num_rows();
            if count <= MOST_MARKS {
                batches.push(batch);
            }
        }
        if count > MOST_MARKS {
            let file = self.plot.file.clone();
            return Err(DrawError::TooMany { file, marks: count, most: MOST_MARKS }.into());
        }
        Ok(Found::new(schema, batches))
    }

    /// Draws rows.
    ///
    /// # Errors
    /// They lack a column, or have another kind of it.
    pub(crate) fn svg(&self, found: &Found, look: &Look) -> Result<String, PlotError> {
        let file = || self.plot.file.clone();
        let rows =
            found.columns().map_err(|error| PlotError::Query { file: file(), source: error.into() })?;
        Ok(crate::plot::svg(&self.plot, &rows, look)?)
    }

    /// Its SQL with the values of its parameters in their places, to be read and run elsewhere.
    pub(crate) fn filled(&self, params: &[(String, String)]) -> String {
        let value = |name: &str| {
            let given = params.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
            given.or_else(|| self.defaults().find(|own| own.name == name).map(|own| own.value))
        };
        filled(self.sql().trim_start_matches('\n').trim_end(), value)
    }
}

/// A text with what `value` gives for each `$name` that does not stand in quotes.
fn filled(sql: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote: Option<char> = None;
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '$') => {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
                if let Some(value) = value(&after[..end]).filter(|_| end > 0) {
                    out.push_str(&written(&value));
                    rest = &after[end..];
                    continue;
                }
            }
            _ => {}
        }
        out.push(c);
        rest = after;
    }
    out
}

/// A value as SQL has it: what a parameter takes it for.
fn written(value: &str) -> String {
    let quoted = ['\'', '"'].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    if let Some(text) = quoted {
        return crate::queries::literal(text);
    }
    let is_word = ["null", "true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word));
    if is_word || value.parse::<f64>().is_ok_and(f64::is_finite) {
        value.to_owned()
    } else {
        crate::queries::literal(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_png_says_which_one_has_it() {
        let said = PlotError::NoPng.to_string();
        assert!(said.contains("`cargo install --locked --path . --features png`"), "{said}");
    }

    #[test]
    fn all_plots_of_the_program_can_be_read() {
        let queries = Queries::load(None).unwrap();
        let all = plots(&queries);
        assert!(all.len() >= 10, "{all:?}");
        for (name, plot) in all {
            let plot = plot.unwrap();
            assert_eq!(plot.name, name);
            let is_shown = plot.plot.section.is_some() || plot.is_of_user();
            assert!(!plot.plot.needs.is_empty() && is_shown, "{name}");
            assert!(!plot.plot.caption.is_empty() && plot.plot.title.ends_with('?'), "{name}");
        }
        let unknown = plot(&queries, "p_histgram").unwrap_err().to_string();
        assert!(unknown.starts_with("unknown plot `p_histgram` (did you mean `p_histogram`?)"), "{unknown}");
    }

    #[test]
    fn the_page_about_plots_names_each_of_them() {
        let page = include_str!("../../docs/plots.md");
        let table = page.split_once("| name | the question").unwrap().1.split_once("\n\n").unwrap().0;
        let rows = table.lines().skip(2).map(|row| row.split('`').nth(1).unwrap());
        let mut named: Vec<&str> = rows.collect();
        named.sort_unstable();
        let queries = Queries::load(None).unwrap();
        let names: Vec<String> = plots(&queries).into_iter().map(|(name, _)| name).collect();
        assert_eq!(named, names);
    }

    #[test]
    fn parameters_are_written_into_the_sql() {
        let value = |name: &str| match name {
            "a" => Some("0.05".to_owned()),
            "u" => Some("it's".to_owned()),
            "n" => Some("null".to_owned()),
            "q" => Some("'it's'".to_owned()),
            _ => None,
        };
        assert_eq!(
            filled("$a, '$a', \"$u\", $u, $q, $n, $other $", value),
            "0.05, '$a', \"$u\", 'it''s', 'it''s', null, $other $"
        );
    }
}
