//! A query that is about to be answered, from what is whole.

use datafusion::dataframe::DataFrame;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};

use super::bounds::{Bounds, Clock};
use super::damage::{Damaged, Look};
use super::elsewhere::{Helped, Spread};
use super::error::SessionError;
use super::params::{ParamError, Params};
use super::session::Session;
use crate::store::Location;
use crate::tables::Definitions;

/// A query that has a plan over the files that are whole.
#[derive(Debug)]
pub struct Planned<'a> {
    question: Question<'a>,
    clock: Clock,
    /// Held as long as there are rows to come.
    session: Session,
    frame: DataFrame,
    /// Files that it would have read and that are known not to be whole.
    pub damaged: Damaged,
}

/// A query, and of what it is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    dirs: Vec<Location>,
    bounds: Bounds,
    definitions: Definitions<'a>,
    sql: String,
    name: Option<String>,
    beside: Vec<Beside<'a>>,
    spread: Option<Spread>,
}

/// A directory whose tables a query has by a name in front of them: `"k6 old".public.te`.
#[derive(Debug, Clone)]
pub struct Beside<'a> {
    /// The name.
    pub name: String,
    /// The directory.
    pub place: Location,
    /// What its tables are made with.
    pub definitions: Definitions<'a>,
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

impl<'a> Question<'a> {
    /// A query over directories.
    pub fn new<'d, D>(dirs: &'d [D], bounds: Bounds, definitions: Definitions<'a>, sql: &str) -> Self
    where
        Location: From<&'d D>,
    {
        let dirs = dirs.iter().map(Location::from).collect();
        Self { dirs, bounds, definitions, sql: sql.to_owned(), name: None, beside: Vec::new(), spread: None }
    }

    /// The same, with a name for the directories, which may stand in front of schemas.
    #[must_use]
    pub fn called(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// The same, with other directories by their names.
    #[must_use]
    pub fn beside(self, beside: Vec<Beside<'a>>) -> Self {
        Self { beside, ..self }
    }

    /// The same of the directories as they are now, with help: other processes compute pieces of it.
    ///
    /// # Errors
    /// A directory cannot be queried, or not by others.
    pub fn helped(self, by: &Helped) -> Result<Self, SessionError> {
        let spread = Spread::of(&self.dirs, self.bounds, by)?;
        Ok(Self { dirs: spread.locations().to_vec(), spread: Some(spread), ..self })
    }

    /// Plans it.
    ///
    /// # Errors
    /// A directory cannot be queried, or the query is none that can be answered.
    pub async fn plan(self) -> Result<Planned<'a>, SessionError> {
        self.plan_after(Look::Sizes).await
    }

    async fn plan_after(self, look: Look) -> Result<Planned<'a>, SessionError> {
        let mut clock = self.bounds.start();
        let whole = vec![Damaged::default(); self.beside.len() + 1];
        let session = self.session(&whole)?;
        let frame = session.planned(&self.sql, &mut clock).await?;
        let found = session.damaged(frame.logical_plan(), look)?;
        if found.iter().all(Damaged::is_empty) {
            let damaged = Damaged::default();
            return Ok(Planned { question: self, clock, session, frame, damaged });
        }
        drop((frame, session));
        let session = self.session(&found)?;
        let frame = session.planned(&self.sql, &mut clock).await?;
        Ok(Planned { question: self, clock, session, frame, damaged: Damaged::named(found) })
    }

    /// A session without files that were found to be damaged: those of the directories, then of each beside them.
    fn session(&self, without: &[Damaged]) -> Result<Session, SessionError> {
        let (own, others) = without.split_first().ok_or(SessionError::Changing)?;
        let mut session = match &self.spread {
            None => Session::open_without(&self.dirs, self.bounds, own, self.definitions)?,
            Some(spread) => {
                Session::open_spread(&self.dirs, self.bounds, own, self.definitions, spread.partitions)?
            }
        };
        if let Some(name) = &self.name {
            session.call(name);
        }
        for (beside, without) in self.beside.iter().zip(others) {
            let places = [beside.place.clone()];
            let other = Session::open_without(&places, self.bounds, without, beside.definitions)?;
            session.put_beside(&beside.name, other);
        }
        Ok(session)
    }
}

impl Planned<'_> {
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
        let question = self.question.clone();
        match self.begin(params).await {
            Err(ParamError::Session(error)) if error.is_of_changed_file() => {}
            answer => return answer,
        }
        match question.plan_after(Look::Checksums).await?.begin(params).await {
            Err(ParamError::Session(error)) if error.is_of_changed_file() => {
                Err(SessionError::Changing.into())
            }
            answer => answer,
        }
    }

    async fn begin(self, params: &Params) -> Result<Answer, ParamError> {
        let Self { question, mut clock, session, frame, damaged } = self;
        let frame = params.bind(frame)?;
        let rows = match question.spread {
            None => clock.part(async move { frame.execute_stream().await }).await?,
            Some(spread) => {
                let asking = spread.asking(&question.sql, params, &damaged);
                clock.part(async move { spread.rows(asking, frame).await }).await?
            }
        };
        let mut rows = clock.rows(rows);
        let first = rows.next().await.transpose().map_err(SessionError::from)?;
        let schema = rows.schema();
        let rows = stream::iter(first.map(Ok)).chain(rows);
        let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
        Ok(Answer { rows, session, damaged })
    }
}
