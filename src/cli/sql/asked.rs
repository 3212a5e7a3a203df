//! A query that is about to be answered, and what is said of files that are not whole.

use datafusion::physical_plan::SendableRecordBatchStream;

use super::hint::told;
use crate::cli::definitions::Loaded;
use crate::cli::speak::say_line;
use crate::error::{Exit, Failure};
use crate::sql::{
    self, Bounds, DAMAGED, Damaged, Helped, ParamError, Params, Question, Session, SessionError,
};
use crate::store::Location;

/// Where queries are asked.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Asked<'a> {
    /// Runs and outputs.
    pub(in crate::cli) dirs: &'a [Location],
    /// What queries may take.
    pub(in crate::cli) bounds: Bounds,
    pub(in crate::cli) loaded: &'a Loaded,
    /// Whether damaged files that the query needs are an error.
    pub(in crate::cli) strict: bool,
    /// Who computes parts of queries, if this process does not compute all.
    pub(in crate::cli) helped: Option<&'a Helped>,
}

impl Asked<'_> {
    /// A session over all of it.
    pub(in crate::cli) fn session(&self) -> Result<Session, Failure> {
        Session::open_within(self.dirs, self.bounds, self.loaded.as_ref()).map_err(Failure::error)
    }

    /// The answer to a query from the files that are whole. Damaged files that it would have read are named.
    pub(in crate::cli) async fn answer(&self, sql: &str, params: &Params) -> Result<Answer, Failure> {
        self.try_answer(sql, params).await.map_err(Unanswered::failure)
    }

    /// The same, for who has more to say of why there is none.
    pub(in crate::cli) async fn try_answer(&self, sql: &str, params: &Params) -> Result<Answer, Unanswered> {
        let question = Question::new(self.dirs, self.bounds, self.loaded.as_ref(), sql);
        let question = match self.helped {
            Some(by) => question.helped(by).map_err(Unanswered::Query)?,
            None => question,
        };
        let planned = question.plan().await.map_err(Unanswered::Query)?;
        self.lost(&planned.damaged)?;
        let sql::Answer { rows, session, damaged } = planned.rows(params).await?;
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

/// Why there is no answer.
pub(in crate::cli) enum Unanswered {
    /// The query, or what it is asked of.
    Query(SessionError),
    /// Anything else.
    Other(Failure),
}

impl Unanswered {
    /// The query's own error.
    pub(in crate::cli) fn of_query(&self) -> Option<&SessionError> {
        match self {
            Self::Query(error) => Some(error),
            Self::Other(_) => None,
        }
    }

    /// In words.
    pub(in crate::cli) fn failure(self) -> Failure {
        match self {
            Self::Query(error @ (SessionError::Store(_) | SessionError::Source(_))) => Failure::error(error),
            Self::Query(error) => told(error),
            Self::Other(failure) => failure,
        }
    }
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl From<ParamError> for Unanswered {
    fn from(error: ParamError) -> Self {
        match error {
            ParamError::Session(error) => Self::Query(error),
            error => Self::Other(Failure::usage(error)),
        }
    }
}
