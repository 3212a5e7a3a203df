//! Why a share is not had.

use crate::store::{StorageError, StoreError};

/// Why somebody did not get a lease.
#[derive(Debug)]
pub enum SeekError<F> {
    /// A living worker has it, or works in another division.
    Held {
        /// Who, in words.
        holder: String,
    },
    /// The store does not answer.
    Fault(F),
    /// A record cannot be understood.
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
}

impl SeekError<StorageError> {
    /// The same of the share of a run.
    pub fn of(self, shard: String) -> StoreError {
        match self {
            Self::Held { holder } => StoreError::Locked { shard, holder },
            Self::Fault(error) => error.into(),
            Self::Damaged { file, what } => StoreError::Damaged { file, what },
        }
    }
}
