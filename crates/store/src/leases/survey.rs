//! The newest lease of each share, for those who only look.

use std::collections::BTreeMap;

use super::names::{Kind, LEASES, Lease};
use crate::store::{Storage, StoreError, ask_each};

/// A lease, as a listing shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The lease.
    pub lease: Lease,
    /// Whether it has ended.
    pub ended: bool,
    has_beat: bool,
}

/// A lease, and what its holder last said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The lease.
    pub lease: Lease,
    /// Whether it has ended.
    pub ended: bool,
    /// What its holder said at its end, or with its last beat; none if it has just begun.
    pub said: Option<Vec<u8>>,
}

/// The newest lease of each share of every division, by division and share: one listing.
///
/// # Errors
/// The store cannot be asked.
pub fn listed(storage: &dyn Storage) -> Result<Vec<Listed>, StoreError> {
    let names = storage.list(LEASES)?;
    let mut newest: BTreeMap<(u32, u32), Listed> = BTreeMap::new();
    for (lease, kind) in names.iter().filter_map(|entry| Lease::parse(&entry.path)) {
        let seen = Listed { lease, ended: false, has_beat: false };
        let entry = newest.entry((lease.share.of, lease.share.index)).or_insert(seen);
        if entry.lease.number < lease.number {
            *entry = seen;
        }
        if entry.lease == lease {
            entry.has_beat |= kind == Kind::Beat;
            entry.ended |= kind == Kind::End;
        }
    }
    Ok(newest.into_values().collect())
}

/// What the holders of leases last said: one file each.
///
/// # Errors
/// The store cannot be asked.
pub fn said(storage: &dyn Storage, listed: &[Listed]) -> Result<Vec<Found>, StoreError> {
    ask_each(listed, |&Listed { lease, ended, has_beat }| {
        let kind = if ended { Kind::End } else { Kind::Beat };
        let said = if ended || has_beat { storage.read(&lease.file(kind))? } else { None };
        Ok(Found { lease, ended, said })
    })
}

/// The newest lease of each share of every division: one listing, and one file a share.
///
/// # Errors
/// The store cannot be asked.
pub fn newest(storage: &dyn Storage) -> Result<Vec<Found>, StoreError> {
    said(storage, &listed(storage)?)
}
