//! A query that is about to be answered, and what is said of files that are not whole.

use std::path::PathBuf;

use datafusion::physical_plan::SendableRecordBatchStream;

use super::hint::told;
use crate::cli::definitions::Loaded;
use crate::cli::speak::say_line;
use crate::error::{Exit, Failure};
use crate::sql::{Bounds, Look, ParamError, Params, Planned, Session, SessionError};

/// Where queries are asked.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Asked<'a> {
    /// Runs and outputs.
    pub(in crate::cli) dirs: &'a [PathBuf],
    /// What queries may take.
    pub(in crate::cli) bounds: Bounds,
    pub(in crate::cli) loaded: &'a Loaded,
    /// Whether damaged files that the query needs are an error.
    pub(in crate::cli) strict: bool,
}

const DAMAGED: &str = "data files that the query needs are damaged";

impl Asked<'_> {
    /// A session over all of it.
    pub(in crate::cli) fn session(&self) -> Result<Session, Failure> {
        Session::open_within(self.dirs, self.bounds, self.loaded.as_ref()).map_err(Failure::error)
    }

    /// The answer to a query from the files that are whole. Damaged files that it would have read are named.
    pub(in crate::cli) async fn answer(&self, sql: &str, params: &Params) -> Result<Answer, Failure> {
        let answer = match self.look(sql, params, Look::Sizes).await {
            // No row was shown yet.
            Err(Fault::Changed) => self.look(sql, params, Look::Checksums).await,
            answer => answer,
        };
        answer.map_err(|fault| match fault {
            Fault::Changed => Failure::error(
                "data files change while they are read\n(hint: ask again once nobody writes into the run by hand)",
            ),
            Fault::Other(failure) => failure,
        })
    }

    async fn look(&self, sql: &str, params: &Params, look: Look) -> Result<Answer, Fault> {
        let planned = Planned::of(self.dirs, self.bounds, self.loaded.as_ref(), sql, look).await?;
        let lost = planned.damaged.loses_rows().then(|| planned.damaged.words());
        if let Some(words) = lost.as_ref().filter(|_| self.strict) {
            return Err(Fault::Other(Failure::incomplete(format!("{DAMAGED}:\n{words}"))));
        }
        let (rows, session) = planned.rows(params).await?;
        let Some(words) = lost else {
            return Ok(Answer { rows, exit: Exit::Done, session });
        };
        say_line(format_args!("warning: {DAMAGED}; the answer is that of the others:\n{words}"));
        Ok(Answer { rows, exit: Exit::Incomplete, session })
    }
}

/// The rows of a query.
pub(in crate::cli) struct Answer {
    pub(in crate::cli) rows: SendableRecordBatchStream,
    /// What the answer comes to, if nothing goes wrong.
    pub(in crate::cli) exit: Exit,
    /// Held as long as there are rows to come.
    pub(in crate::cli) session: Session,
}

/// Why there is no answer.
enum Fault {
    /// A file holds something else than what was written, found when its rows were read.
    Changed,
    Other(Failure),
}

impl From<SessionError> for Fault {
    fn from(error: SessionError) -> Self {
        if error.is_of_changed_file() {
            return Self::Changed;
        }
        Self::Other(match error {
            SessionError::Store(_) | SessionError::Source(_) => Failure::error(error),
            error => told(error),
        })
    }
}

impl From<ParamError> for Fault {
    fn from(error: ParamError) -> Self {
        match error {
            ParamError::Session(error) => error.into(),
            error => Self::Other(Failure::usage(error)),
        }
    }
}
