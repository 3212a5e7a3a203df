//! What the workers of a run without locks have said of its users, share by share: where a run stands, and whether all of it
//! is done, without the rows of its ledger.
//!
//! A worker says where it stands with its beats, and at its end. Only where nobody has said it, the ledger of that share is
//! read: its worker died, or began just now, or knew another plan.

use std::collections::HashSet;

use super::problem::Problems;
use super::shard_status::{ShardStatus, parse};
use crate::event::{Counts, now_us};
use crate::leases::{Found, Listed, listed, said};
use crate::store::{Assignment, Manifest, Protocol, Run, RunState, StoreError};

/// So many holders are asked together what they said.
const TOGETHER: usize = 64;

/// What is known of a share.
#[derive(Debug)]
pub(super) enum Word {
    /// Nobody has ever had users of it: nothing is done.
    Nobody,
    /// Where its worker stands, or ended.
    Said(Box<ShardStatus>),
    /// The ledger has to be asked. With what was said, if anything was.
    Ledger(Option<Box<ShardStatus>>),
}

/// The shares of the newest division of a run.
#[derive(Debug)]
pub(super) struct Shares {
    /// How many.
    pub(super) of: u32,
    /// Each.
    pub(super) words: Vec<Word>,
}

/// The leases of the newest division, and its number; none if there never was any.
fn newest_division(mut listed: Vec<Listed>) -> Option<(u64, Vec<Listed>)> {
    let division = listed.iter().map(|one| one.lease.division).max()?;
    listed.retain(|one| one.lease.division == division);
    Some((division, listed))
}

impl Shares {
    /// What is said of a run now.
    ///
    /// # Errors
    /// The store cannot be asked.
    pub(super) fn of(run: &Run) -> Result<Self, StoreError> {
        if let Some((division, leases)) = newest_division(listed(run.storage())?) {
            return Self::read(run, division, &leases);
        }
        let of = run.manifest().shards;
        Ok(Self { of, words: (0..of).map(|_| Word::Nobody).collect() })
    }

    fn read(run: &Run, division: u64, leases: &[Listed]) -> Result<Self, StoreError> {
        Ok(Self::by(run.manifest(), division, leases, said(run.storage(), leases)?))
    }

    /// By what the holders of leases said.
    fn by(manifest: &Manifest, division: u64, leases: &[Listed], found: Vec<Found>) -> Self {
        let of = leases.first().map_or(1, |one| one.lease.share.of);
        // Of what workers of an earlier division did, those of this one know their own part.
        let unheard = || if division == 1 { Word::Nobody } else { Word::Ledger(None) };
        let mut words: Vec<Word> = (0..of).map(|_| unheard()).collect();
        for found in found {
            let Some(word) = words.get_mut(found.lease.share.index as usize) else { continue };
            let told = found.said.and_then(|said| parse(&said));
            let told = told.map(|told| Box::new(told.of_ended(found.ended)));
            *word = match told {
                Some(told) if is_all(&told, found.ended, manifest) => Word::Said(told),
                told => Word::Ledger(told),
            };
        }
        Self { of, words }
    }

    /// The shares, with what is known of each.
    pub(super) fn each(&self) -> impl Iterator<Item = (Assignment, &Word)> {
        let share = |index| Assignment { index, of: self.of };
        self.words.iter().enumerate().map(move |(index, word)| (share(index as u32), word))
    }

    /// Whether every unit of the plan has a row in the ledger.
    fn are_done(&self, run: &Run, manifest: &Manifest) -> Result<bool, StoreError> {
        let told = |word: &Word| match word {
            Word::Said(told) if told.of_units == Some(manifest.input.units) => Some(is_done(told.counts)),
            _ => None,
        };
        if self.words.iter().any(|word| told(word) == Some(false)) {
            return Ok(false);
        }
        // Nobody else has units, or somebody has whose share nobody ever had.
        let done: u64 =
            self.words.iter().map(|word| if told(word).is_some() { total(word) } else { 0 }).sum();
        let is_all_told = self.words.iter().all(|word| !matches!(word, Word::Ledger(_)));
        if manifest.only_shards.is_empty() && (is_all_told || done == manifest.input.units) {
            return Ok(done == manifest.input.units);
        }
        for (share, _) in self.each().filter(|(_, word)| told(word).is_none()) {
            if !run.has_rows_of(share, manifest)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a worker has said all there is to know: it has ended or lives, and knows the plan as it is.
fn is_all(told: &ShardStatus, ended: bool, manifest: &Manifest) -> bool {
    let is_heard = ended || !(told.process_is_gone() || told.is_silent(now_us()));
    is_heard && told.of_units == Some(manifest.input.units)
}

/// What went wrong in some shares, or in all if none is named, as their last workers have said.
///
/// # Errors
/// The store cannot be asked.
pub(super) fn problems_of(run: &Run, shares: &[Assignment]) -> Result<Problems, StoreError> {
    let mut leases = listed(run.storage())?;
    leases.retain(|one| shares.is_empty() || shares.contains(&one.lease.share));
    let (_, leases) = newest_division(leases).unwrap_or_default();
    let (mut units, mut count) = (Vec::new(), 0);
    for told in said(run.storage(), &leases)?.into_iter().filter_map(|found| parse(&found.said?)) {
        count += told.counts.failed + told.counts.skipped;
        units.extend(told.problems);
    }
    Ok(Problems { run: run.name(), units, count, damaged: Vec::new() })
}

fn total(word: &Word) -> u64 {
    if let Word::Said(told) = word { told.counts.total } else { 0 }
}

fn is_done(counts: Counts) -> bool {
    counts.done() >= counts.total
}

/// Whether nobody has a share, or may have left something there, and what was said of it last holds for the plan as it is,
/// by the leases of the run.
///
/// # Errors
/// The store cannot be asked.
pub(super) fn still_says(run: &Run, share: Assignment, leases: &[Listed]) -> Result<bool, StoreError> {
    let Some((_, mut own)) = newest_division(leases.to_vec()) else { return Ok(true) };
    own.retain(|one| one.lease.share.meets(share));
    if own.iter().any(|one| !one.ended) {
        return Ok(false);
    }
    if run.has_its_first_plan() {
        return Ok(true);
    }
    let units = Some(run.manifest().input.units);
    let of_units = |found: Found| parse(&found.said?)?.of_units;
    Ok(said(run.storage(), &own)?.into_iter().all(|found| of_units(found) == units))
}

/// Closes a run if every unit that belongs into it has a row in the ledger. Without locks, by what the workers have said at
/// their end; as long as one of them is at work, it is left to that one. Of a run in which nothing was left to do, in so many
/// units, `idle` has the leases.
///
/// # Errors
/// The run cannot be read or written.
pub(super) fn close(run: &Run, idle: Option<(Vec<Listed>, u64)>) -> Result<RunState, StoreError> {
    if run.protocol() == Protocol::Locks {
        return run.close_if_complete();
    }
    let manifest = run.manifest();
    let (is_idle, units) = (idle.is_some(), idle.as_ref().map(|(_, units)| *units));
    if is_idle && manifest.state == RunState::Complete {
        return Ok(RunState::Complete);
    }
    let leases = match idle {
        Some((leases, _)) => leases,
        None => listed(run.storage())?,
    };
    match newest_division(leases) {
        Some((_, leases)) if leases.iter().any(|lease| !lease.ended) => {
            if is_idle {
                Ok(RunState::Incomplete)
            } else {
                run.state_now()
            }
        }
        Some((1, leases)) if lacks_a_share(manifest, &leases) => Ok(RunState::Incomplete),
        Some((division, leases)) => run.close_if(|manifest| are_done(run, manifest, division, &leases)),
        // Nobody ever had the shares of the others.
        None if manifest.only_shards.is_empty()
            && units.is_some_and(|units| units < manifest.input.units) =>
        {
            Ok(RunState::Incomplete)
        }
        None => run.close_if_complete(),
    }
}

/// Whether nobody ever had one of the shares with users, of a run that was divided once.
fn lacks_a_share(manifest: &Manifest, leases: &[Listed]) -> bool {
    let had: HashSet<u32> = leases.iter().map(|one| one.lease.share.index).collect();
    let of = leases.first().map_or(0, |one| u64::from(one.lease.share.of)).min(manifest.input.users);
    manifest.only_shards.is_empty()
        && (had.len() as u64) < of
        && (0..of as u32).any(|index| !had.contains(&index))
}

/// Whether all is done, by what holders of leases said at their end; no more is read once one has said that it is not.
fn are_done(run: &Run, manifest: &Manifest, division: u64, leases: &[Listed]) -> Result<bool, StoreError> {
    let mut found = Vec::with_capacity(leases.len());
    for some in leases.chunks(TOGETHER) {
        let some = said(run.storage(), some)?;
        let told = some.iter().filter_map(|found| parse(found.said.as_deref()?));
        let mut told = told.filter(|told| told.of_units == Some(manifest.input.units));
        if told.any(|told| !is_done(told.counts)) {
            return Ok(false);
        }
        found.extend(some);
    }
    Shares::by(run.manifest(), division, leases, found).are_done(run, manifest)
}
