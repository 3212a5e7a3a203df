//! Who may ask when, and for how long: a queue, children that wait, deadlines.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::asking::{Asker, Counts, Finished, Limits, Running};
use super::frame::Frame;
use super::job::Job;
use super::process::Process;
use super::starter::Starter;
use super::work::{Ends, Work, stopping};
use crate::beside::Scratch;
use crate::serve::access::{Ended, Ending};

/// Children that are started before they are needed.
const SPARE: usize = 2;

/// Frames that are read before they are asked for.
const AHEAD: usize = 2;

/// Answers questions, so many at a time.
#[derive(Debug, Clone)]
pub(crate) struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Arc<Limits>,
    slots: Arc<Semaphore>,
    waiting: Mutex<HashMap<String, usize>>,
    spares: Mutex<Vec<Process>>,
    running: Mutex<BTreeMap<u64, Running>>,
    starter: Starter,
    number: AtomicU64,
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    folder: Scratch,
}

/// An answer that is coming in.
#[derive(Debug)]
pub(crate) struct Answer {
    /// By which it can be cancelled.
    pub id: u64,
    frames: mpsc::Receiver<Result<Frame, Ended>>,
}

impl Answer {
    /// The next part; after [`Frame::Done`] and after an error there is none.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>, Ended> {
        self.frames.recv().await.transpose()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Begins, within a runtime.
    ///
    /// # Errors
    /// There is no folder for what need not last.
    pub(crate) fn begin(limits: Limits) -> io::Result<Self> {
        static POOLS: AtomicU64 = AtomicU64::new(0);
        let folder = Scratch::new(&format!("serve-{}", POOLS.fetch_add(1, Ordering::Relaxed)))?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700))?;
        let pool = Self(Arc::new(Inner {
            slots: Arc::new(Semaphore::new(limits.queries)),
            limits: Arc::new(limits),
            waiting: Mutex::default(),
            spares: Mutex::default(),
            running: Mutex::default(),
            starter: Starter::begin()?,
            number: AtomicU64::new(1),
            counts: Arc::default(),
            stop: watch::channel(false).0,
            folder,
        }));
        pool.refill();
        Ok(pool)
    }

    /// What queries may take.
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What was done so far.
    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// Questions that wait.
    pub(crate) fn waiting(&self) -> usize {
        locked(&self.0.waiting).values().sum()
    }

    /// Questions that are being answered.
    pub(crate) fn running(&self) -> Vec<Running> {
        locked(&self.0.running).values().cloned().collect()
    }

    /// Ends one; whether there was one.
    pub(crate) fn cancel(&self, id: u64) -> bool {
        locked(&self.0.running).get(&id).is_some_and(|running| running.cancel.send(true).is_ok())
    }

    /// Ends all that are answered or wait: the service stops.
    pub(crate) fn stop(&self) {
        self.0.stop.send_replace(true);
        self.0.slots.close();
    }

    /// Asks. `finished` is told once, when all is over.
    ///
    /// # Errors
    /// There are too many questions, or this one waited too long.
    pub(crate) async fn ask(
        &self,
        asker: Asker,
        job: Job,
        finished: impl FnOnce(Finished) + Send + 'static,
    ) -> Result<Answer, Ended> {
        let since = Instant::now();
        let refused =
            |ended: &Ended| Finished { ended: Some(ended.clone()), rows: 0, bytes: 0, took: since.elapsed() };
        let slot = match self.slot(&asker).await {
            Ok(slot) => slot,
            Err(ended) => {
                finished(refused(&ended));
                return Err(ended);
            }
        };
        let process = match self.process().await {
            Ok(process) => process,
            Err(error) => {
                let ended = Ended::new(Ending::Died, format!("no process could be started: {error}"));
                finished(refused(&ended));
                return Err(ended);
            }
        };
        let (cancel, cancelled) = watch::channel(false);
        let id = self.0.number.fetch_add(1, Ordering::Relaxed);
        let Asker { token, ended, source, what } = asker;
        locked(&self.0.running).insert(id, Running { id, token, source, what, since, cancel });
        let (send, frames) = mpsc::channel(AHEAD);
        let ends = Ends { cancelled, ended, stopped: self.0.stop.subscribe() };
        let work = Work { limits: Arc::clone(&self.0.limits), since, ends, send };
        let pool = self.clone();
        tokio::spawn(async move {
            let told = work.run(process, job).await;
            locked(&pool.0.running).remove(&id);
            drop(slot);
            let counts = pool.counts();
            counts.rows.fetch_add(told.rows, Ordering::Relaxed);
            counts.bytes.fetch_add(told.bytes, Ordering::Relaxed);
            finished(told);
        });
        Ok(Answer { id, frames })
    }

    /// A place among those that are answered; of the queue nobody has more than half.
    async fn slot(&self, asker: &Asker) -> Result<OwnedSemaphorePermit, Ended> {
        if let Ok(slot) = Arc::clone(&self.0.slots).try_acquire_owned() {
            return Ok(slot);
        }
        if self.0.slots.is_closed() {
            return Err(stopping());
        }
        let limits = &self.0.limits;
        let _waits = {
            let mut waiting = locked(&self.0.waiting);
            let all: usize = waiting.values().sum();
            let own = waiting.entry(asker.token.clone()).or_default();
            if all >= limits.queue || *own >= limits.queue.div_ceil(2) {
                let words = format!(
                    "{all} queries wait already\n(hint: ask again in a moment; --queue has more wait)"
                );
                return Err(Ended::new(Ending::QueueFull, words));
            }
            *own += 1;
            Waits { pool: self, token: &asker.token }
        };
        let slot = Arc::clone(&self.0.slots).acquire_owned();
        match tokio::time::timeout(limits.wait, slot).await {
            Ok(Ok(slot)) => return Ok(slot),
            Ok(Err(_)) => return Err(stopping()),
            Err(_) => {}
        }
        let words = format!(
            "the query waited {} s for its turn\n(hint: ask again in a moment; --queries has more at a time)",
            limits.wait.as_secs()
        );
        Err(Ended::new(Ending::QueueFull, words))
    }

    async fn process(&self) -> io::Result<Process> {
        while let Some(mut spare) = { locked(&self.0.spares).pop() } {
            if spare.is_alive() {
                self.refill();
                return Ok(spare);
            }
        }
        let started = self.start().await;
        self.refill();
        started
    }

    async fn start(&self) -> io::Result<Process> {
        let number = self.0.counts.started.fetch_add(1, Ordering::Relaxed);
        let folder = self.0.folder.path().join(number.to_string());
        let limits = &self.0.limits;
        let own = (limits.memory, &limits.environment);
        Process::start(&self.0.starter, &limits.program, &folder, own, &self.0.counts).await
    }

    /// Has children wait for the next questions.
    fn refill(&self) {
        let pool = self.clone();
        tokio::spawn(async move {
            while locked(&pool.0.spares).len() < SPARE.min(pool.0.limits.queries) {
                match pool.start().await {
                    Ok(spare) => locked(&pool.0.spares).push(spare),
                    Err(error) => return tracing::error!("no process could be started: {error}"),
                }
            }
        });
    }
}

/// Counted among those that wait.
struct Waits<'a> {
    pool: &'a Pool,
    token: &'a str,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut waiting = locked(&self.pool.0.waiting);
        if let Some(own) = waiting.get_mut(self.token) {
            *own -= 1;
            if *own == 0 {
                waiting.remove(self.token);
            }
        }
    }
}
