//! What there is when one looks: who has the share, and which number is the next.

use std::collections::HashMap;

use super::claim::Claim;
use super::error::SeekError;
use super::names::{Kind, Lease, division_file, division_folder, numbers_before, share_folder};
use super::port::{Port, list, read};
use super::record::Division;
use crate::store::Assignment;

/// A lease that has not ended.
#[derive(Debug, Clone)]
pub(super) struct Sign {
    pub(super) lease: Lease,
    /// Its holder; none if the file cannot be understood.
    pub(super) claim: Option<Claim>,
    pub(super) beat: Option<Vec<u8>>,
}

/// What may be made once nobody is in the way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    /// The lease.
    Lease(Lease),
    /// The division of that number.
    Division(u64),
}

/// What was seen.
#[derive(Debug)]
pub(super) struct Sight {
    /// Who is in the way.
    pub(super) before: Vec<Sign>,
    pub(super) next: Next,
}

/// Looks again and again; what never changes is read once.
#[derive(Debug)]
pub(super) struct Looker {
    /// None if all are looked at.
    share: Option<Assignment>,
    /// Records of divisions, from 1.
    divisions: Vec<Division>,
    claims: HashMap<Lease, Option<Claim>>,
}

type Seen<T, P> = Result<T, SeekError<<P as Port>::Fault>>;

impl Looker {
    pub(super) fn new(share: Assignment) -> Self {
        Self { share: Some(share), divisions: Vec::new(), claims: HashMap::new() }
    }

    /// One that looks at all shares.
    pub(super) fn of_all() -> Self {
        Self { share: None, divisions: Vec::new(), claims: HashMap::new() }
    }

    pub(super) async fn look<P: Port>(&mut self, port: &P) -> Seen<Sight, P> {
        self.read_divisions(port).await?;
        let newest = self.divisions.len() as u64;
        let Some(division) = self.divisions.last().cloned() else {
            return Ok(Sight { before: Vec::new(), next: Next::Division(1) });
        };
        let ours = self.share.filter(|share| share.of == division.of);
        let folder = ours.map_or_else(|| division_folder(newest), |share| share_folder(newest, share));
        let leases = leases(&list(port, folder).await.map_err(SeekError::Fault)?);
        let highest = leases.iter().map(|(lease, _)| lease.number).fold(numbers_before(newest), u64::max);
        let mut open = open_leases(&leases);
        if newest > 1 {
            let earlier = list(port, division_folder(newest - 1)).await.map_err(SeekError::Fault)?;
            open.extend(
                open_leases(&self::leases(&earlier)).into_iter().filter(|lease| !division.buried(*lease)),
            );
        }
        let mut before = Vec::with_capacity(open.len());
        for lease in open {
            before.push(self.sign(port, lease).await?);
        }
        let next = ours.map_or(Next::Division(newest + 1), |share| {
            Next::Lease(Lease { division: newest, share, number: highest + 1 })
        });
        Ok(Sight { before, next })
    }

    async fn read_divisions<P: Port>(&mut self, port: &P) -> Seen<(), P> {
        loop {
            let file = division_file(self.divisions.len() as u64 + 1);
            let Some(bytes) = read(port, file.clone()).await.map_err(SeekError::Fault)? else {
                return Ok(());
            };
            let division = Division::parse(&bytes).map_err(|what| SeekError::Damaged { file, what })?;
            self.divisions.push(division);
        }
    }

    async fn sign<P: Port>(&mut self, port: &P, lease: Lease) -> Seen<Sign, P> {
        let claim = if let Some(known) = self.claims.get(&lease) {
            known.clone()
        } else {
            let bytes = read(port, lease.file(Kind::Taken)).await.map_err(SeekError::Fault)?;
            let claim = bytes.and_then(|bytes| Claim::parse(&bytes));
            self.claims.insert(lease, claim.clone());
            claim
        };
        let beat = read(port, lease.file(Kind::Beat)).await.map_err(SeekError::Fault)?;
        Ok(Sign { lease, claim, beat })
    }
}

/// The leases that files belong to, and whether it is the one that says that it has ended.
fn leases(names: &[String]) -> Vec<(Lease, bool)> {
    let leases = names.iter().filter_map(|name| Lease::parse(name));
    leases.map(|(lease, kind)| (lease, kind == Kind::End)).collect()
}

/// The newest lease of each share, where it has not ended.
fn open_leases(leases: &[(Lease, bool)]) -> Vec<Lease> {
    let mut newest: Vec<(Lease, bool)> = Vec::new();
    for &(lease, is_end) in leases {
        match newest.iter_mut().find(|(other, _)| other.share == lease.share) {
            Some((other, ended)) if other.number == lease.number => *ended |= is_end,
            Some(entry) if entry.0.number < lease.number => *entry = (lease, is_end),
            Some(_) => {}
            None => newest.push((lease, is_end)),
        }
    }
    newest.into_iter().filter(|(_, ended)| !ended).map(|(lease, _)| lease).collect()
}
