//! What queries may take of a machine: memory, disk, time. Whoever asks, asks within these.

mod clock;
mod pool;

use std::sync::Arc;
use std::time::Duration;

use datafusion::error::Result;
use datafusion::execution::context::SessionConfig;
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

use crate::system;
pub use clock::Clock;
use pool::Pool;

/// What each partition of a plan needs at least, so that its sorts can be put together again.
const OF_A_PARTITION: u64 = 32 << 20;

/// What queries may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory of the process. Sorts and aggregates that hold half of it go on on the disk.
    pub memory: Option<u64>,
    /// Time of a query, from its text to its last row.
    pub time: Option<Duration>,
    /// Bytes of disk for what goes on there; half of what is free if nobody says it.
    pub disk: Option<u64>,
}

impl Bounds {
    /// Bounds of memory alone.
    pub fn of_memory(memory: Option<u64>) -> Self {
        Self { memory, ..Self::default() }
    }

    /// What queries may take where nobody says it: half of what is free.
    pub fn usual_memory() -> Option<u64> {
        system::free_memory().map(|free| free / 2)
    }

    /// Begins a query.
    pub fn start(&self) -> Clock {
        Clock::new(self.time)
    }

    /// The partitions of a plan that there is memory for, of those that are wanted.
    pub(super) fn partitions(&self, wanted: usize) -> usize {
        let most =
            self.memory.map(|memory| usize::try_from(memory / 2 / OF_A_PARTITION).unwrap_or(usize::MAX));
        most.unwrap_or(usize::MAX).min(wanted).max(1)
    }

    /// Bytes of disk, where it is known what is free.
    pub(super) fn disk_bytes(&self) -> Option<u64> {
        self.disk.or_else(|| system::free_disk(&std::env::temp_dir()).map(|free| free / 2))
    }

    /// Memory and disk of the engine, and no more partitions than there is memory for.
    pub(super) fn runtime(&self, config: &mut SessionConfig) -> Result<Arc<RuntimeEnv>> {
        let mut runtime = RuntimeEnvBuilder::new();
        if let Some(memory) = self.memory {
            let partitions = &mut config.options_mut().execution.target_partitions;
            *partitions = self.partitions(*partitions);
            runtime = runtime.with_memory_pool(Arc::new(Pool::new(memory)));
        }
        if let Some(disk) = self.disk_bytes() {
            let disk = DiskManagerBuilder::default().with_max_temp_directory_size(disk);
            runtime = runtime.with_disk_manager_builder(disk);
        }
        runtime.build_arc()
    }
}
