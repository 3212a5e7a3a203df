//! A query that is about to be answered, from what is whole.

use std::path::PathBuf;

use datafusion::dataframe::DataFrame;
use datafusion::physical_plan::SendableRecordBatchStream;

use super::hint::told;
use crate::cli::definitions::Loaded;
use crate::cli::speak::say_line;
use crate::error::{Exit, Failure};
use crate::sql::{Bounds, Clock, ParamError, Params, Session};

/// Where queries are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Runs and outputs.
    pub(super) dirs: &'a [PathBuf],
    /// What queries may take.
    pub(super) bounds: Bounds,
    pub(super) loaded: &'a Loaded,
    /// Whether damaged files that the query needs are an error.
    pub(super) strict: bool,
}

impl Asked<'_> {
    /// A session over all of it.
    pub(super) fn session(&self) -> Result<Session, Failure> {
        Session::open_within(self.dirs, self.bounds, self.loaded.as_ref()).map_err(Failure::error)
    }

    /// Plans a query over the files that are whole, and says what exit code the answer has. Damaged files that it would
    /// have read are named.
    pub(super) async fn plan(&self, sql: &str) -> Result<Planned, Failure> {
        let mut clock = self.bounds.start();
        let session = self.session()?;
        let frame = planned(&mut clock, &session, sql).await?;
        let damaged = session.damaged(frame.logical_plan()).map_err(Failure::error)?;
        if damaged.is_empty() {
            return Ok(Planned { clock, session, frame, exit: Exit::Done });
        }
        let what = "data files that the query needs are damaged";
        if self.strict {
            return Err(Failure::incomplete(format!("{what}:\n{}", damaged.words())));
        }
        drop((frame, session));
        say_line(format_args!("warning: {what}; the answer is that of the others:\n{}", damaged.words()));
        let session = Session::open_without(self.dirs, self.bounds, &damaged, self.loaded.as_ref());
        let session = session.map_err(Failure::error)?;
        let frame = planned(&mut clock, &session, sql).await?;
        Ok(Planned { clock, session, frame, exit: Exit::Incomplete })
    }
}

/// A query that has a plan.
pub(super) struct Planned {
    clock: Clock,
    /// Held as long as there are rows to come.
    session: Session,
    frame: DataFrame,
    /// What the answer comes to, if nothing goes wrong.
    pub(super) exit: Exit,
}

impl Planned {
    /// The rows, with the session that they are of.
    pub(super) async fn rows(self, params: &Params) -> Result<(SendableRecordBatchStream, Session), Failure> {
        let Self { mut clock, session, frame, .. } = self;
        let frame = params.bind(frame).map_err(|error| match error {
            ParamError::Session(error) => told(error),
            error => Failure::usage(error),
        })?;
        let rows = clock.part(async move { frame.execute_stream().await }).await.map_err(told)?;
        Ok((clock.rows(rows), session))
    }
}

async fn planned(clock: &mut Clock, session: &Session, sql: &str) -> Result<DataFrame, Failure> {
    let (session, sql) = (session.clone(), sql.to_owned());
    clock.part(async move { session.query(&sql).await }).await.map_err(told)
}
