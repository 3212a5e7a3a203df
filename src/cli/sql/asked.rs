//! A query that is about to be answered, and what is said of files that are not whole.

use std::path::PathBuf;

use datafusion::physical_plan::SendableRecordBatchStream;

use super::hint::told;
use crate::cli::definitions::Loaded;
use crate::cli::speak::say_line;
use crate::error::{Exit, Failure};
use crate::sql::{self, Bounds, Damaged, ParamError, Params, Planned, Session, SessionError};

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
        let planned =
            Planned::of(self.dirs, self.bounds, self.loaded.as_ref(), sql).await.map_err(failure)?;
        self.lost(&planned.damaged)?;
        let sql::Answer { rows, session, damaged } = planned.rows(params).await.map_err(of_params)?;
        // Some are found only when they are read.
        let Some(words) = self.lost(&damaged)? else {
            return Ok(Answer { rows, exit: Exit::Done, session });
        };
        say_line(format_args!("warning: {DAMAGED}; the answer is that of the others:\n{words}"));
        Ok(Answer { rows, exit: Exit::Incomplete, session })
    }

    /// What has to be said of files without which rows are missing.
    fn lost(&self, damaged: &Damaged) -> Result<Option<String>, Failure> {
        let lost = damaged.loses_rows().then(|| damaged.words());
        match lost {
            Some(words) if self.strict => Err(Failure::incomplete(format!("{DAMAGED}:\n{words}"))),
            lost => Ok(lost),
        }
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

fn failure(error: SessionError) -> Failure {
    match error {
        SessionError::Store(_) | SessionError::Source(_) => Failure::error(error),
        error => told(error),
    }
}

fn of_params(error: ParamError) -> Failure {
    match error {
        ParamError::Session(error) => failure(error),
        error => Failure::usage(error),
    }
}
