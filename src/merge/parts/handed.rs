//! What the first of several processes has found out, so that the others need not: where parts begin, and what a pass over
//! plan and ledger has seen.

use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::record::Record;
use crate::merge::survey::Seen;

/// What is handed on.
#[derive(Debug, Deserialize)]
pub(super) struct Handed {
    pub(super) bounds: Bounds,
    pub(super) seen: Seen,
}

/// The same, while it belongs to somebody else.
#[derive(Serialize)]
struct Given<'a> {
    bounds: &'a Bounds,
    seen: &'a Seen,
}

impl Handed {
    /// As a file.
    pub(super) fn encode(bounds: &Bounds, seen: &Seen) -> Result<Vec<u8>, ParquetError> {
        Record::new(Vec::new(), &Given { bounds, seen }).encode()
    }

    /// Reads one; none if it is not what was written.
    pub(super) fn decode(bytes: Vec<u8>) -> Option<Self> {
        Record::decode(bytes)?.note()
    }
}
