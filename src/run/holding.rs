//! What a worker holds while it works on a share: locks where the storage keeps them, else a lease.

use std::time::Duration;

use super::lock::ShardLock;
use super::shard_status::ShardStatus;
use super::stop::Stop;
use crate::leases::{Claim, Known, Lost, StorePort, Tenure, Terms, Want, at_once, seek};
use crate::store::{Assignment, Protocol, Run, Storage, StorageError, StoreError, Writer};
use crate::system::since_boot;

/// Held while a process works on a share of a run.
#[derive(Debug)]
pub(super) enum Holding {
    /// Given up when it is dropped or the process dies.
    Lock(Assignment, #[expect(dead_code, reason = "held until it is dropped")] ShardLock),
    /// Ended by [`Holding::end`], or stale when its process dies.
    Lease(Tenure),
}

impl Holding {
    /// Takes a share. `wait` is told once of whom is waited for, and how long at most if that is long. None if one was
    /// told to stop meanwhile.
    ///
    /// # Errors
    /// Another living worker has the share, or works in another division.
    pub(super) fn take(
        run: &Run,
        share: Assignment,
        (terms, stop): (Terms, &Stop),
        wait: impl Fn(&str, Option<Duration>),
    ) -> Result<Option<Self>, StoreError> {
        let storage = run.storage();
        if run.protocol() == Protocol::Locks {
            let lock = ShardLock::take(storage, share, |holder| wait(holder, None))?;
            return Ok(Some(Self::Lock(share, lock)));
        }
        let want = Want {
            share,
            claim: Claim::of_this_process(terms.ttl),
            terms,
            known: &known,
            wait: &|holder| wait(holder, Some(terms.ttl)),
        };
        let is_over = || stop.is_asked();
        let tenure = at_once(seek(&StorePort::new(storage, &is_over), &want));
        Ok(tenure.map_err(|error| error.of(share.to_string()))?.map(Self::Lease))
    }

    /// Whose files these are.
    pub(super) fn writer(&self) -> Writer {
        match self {
            Self::Lock(share, _) => Writer { share: *share, lease: None },
            Self::Lease(tenure) => tenure.writer(),
        }
    }

    /// The largest number of a lease of earlier divisions.
    pub(super) fn after(&self) -> u64 {
        match self {
            Self::Lock(..) => 0,
            Self::Lease(tenure) => tenure.after(),
        }
    }

    /// How often its holder has to say that it lives.
    pub(super) fn beat_every(&self) -> Option<Duration> {
        match self {
            Self::Lock(..) => None,
            Self::Lease(tenure) => Some(tenure.terms().beat),
        }
    }

    /// Says that it lives, and, but for the `first` time, looks whether it still has the share.
    pub(super) fn beat(&self, storage: &dyn Storage, body: Vec<u8>, first: bool) -> Result<(), StorageError> {
        let port = StorePort::new(storage, &|| false);
        match self {
            Self::Lock(..) => Ok(()),
            Self::Lease(tenure) if first => at_once(tenure.first_beat(&port, body)),
            Self::Lease(tenure) => at_once(tenure.beat(&port, body)),
        }
    }

    /// Says that it has ended, unless somebody else has the share already.
    pub(super) fn end(&self, storage: &dyn Storage, body: Vec<u8>) {
        let Self::Lease(tenure) = self else { return };
        if matches!(tenure.lost(since_boot()), Some(Lost::Taken { .. })) {
            return;
        }
        if !at_once(tenure.end(&StorePort::new(storage, &|| false), body)) {
            tracing::warn!("the end of lease {} could not be written: the next worker waits", tenure.lease());
        }
    }

    /// Why the share must not be written to any more, if that is so.
    pub(super) fn lost(&self) -> Option<StoreError> {
        let Self::Lease(tenure) = self else { return None };
        let share = tenure.lease().share;
        let shard = format!("{} of {}", share.index, share.of);
        Some(match tenure.lost(since_boot())? {
            Lost::Taken { by: lease } => StoreError::TakenOver { shard, lease },
            Lost::Unheard => StoreError::Unheard { shard, seconds: tenure.terms().stop.as_secs() },
        })
    }
}

/// What is known of a holder without waiting.
fn known(claim: &Claim, beat: Option<&[u8]>) -> Known {
    let told = || beat.and_then(|beat| serde_json::from_slice::<ShardStatus>(beat).ok());
    if claim.is_over() {
        Known::Over
    } else if told().is_some_and(|told| told.is_ending()) {
        Known::Ending
    } else {
        Known::Nothing
    }
}
