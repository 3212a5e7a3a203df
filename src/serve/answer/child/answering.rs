//! A job at work, and what it may take.

use std::sync::Arc;
use std::time::Duration;

use super::super::job::Job;
use super::told::of_session;
use crate::serve::access::{Ended, Ending};
use crate::serve::catalog::{self, Moment};
use crate::sources::Loaded;
use crate::sql::{Bounds, Damaged, Session};
use crate::store::Location;

/// A job at work.
#[derive(Clone, Copy)]
pub(super) struct Answering<'a> {
    pub(super) job: &'a Job,
    /// The source as it was when it was asked.
    pub(super) place: &'a Location,
    pub(super) memory: u64,
}

impl Answering<'_> {
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

    /// Whether a merged output is the one that was asked about.
    pub(super) fn is_unchanged(self) -> Result<(), Ended> {
        let Moment::Merged(wanted) = &self.job.moment else { return Ok(()) };
        let found =
            catalog::identity(&self.job.dir).map_err(|words| Ended::new(Ending::SourceDamaged, words))?;
        if found == *wanted {
            return Ok(());
        }
        let words = "the merged output was replaced while it was read\n(hint: ask again)";
        Err(Ended::new(Ending::SourceChanged, words))
    }
}
