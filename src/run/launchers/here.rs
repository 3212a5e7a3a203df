//! A worker in this process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::engine;
use crate::event::{Event, EventSink};
use crate::leases::Terms;
use crate::run::error::{LaunchError, WorkerError};
use crate::run::launch::{End, EndKind, Launcher, Live, Share, Urgency};
use crate::run::orders::Orders;
use crate::run::stop::Stop;
use crate::run::worker::{ShardOutcome, Worker};
use crate::schema::Schemas;

/// Does the work in this process.
#[derive(Debug)]
pub struct Here<'a> {
    /// The tables.
    pub schemas: &'a Schemas,
    /// The process that looks after this one, if it is a worker.
    pub supervisor: Option<u32>,
    /// The times of leases, where the run's storage keeps no locks.
    pub terms: Terms,
}

impl<'a> Here<'a> {
    /// A worker that nobody looks after.
    pub fn new(schemas: &'a Schemas) -> Self {
        Self { schemas, supervisor: None, terms: Terms::default() }
    }

    /// Does a share, in the caller's thread and those it starts.
    ///
    /// # Errors
    /// As [`Worker::work`]; the analysis cannot be made ready.
    pub fn work(
        &self,
        share: &Share<'_>,
        orders: &Orders,
        tell: &dyn EventSink,
        stop: &Stop,
    ) -> Result<ShardOutcome, WorkerError> {
        let engine = engine(&share.run.manifest().config, self.schemas, share.timeout)?;
        let worker = Worker {
            run: share.run,
            schemas: self.schemas,
            engine: &*engine,
            assignment: share.assignment,
            threads: share.threads,
            redo: share.redo,
            orders,
            stop,
            supervisor: self.supervisor,
            terms: self.terms,
        };
        worker.work(tell)
    }
}

/// A share that is done when it is followed.
struct Begun<'a> {
    here: &'a Here<'a>,
    share: &'a Share<'a>,
    orders: Orders,
    stop: Stop,
}

impl Launcher for Here<'_> {
    fn launch<'a>(
        &'a self,
        share: &'a Share<'a>,
        orders: &Orders,
    ) -> Result<Arc<dyn Live + 'a>, LaunchError> {
        Ok(Arc::new(Begun { here: self, share, orders: orders.clone(), stop: Stop::default() }))
    }

    fn silence(&self) -> Option<Duration> {
        None
    }
}

/// Passes events on and keeps count.
struct Counted<'a>(&'a dyn EventSink, Mutex<End>);

impl EventSink for Counted<'_> {
    fn emit(&self, event: &Event) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).take(event);
        self.0.emit(event);
    }
}

impl Live for Begun<'_> {
    fn follow(&self, tell: &dyn EventSink) -> End {
        let counted = Counted(tell, Mutex::default());
        let result = self.here.work(self.share, &self.orders, &counted, &self.stop);
        let mut end = counted.1.into_inner().unwrap_or_else(PoisonError::into_inner);
        end.kind = match result {
            Ok(outcome) if outcome.interrupted => EndKind::Interrupted,
            Ok(outcome) => {
                end.idle = outcome.idle;
                EndKind::Finished
            }
            Err(error) => EndKind::Failed(error),
        };
        end
    }

    fn stop(&self, how: Urgency) {
        // A thread cannot be ended from outside; who wants that ends the process.
        if how == Urgency::Soon && !self.stop.is_asked() {
            self.stop.ask();
        }
    }
}
