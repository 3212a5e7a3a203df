//! A query that is about to be answered, from what is whole.

use std::path::PathBuf;

use datafusion::dataframe::DataFrame;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};

use super::hint::told;
use crate::cli::definitions::Loaded;
use crate::cli::speak::say_line;
use crate::error::{Exit, Failure};
use crate::sql::{Bounds, Clock, Damaged, Look, ParamError, Params, Session, SessionError};

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

impl Asked<'_> {
    /// A session over all of it.
    pub(in crate::cli) fn session(&self) -> Result<Session, Failure> {
        Session::open_within(self.dirs, self.bounds, self.loaded.as_ref()).map_err(Failure::error)
    }

    /// The answer to a query from the files that are whole. Damaged files that it would have read are named.
    pub(in crate::cli) async fn answer(&self, sql: &str, params: &Params) -> Result<Answer, Failure> {
        let answer = match self.plan(sql, Look::Sizes).await?.rows(params).await {
            // No row was shown yet.
            Err(Fault::Changed) => self.plan(sql, Look::Checksums).await?.rows(params).await,
            answer => answer,
        };
        answer.map_err(|fault| match fault {
            Fault::Changed => Failure::error(
                "data files change while they are read\n(hint: ask again once nobody writes into the run by hand)",
            ),
            Fault::Other(failure) => failure,
        })
    }

    async fn plan(&self, sql: &str, look: Look) -> Result<Planned, Failure> {
        let mut clock = self.bounds.start();
        let session = self.session()?;
        let frame = planned(&mut clock, &session, sql).await?;
        let damaged = session.damaged(frame.logical_plan(), look).map_err(Failure::error)?;
        if damaged.is_empty() {
            return Ok(Planned { clock, session, frame, damaged });
        }
        if self.strict && damaged.loses_rows() {
            return Err(Failure::incomplete(format!("{DAMAGED}:\n{}", damaged.words())));
        }
        drop((frame, session));
        let session = Session::open_without(self.dirs, self.bounds, &damaged, self.loaded.as_ref());
        let session = session.map_err(Failure::error)?;
        let frame = planned(&mut clock, &session, sql).await?;
        Ok(Planned { clock, session, frame, damaged })
    }
}

const DAMAGED: &str = "data files that the query needs are damaged";

/// A query that has a plan.
struct Planned {
    clock: Clock,
    session: Session,
    frame: DataFrame,
    /// What it does without.
    damaged: Damaged,
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
        if error.is_of_changed_file() { Self::Changed } else { Self::Other(told(error)) }
    }
}

impl Planned {
    /// The rows, of which the first are there: by then it is mostly known whether the files are whole.
    async fn rows(self, params: &Params) -> Result<Answer, Fault> {
        let Self { mut clock, session, frame, damaged } = self;
        let frame = params.bind(frame).map_err(|error| match error {
            ParamError::Session(error) => error.into(),
            error => Fault::Other(Failure::usage(error)),
        })?;
        let rows = clock.part(async move { frame.execute_stream().await }).await?;
        let mut rows = clock.rows(rows);
        let first = rows.next().await.transpose().map_err(SessionError::from)?;
        let schema = rows.schema();
        let rows = stream::iter(first.map(Ok)).chain(rows);
        let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
        if !damaged.loses_rows() {
            return Ok(Answer { rows, exit: Exit::Done, session });
        }
        say_line(format_args!("warning: {DAMAGED}; the answer is that of the others:\n{}", damaged.words()));
        Ok(Answer { rows, exit: Exit::Incomplete, session })
    }
}

async fn planned(clock: &mut Clock, session: &Session, sql: &str) -> Result<DataFrame, Failure> {
    let (session, sql) = (session.clone(), sql.to_owned());
    clock.part(async move { session.query(&sql).await }).await.map_err(told)
}
