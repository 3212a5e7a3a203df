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
pub struct Planned {
    clock: Clock,
    /// Held as long as there are rows to come.
    session: Session,
    frame: DataFrame,
    /// Files that it would have read; the answer is that of the others.
    pub damaged: Damaged,
}

impl Planned {
    /// Plans a query over directories.
    ///
    /// # Errors
    /// A directory cannot be queried, or the query is none that can be answered.
    pub async fn of<'a, D>(
        dirs: &'a [D],
        bounds: Bounds,
        definitions: Definitions<'_>,
        sql: &str,
        look: Look,
    ) -> Result<Self, SessionError>
    where
        Location: From<&'a D>,
    {
        let mut clock = bounds.start();
        let session = Session::open_within(dirs, bounds, definitions)?;
        let frame = plan(&mut clock, &session, sql).await?;
        let damaged = session.damaged(frame.logical_plan(), look)?;
        if damaged.is_empty() {
            return Ok(Self { clock, session, frame, damaged });
        }
        drop((frame, session));
        let session = Session::open_without(dirs, bounds, &damaged, definitions)?;
        let frame = plan(&mut clock, &session, sql).await?;
        Ok(Self { clock, session, frame, damaged })
    }

    /// What is asked of the engine.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The rows, with the session that they are of. The first are there: by then it is mostly known whether the files
    /// are whole.
    ///
    /// # Errors
    /// A parameter has no value or one that does not fit; the query cannot be begun.
    pub async fn rows(self, params: &Params) -> Result<(SendableRecordBatchStream, Session), ParamError> {
        let Self { mut clock, session, frame, .. } = self;
        let frame = params.bind(frame)?;
        let rows = clock.part(async move { frame.execute_stream().await }).await?;
        let mut rows = clock.rows(rows);
        let first = rows.next().await.transpose().map_err(SessionError::from)?;
        let schema = rows.schema();
        let rows = stream::iter(first.map(Ok)).chain(rows);
        Ok((Box::pin(RecordBatchStreamAdapter::new(schema, rows)), session))
    }
}

async fn plan(clock: &mut Clock, session: &Session, sql: &str) -> Result<DataFrame, SessionError> {
    let (session, sql) = (session.clone(), sql.to_owned());
    clock.part(async move { session.query(&sql).await }).await
}
