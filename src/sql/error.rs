//! What can go wrong in a session.

use datafusion::error::DataFusionError;
use thiserror::Error;

use super::guard;
use crate::queries::QueryError;
use crate::sources::SourceError;
use crate::store::StoreError;
use crate::tables::{ChangedFile, TableError};

/// Why a session could not be set up or a query not be answered.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The engine refused.
    #[error("{}", guard::plain(.0))]
    Engine(DataFusionError),
    /// A table is not there, and another one is called nearly so.
    #[error("table '{name}' not found\n(hint: is it {near}?)")]
    UnknownTable {
        /// How it was called.
        name: String,
        /// The other one.
        near: String,
        /// Where in the query, both from 1.
        place: Option<(u64, u64)>,
    },
    /// A query is not given to the engine.
    #[error(transparent)]
    Refused(#[from] guard::Refusal),
    /// A run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A directory cannot be queried.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A query file cannot be used.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A batch cannot be built.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// Files were whole when they were looked at, and not when they were read.
    #[error(
        "data files change while they are read\n(hint: ask again once nobody writes into the run by hand)"
    )]
    Changing,
}

impl SessionError {
    /// Where in the query it is, line and column from 1, as far as that is known.
    pub fn place(&self) -> Option<(u64, u64)> {
        match self {
            Self::Engine(error) => {
                let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
                span.map_or_else(
                    || in_words(&self.to_string()),
                    |span| Some((span.start.line, span.start.column)),
                )
            }
            Self::UnknownTable { place, .. } => *place,
            _ => None,
        }
    }

    /// Whether a data file was found to be damaged or gone while it was read, as looking at all of them tells before.
    pub fn is_of_changed_file(&self) -> bool {
        self.changed_file().is_some()
    }

    /// That data file.
    pub(super) fn changed_file(&self) -> Option<&ChangedFile> {
        let Self::Engine(error) = self else { return None };
        match error {
            DataFusionError::Collection(all) => all.iter().find_map(changed),
            one => changed(one),
        }
    }
}

fn changed(error: &DataFusionError) -> Option<&ChangedFile> {
    match error.find_root() {
        DataFusionError::External(cause) => cause.downcast_ref(),
        _ => None,
    }
}

/// `… at Line: 3, Column: 14`, as the parser writes it.
fn in_words(words: &str) -> Option<(u64, u64)> {
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let (line, column) = words.rsplit_once("Line: ")?.1.split_once(", Column: ")?;
    Some((number(line)?, number(column)?))
}

impl From<DataFusionError> for SessionError {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(error)
    }
}

impl From<TableError> for SessionError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Engine(error) => Self::Engine(error),
            TableError::Store(error) => Self::Store(error),
            TableError::Query(error) => Self::Query(error),
            TableError::Arrow(error) => Self::Arrow(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::RecordBatch;
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;
    use crate::sql::Session;

    #[test]
    fn a_place_is_read_from_the_words() {
        assert_eq!(in_words("Expected: an expression, found: EOF at Line: 3, Column: 14"), Some((3, 14)));
        assert_eq!(in_words("unknown column x"), None);
    }

    #[tokio::test]
    async fn what_is_not_there_has_a_place() {
        let session = Session::empty().unwrap();
        let said = async |sql: &str| {
            let error = session.query(sql).await.unwrap_err();
            (error.to_string(), error.place())
        };
        let columns = "select a\nfrom (select 1 as n)";
        assert_eq!(said(columns).await.1, Some((1, 8)));
        assert_eq!(said("select 1\nfrom te )").await.1, Some((2, 9)));
        let (words, place) = said("select 1\n  from nothing").await;
        assert!(words.starts_with("table 'nothing' not found\n(hint: `\\d`"), "{words}");
        assert_eq!(place, Some((2, 8)));
        let fields = vec![Field::new("n", DataType::Int64, true)];
        let batch = RecordBatch::new_empty(Arc::new(Schema::new(fields)));
        session.batch("people", batch.clone()).unwrap();
        session.batch("raw.people", batch).unwrap();
        let (words, place) = said("select 1\n  from poeple").await;
        assert_eq!(
            (words.as_str(), place),
            ("table 'poeple' not found\n(hint: is it people?)", Some((2, 8)))
        );
        let (words, _) = said("select 1 from raw.peopl").await;
        assert_eq!(words, "table 'raw.peopl' not found\n(hint: is it raw.people?)");
    }
}
