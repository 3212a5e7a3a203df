//! A job at work, and what it may take.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::super::job::{Beside, Job};
use super::told::of_session;
use crate::serve::access::{Ended, Ending};
use crate::serve::catalog::{self, Moment};
use crate::sources::Loaded;
use crate::sql::{self, Bounds, Damaged, Question, Session};
use crate::store::Location;

/// A job at work.
#[derive(Clone, Copy)]
pub(super) struct Answering<'a> {
    pub(super) job: &'a Job,
    /// The source as it was when it was asked.
    pub(super) place: &'a Location,
    pub(super) memory: u64,
    /// Other sources that the question names, each with what its tables are made with.
    pub(super) beside: &'a [(Beside, Loaded)],
}

impl<'a> Answering<'a> {
    /// What queries may take.
    pub(super) fn bounds(self) -> Bounds {
        Bounds {
            memory: Some(self.memory),
            time: Some(Duration::from_secs(self.job.seconds)),
            disk: Some(self.job.disk),
        }
    }

    pub(super) fn dirs(&self) -> [Location; 1] {
        [self.place.clone()]
    }

    pub(super) fn session(self, loaded: &Loaded) -> Result<Arc<Session>, Ended> {
        let session = Session::open_within(&self.dirs(), self.bounds(), loaded.as_ref());
        session.map(Arc::new).map_err(|error| of_session(&error))
    }

    /// The same over the files that are whole, and which are not: all are looked at.
    pub(super) fn whole(self, loaded: &Loaded) -> Result<(Arc<Session>, Damaged), Ended> {
        let session = Session::open_whole(&self.dirs(), self.bounds(), loaded.as_ref());
        let (session, damaged) = session.map_err(|error| of_session(&error))?;
        Ok((Arc::new(session), damaged))
    }

    /// A query over the source, and those that it names.
    pub(super) fn question<'l>(self, loaded: &'l Loaded, sql: &str) -> Question<'l>
    where
        'a: 'l,
    {
        let beside = self.beside.iter().map(|(of, loaded)| sql::Beside {
            name: of.name.clone(),
            place: of.moment.of(&of.dir),
            definitions: loaded.as_ref(),
        });
        let question = Question::new(&self.dirs(), self.bounds(), loaded.as_ref(), sql);
        let question = question.beside(beside.collect());
        if self.job.is_called { question.called(&self.job.name) } else { question }
    }
}

/// Whether merged outputs are those that were asked about.
pub(super) fn is_unchanged(job: &Job) -> Result<(), Ended> {
    let others = job.beside.iter().map(|beside| (&beside.dir, &beside.moment));
    std::iter::once((&job.dir, &job.moment)).chain(others).try_for_each(|(dir, moment)| same(dir, moment))
}

fn same(dir: &Path, moment: &Moment) -> Result<(), Ended> {
    let Moment::Merged(wanted) = moment else { return Ok(()) };
    let found = catalog::identity(dir)?;
    if found == *wanted {
        return Ok(());
    }
    let words = "the merged output was replaced while it was read\n(hint: ask again)";
    Err(Ended::new(Ending::SourceChanged, words))
}
