//! The workers that live, so that a wish to stop reaches them, and one that hangs is ended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::launch::{Live, Urgency};
use super::stop::Stop;

/// How often is looked.
const LOOK: Duration = Duration::from_millis(20);

/// All of them, by shard.
pub(super) struct Living<'a> {
    stop: &'a Stop,
    silence: Option<Duration>,
    workers: Mutex<BTreeMap<u32, Worker<'a>>>,
}

struct Worker<'a> {
    live: Arc<dyn Live + 'a>,
    heard: Instant,
    hangs: bool,
}

impl<'a> Living<'a> {
    pub(super) fn new(stop: &'a Stop, silence: Option<Duration>) -> Self {
        Self { stop, silence, workers: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Worker<'a>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, shard: u32, live: Arc<dyn Live + 'a>) {
        self.lock().insert(shard, Worker { live, heard: Instant::now(), hangs: false });
    }

    /// A sign of life.
    pub(super) fn hear(&self, shard: u32) {
        if let Some(worker) = self.lock().get_mut(&shard) {
            worker.heard = Instant::now();
        }
    }

    /// Gives the time for which the worker had said nothing, if it was ended for that.
    pub(super) fn end(&self, shard: u32) -> Option<Duration> {
        self.lock().remove(&shard).filter(|worker| worker.hangs).and(self.silence)
    }

    pub(super) fn stopping(&self) -> bool {
        self.stop.is_asked()
    }

    /// Has all others stop, since one cannot be started.
    pub(super) fn stop_all(&self) {
        self.stop.ask();
    }

    /// Passes the wishes to stop on, the first and the second, until all has ended.
    pub(super) fn pass_on(&self, ended: &AtomicBool) {
        let mut looked = Instant::now();
        while !ended.load(Ordering::Relaxed) {
            // Who was stopped for a while, as a batch system may do, has heard nothing from anybody.
            let was_stopped = self.silence.is_some_and(|silence| looked.elapsed() > silence / 10);
            looked = Instant::now();
            for worker in self.lock().values_mut() {
                if self.stop.is_asked() {
                    worker.live.stop(Urgency::Soon);
                }
                if was_stopped {
                    worker.heard = looked;
                }
                worker.hangs |= self.silence.is_some_and(|silence| worker.heard.elapsed() > silence);
                if worker.hangs || self.stop.is_urgent() {
                    worker.live.stop(Urgency::Now);
                }
            }
            std::thread::sleep(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventSink;
    use crate::run::launch::End;

    #[derive(Default)]
    struct Told(AtomicBool);

    impl Live for Told {
        fn follow(&self, _: &dyn EventSink) -> End {
            End::default()
        }

        fn stop(&self, how: Urgency) {
            self.0.store(how == Urgency::Now, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_worker_that_says_nothing_is_ended() {
        let stop = Stop::default();
        let silence = Duration::from_millis(600);
        let living = Living::new(&stop, Some(silence));
        let (silent, heard) = (Arc::new(Told::default()), Arc::new(Told::default()));
        living.begin(0, Arc::<Told>::clone(&silent));
        living.begin(1, Arc::<Told>::clone(&heard));
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| living.pass_on(&ended));
            while !silent.0.load(Ordering::Relaxed) {
                living.hear(1);
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(!heard.0.load(Ordering::Relaxed));
            assert_eq!((living.end(0), living.end(1)), (Some(silence), None));
            ended.store(true, Ordering::Relaxed);
        });
    }
}
