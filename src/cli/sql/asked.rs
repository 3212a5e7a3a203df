//! A query that is about to be answered, from what is whole.

use std::path::PathBuf;

use datafusion::dataframe::DataFrame;

use super::hint::told;
use crate::cli::definitions::Loaded;
use crate::cli::speak::say_line;
use crate::error::{Exit, Failure};
use crate::sql::Session;

/// Where queries are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Runs and outputs.
    pub(super) dirs: &'a [PathBuf],
    /// Bound for the memory of queries.
    pub(super) memory: Option<u64>,
    pub(super) loaded: &'a Loaded,
    /// Whether damaged files that the query needs are an error.
    pub(super) strict: bool,
}

impl Asked<'_> {
    /// A session over all of it.
    pub(super) fn session(&self) -> Result<Session, Failure> {
        Session::open_within(self.dirs, self.memory, self.loaded.as_ref()).map_err(Failure::error)
    }

    /// Plans a query over the files that are whole, with the session to be held meanwhile, and the exit code that the
    /// answer has. Damaged files that it would have read are named.
    pub(super) async fn plan(&self, sql: &str) -> Result<(Session, DataFrame, Exit), Failure> {
        let session = self.session()?;
        let frame = session.query(sql).await.map_err(told)?;
        let damaged = session.damaged(frame.logical_plan()).map_err(Failure::error)?;
        if damaged.is_empty() {
            return Ok((session, frame, Exit::Done));
        }
        let what = "data files that the query needs are damaged";
        if self.strict {
            return Err(Failure::incomplete(format!("{what}:\n{}", damaged.words())));
        }
        drop((frame, session));
        say_line(format_args!("warning: {what}; the answer is that of the others:\n{}", damaged.words()));
        let session = Session::open_without(self.dirs, self.memory, &damaged, self.loaded.as_ref());
        let session = session.map_err(Failure::error)?;
        let frame = session.query(sql).await.map_err(told)?;
        Ok((session, frame, Exit::Incomplete))
    }
}
