//! Where the tasks of runs stand, asked of schedulers now and then.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::error::BatchError;
use super::heard::{Asked, asked_about};
use super::load::Engines;
use super::record::submissions;
use super::view::BatchView;
use crate::run::RunStatus;
use crate::store::Run;

/// A scheduler serves all users of a cluster: it is not asked more often, however often somebody looks.
const AGAIN: Duration = Duration::from_secs(10);

/// What schedulers said last, by run.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    engines: Engines<'a>,
    last: HashMap<String, (Instant, Asked)>,
}

impl<'a> Watch<'a> {
    /// Has asked nobody yet.
    pub(crate) fn new(engines: Engines<'a>) -> Self {
        Self { engines, last: HashMap::new() }
    }

    /// The last submission of a run; none if there is none.
    ///
    /// # Errors
    /// Its records cannot be read.
    pub(crate) fn look(&mut self, run: &Run, status: &RunStatus) -> Result<Option<BatchView>, BatchError> {
        let Some(submission) = submissions(run)?.pop() else { return Ok(None) };
        let key = format!("{} {}", status.run_id, submission.number);
        let fresh =
            self.last.get(&key).filter(|(at, _)| at.elapsed() < AGAIN).map(|(_, asked)| asked.clone());
        let is_new = fresh.is_none();
        let asked = fresh.unwrap_or_else(|| {
            let asked = asked_about(&submission, self.engines);
            self.last.insert(key, (Instant::now(), asked.clone()));
            asked
        });
        let engine = self.engines.get(&submission.engine).ok();
        Ok(Some(BatchView { is_new, ..BatchView::of(run, status, &submission, &asked, engine.as_ref()) }))
    }
}
