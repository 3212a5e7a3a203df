//! Whether a holder lives, by whether its beat changes.

use std::collections::HashMap;
use std::time::Duration;

use super::look::Sign;
use super::names::Lease;
#[cfg(test)]
use super::terms::Break;
use super::terms::Terms;

/// What an observer has seen, by its own clock.
#[derive(Debug, Default)]
pub(super) struct Watch(HashMap<Lease, Seen>);

#[derive(Debug)]
struct Seen {
    beat: Option<Vec<u8>>,
    since: Duration,
    changed: bool,
}

/// What is known of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Not yet.
    Unknown,
    /// Its beat has changed.
    Lives,
    /// Its beat has not changed for too long.
    Stale,
}

impl Watch {
    /// Takes in a look at a lease. The first one says nothing: its beat may be an hour old, or of just now.
    pub(super) fn see(&mut self, sign: &Sign, now: Duration, terms: &Terms) -> Life {
        let ttl = sign.claim.as_ref().map_or(terms.ttl, |claim| Duration::from_millis(claim.ttl_ms));
        #[cfg(test)]
        if let Some(life) = self.broken(sign, now, terms) {
            return life;
        }
        let Some(seen) = self.0.get_mut(&sign.lease) else {
            self.0.insert(sign.lease, Seen { beat: sign.beat.clone(), since: now, changed: false });
            return Life::Unknown;
        };
        if seen.beat != sign.beat {
            *seen = Seen { beat: sign.beat.clone(), since: now, changed: true };
        }
        if now.saturating_sub(seen.since) > ttl {
            Life::Stale
        } else if seen.changed {
            Life::Lives
        } else {
            Life::Unknown
        }
    }

    /// What an observer would say that breaks a rule.
    #[cfg(test)]
    fn broken(&self, sign: &Sign, now: Duration, terms: &Terms) -> Option<Life> {
        let beat = sign.beat.as_ref()?;
        if terms.breaks(Break::WallClock) {
            let told: i64 = String::from_utf8_lossy(beat).split(' ').next()?.parse().ok()?;
            let age = now.as_millis() as i64 + terms.wall_ms - told;
            return Some(if age > terms.ttl.as_millis() as i64 { Life::Stale } else { Life::Unknown });
        }
        let is_first = !self.0.contains_key(&sign.lease);
        let sum: u32 = beat.iter().map(|byte| u32::from(*byte)).sum();
        (terms.breaks(Break::FirstLook) && is_first && sum.is_multiple_of(5)).then_some(Life::Stale)
    }
}
