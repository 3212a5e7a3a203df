//! Threads for those who act, which are there for many cases.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Most that act in one case.
pub(super) const MOST: usize = 7;

/// Threads for each of them. With one, what it does in parallel is done one after the other.
#[derive(Clone)]
pub(super) struct Cast(Arc<[ThreadPool]>);

impl Cast {
    pub(super) fn new(threads: usize) -> Self {
        let pool = |_| ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        Self((0..MOST).map(pool).collect())
    }

    pub(super) fn spawn(&self, who: usize, what: impl FnOnce() + Send + 'static) {
        self.0[who].spawn(what);
    }
}
