//! The memory that the engine counts.

use std::fmt;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

use crate::progress::bytes;

/// Half of the memory of the process, shared by those that can go on on the disk. Says how much the process may
/// have, and not which part of a plan wanted it.
#[derive(Debug)]
pub(super) struct Pool {
    memory: u64,
    inner: FairSpillPool,
}

impl Pool {
    pub(super) fn new(memory: u64) -> Self {
        let share = usize::try_from(memory / 2).unwrap_or(usize::MAX);
        Self { memory, inner: FairSpillPool::new(share) }
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.inner.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.inner.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.inner.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let grown = self.inner.try_grow(reservation, additional);
        grown.map_err(|_| DataFusionError::ResourcesExhausted(bytes(self.memory)))
    }

    fn reserved(&self) -> usize {
        self.inner.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.inner.memory_limit()
    }
}
