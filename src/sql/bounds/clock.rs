//! The time of a query.
//!
//! Plans and rows are made in a task of their own, so that whoever waits can stop waiting, and so that what the
//! engine breaks in its work is an error there and ends nobody else.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt, stream};
use tokio::sync::mpsc;

use crate::sql::error::SessionError;
use crate::sql::guard::Refusal;

/// Batches that are made before they are asked for.
const AHEAD: usize = 2;

/// A query at work. What it waits for its reader does not count.
#[derive(Debug)]
pub struct Clock {
    may: Option<Duration>,
    took: Duration,
}

impl Clock {
    pub(super) fn new(may: Option<Duration>) -> Self {
        Self { may, took: Duration::ZERO }
    }

    /// A part of the work, planning say.
    ///
    /// # Errors
    /// It takes longer than the query may, or fails.
    pub async fn part<T, E>(
        &mut self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, SessionError>
    where
        T: Send + 'static,
        E: Send + 'static,
        SessionError: From<E>,
    {
        let task = SpawnedTask::spawn(work);
        match self.waited(task).await? {
            Ok(done) => Ok(done?),
            Err(error) => Err(DataFusionError::ExecutionJoin(Box::new(error)).into()),
        }
    }

    /// The rows, until the time is over.
    pub fn rows(self, mut rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let schema = rows.schema();
        let task = SpawnedTask::spawn(async move {
            loop {
                let next = AssertUnwindSafe(rows.next()).catch_unwind().await;
                let next = next.unwrap_or_else(|panic| Some(Err(broken(&*panic))));
                let Some(batch) = next else { return };
                let is_last = batch.is_err();
                if sender.send(batch).await.is_err() || is_last {
                    return;
                }
            }
        });
        let at_work = Some((self, receiver, task));
        let within = stream::unfold(at_work, async |at_work| {
            let (mut clock, mut receiver, task) = at_work?;
            match clock.waited(receiver.recv()).await {
                Ok(next) => next.map(|batch| (batch, Some((clock, receiver, task)))),
                Err(late) => Some((Err(DataFusionError::External(Box::new(late))), None)),
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, within))
    }

    async fn waited<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Refusal> {
        let Some(may) = self.may else { return Ok(work.await) };
        let since = Instant::now();
        let done = before(may.saturating_sub(self.took), work).await;
        self.took += since.elapsed();
        done.ok_or_else(|| {
            Refusal::new(
                format!("the query takes longer than it may ({})", words(may)),
                "give it more with --timeout, or ask for less: fewer rows, columns or tables at once",
            )
        })
    }
}

/// What the engine broke with; its words say whether something was too long.
fn broken(panic: &(dyn Any + Send)) -> DataFusionError {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    match text.or_else(|| panic.downcast_ref::<&str>().copied()) {
        Some(text) if text.contains("overflow") => DataFusionError::Execution(text.to_owned()),
        text => DataFusionError::Internal(text.unwrap_or("a panic").to_owned()),
    }
}

/// Does the work, unless so much time is over before. The time is told by a thread of its own: the runtime's tells
/// none while queries keep all its threads busy.
async fn before<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    if let Some(done) = work.as_mut().now_or_never() {
        return Some(done);
    }
    let (late, is_late) = oneshot::channel();
    let (_done, is_done) = std::sync::mpsc::channel::<()>();
    let wait = move || {
        if is_done.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
            let _ = late.send(());
        }
    };
    std::thread::Builder::new().name("timer".into()).spawn(wait).ok()?;
    match select(work, is_late).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// `0.5 s`, `90 s`, as precise as it was asked for.
fn words(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
