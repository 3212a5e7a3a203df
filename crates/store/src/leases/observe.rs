//! Who of all that hold leases of a run lives, for one who hands its shares to others.

use std::time::Duration;

use super::claim::Claim;
use super::look::{Looker, Sight, Sign};
use super::port::{StorePort, at_once};
use super::terms::Terms;
use super::watch::{Life, Watch};
use crate::store::{Storage, StoreError};
use crate::system::since_boot;

/// What was seen of the holders of leases that have not ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Observed {
    /// If one of them lives: those of whom it is not known that they do not, with their shares, in words.
    pub living: Vec<String>,
    /// The tokens of those that do not live.
    pub over: Vec<String>,
}

/// Watches until one of the holders is seen to live, or none does: its beat has not changed for too long by the clock of this
/// machine, or its end is `known` otherwise. `wait` is told once of who is watched, and how long that may take.
///
/// # Errors
/// The store cannot be asked.
pub fn observe(
    storage: &dyn Storage,
    terms: Terms,
    known: &dyn Fn(&Claim) -> bool,
    wait: &dyn Fn(&str, Duration),
) -> Result<Observed, StoreError> {
    let (mut looker, mut watch, mut told) = (Looker::of_all(), Watch::default(), false);
    loop {
        let goes_on = || false;
        let port = StorePort::new(storage, &goes_on);
        let Sight { before, .. } = at_once(looker.look(&port)).map_err(|error| error.of("of all".into()))?;
        let mut seen = Observed::default();
        let mut is_seen_alive = false;
        for sign in &before {
            let is_over = sign.claim.as_ref().is_some_and(|claim| claim.is_over() || known(claim));
            let life = watch.see(sign, since_boot(), &terms);
            if is_over || life == Life::Stale {
                seen.over.extend(sign.claim.as_ref().map(|claim| claim.token.clone()));
            } else {
                is_seen_alive |= life == Life::Lives;
                seen.living.push(words(sign));
            }
        }
        let Some(first) = seen.living.first().filter(|_| !is_seen_alive) else { return Ok(seen) };
        if !told {
            told = true;
            let more = seen.living.len() - 1;
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            wait(&format!("{first}{more}"), terms.ttl);
        }
        std::thread::sleep(terms.look);
    }
}

fn words(sign: &Sign) -> String {
    let holder = sign.claim.as_ref().map_or_else(|| "a process without a name".to_owned(), Claim::to_string);
    format!("shard {}: {holder}", sign.lease.share)
}
