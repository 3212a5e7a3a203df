//! What a crash left behind is removed by the next worker of the share.

mod leftovers;
mod locks;
mod names;

use crate::store::{Entry, Protocol, Run, StoreError, Writer};
pub use leftovers::{Leftovers, Swept};
#[cfg(test)]
pub(crate) use names::{Dead, remove_dead};

/// Removes what a crash left behind, seen by the worker that has a share: by its lock, or by a lease, whose number is
/// `by.lease`. Of leases with numbers up to `after`, which are of earlier divisions of the run, all workers have ended or
/// are taken for dead. `seen` are the files of the share's ledger by which it is known already, if it is.
///
/// # Errors
/// The run cannot be read or written.
pub fn sweep(run: &Run, by: Writer, after: u64, seen: Option<&[Entry]>) -> Result<Swept, StoreError> {
    match run.protocol() {
        Protocol::Locks => Ok(Swept { leftovers: locks::sweep(run, by.share)?, ..Swept::default() }),
        Protocol::Names => names::sweep(run, by, after, seen),
    }
}
