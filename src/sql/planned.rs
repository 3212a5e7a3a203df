//! A query that is about to be answered, from what is whole.

use datafusion::dataframe::DataFrame;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};

use super::bounds::{Bounds, Clock};
use super::damage::{Damaged, Look};
use super::error::SessionError;
use super::params::{ParamError, Params};
use super::session::Session;
use crate::store::Location;
use crate::tables::Definitions;

/// A query that has a plan over the files that are whole.
#[derive(Debug)]
pub struct Planned<'a> {
    asked: Asked<'a>,
    clock: Clock,
    /// Held as long as there are rows to come.
    session: Session,
    frame: DataFrame,
    /// Files that it would have read and that are known not to be whole.
    pub damaged: Damaged,
}

/// What was asked, and of what.
#[derive(Debug, Clone)]
struct Asked<'a> {
    dirs: Vec<Location>,
    bounds: Bounds,
    definitions: Definitions<'a>,
    sql: String,
}

/// The rows of a query.
pub struct Answer {
    /// The first are there: by then it is mostly known whether the files are whole.
    pub rows: SendableRecordBatchStream,
    /// Held as long as there are rows to come.
    pub session: Session,
    /// Files that are not whole; the answer is that of the others.
    pub damaged: Damaged,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("damaged", &self.damaged).finish_non_exhaustive()
    }
}

impl<'a> Planned<'a> {
    /// Plans a query over directories.
    ///
    /// # Errors
    /// A directory cannot be queried, or the query is none that can be answered.
    pub async fn of<'d, D>(
        dirs: &'d [D],
        bounds: Bounds,
        definitions: Definitions<'a>,
        sql: &str,
    ) -> Result<Self, SessionError>
    where
        Location: From<&'d D>,
    {
        let dirs = dirs.iter().map(Location::from).collect();
        Asked { dirs, bounds, definitions, sql: sql.to_owned() }.plan(Look::Sizes).await
    }

    /// What is asked of the engine.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The rows. If the first show that a file holds something else than what was written, all files are looked at and
    /// the query is asked again, once: no row was shown yet.
    ///
    /// # Errors
    /// A parameter has no value or one that does not fit; the query cannot be begun.
    pub async fn rows(self, params: &Params) -> Result<Answer, ParamError> {
        let asked = self.asked.clone();
        match self.begin(params).await {
            Err(ParamError::Session(error)) if error.is_of_changed_file() => {}
            answer => return answer,
        }
        match asked.plan(Look::Checksums).await?.begin(params).await {
            Err(ParamError::Session(error)) if error.is_of_changed_file() => {
                Err(SessionError::Changing.into())
            }
            answer => answer,
        }
    }

    async fn begin(self, params: &Params) -> Result<Answer, ParamError> {
        let Self { mut clock, session, frame, damaged, .. } = self;
        let frame = params.bind(frame)?;
        let rows = clock.part(async move { frame.execute_stream().await }).await?;
        let mut rows = clock.rows(rows);
        let first = rows.next().await.transpose().map_err(SessionError::from)?;
        let schema = rows.schema();
        let rows = stream::iter(first.map(Ok)).chain(rows);
        let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
        Ok(Answer { rows, session, damaged })
    }
}

impl<'a> Asked<'a> {
    async fn plan(self, look: Look) -> Result<Planned<'a>, SessionError> {
        let mut clock = self.bounds.start();
        let session = Session::open_within(&self.dirs, self.bounds, self.definitions)?;
        let frame = plan(&mut clock, &session, &self.sql).await?;
        let damaged = session.damaged(frame.logical_plan(), look)?;
        if damaged.is_empty() {
            return Ok(Planned { asked: self, clock, session, frame, damaged });
        }
        drop((frame, session));
        let session = Session::open_without(&self.dirs, self.bounds, &damaged, self.definitions)?;
        let frame = plan(&mut clock, &session, &self.sql).await?;
        Ok(Planned { asked: self, clock, session, frame, damaged })
    }
}

async fn plan(clock: &mut Clock, session: &Session, sql: &str) -> Result<DataFrame, SessionError> {
    let (session, sql) = (session.clone(), sql.to_owned());
    clock.part(async move { session.query(&sql).await }).await
}
