//! Who computes partitions of queries, where this process does not.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::received::Received;
use super::share::{Asking, Share};
use super::unshared::Unshared;

/// Has partitions of queries computed by other processes.
#[async_trait]
pub trait Helper: Debug + Send + Sync {
    /// How many partitions are computed at the same time.
    fn partitions(&self) -> usize;

    /// Makes sure that who computes sees what a query is asked of.
    ///
    /// # Errors
    /// What is not seen, and where.
    async fn prepare(&self, asking: &Asking) -> Result<(), Unshared>;

    /// Has all partitions of a share computed; comes back when their rows are there.
    ///
    /// # Errors
    /// What keeps a partition from being computed.
    async fn compute(&self, share: &Share, rows: &Received) -> Result<(), Unshared>;
}

/// A helper, and what the processes that it asks have to know besides.
#[derive(Debug, Clone)]
pub struct Helped {
    /// Who helps.
    pub helper: Arc<dyn Helper>,
    /// Folder of tables and queries of the user's own.
    pub definitions: Option<PathBuf>,
}
