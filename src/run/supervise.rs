//! One shard brought to its end, with as many workers as that takes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::error::RunError;
use super::launch::{End, EndKind, Launcher, Share};
use super::living::Living;
use super::orders::{GivenUp, Orders, QUARANTINED, UnitKey};
use super::outcome::{Lost, ShardEnd};
use crate::event::{Counts, Event, EventKind, EventSink, now_us};

/// Deaths of a worker with which a unit is given up.
const STRIKES: u32 = 2;

/// First pause before a worker is started again; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A shard being supervised.
pub(super) struct Supervisor<'a, 'l> {
    pub(super) by: &'a dyn Launcher,
    pub(super) share: &'a Share<'a>,
    /// How often a worker that dies is started again without having committed anything in between.
    pub(super) retries: u32,
    pub(super) tell: &'a dyn EventSink,
    pub(super) living: &'l Living<'a>,
}

/// Every event is a sign of life.
struct Heard<'s, 'a, 'l>(&'s Supervisor<'a, 'l>);

impl EventSink for Heard<'_, '_, '_> {
    fn emit(&self, event: &Event) {
        self.0.living.hear(self.0.index());
        self.0.tell.emit(event);
    }
}

/// What earlier workers of the shard teach.
#[derive(Debug, Default)]
struct Lessons {
    /// Workers that died while a unit was in work.
    strikes: BTreeMap<UnitKey, u32>,
    given_up: Vec<GivenUp>,
    /// Deaths since something was last committed.
    fruitless: u32,
}

impl Supervisor<'_, '_> {
    fn index(&self) -> u32 {
        self.share.assignment.index
    }

    /// Starts workers until the shard is done, is told to stop, or nothing helps.
    pub(super) fn run(&self) -> Result<ShardEnd, RunError> {
        let mut all = ShardEnd::default();
        let mut lessons = Lessons::default();
        loop {
            let live = self.by.launch(self.share, &lessons.orders())?;
            self.living.begin(self.index(), std::sync::Arc::clone(&live));
            let mut end = live.follow(&Heard(self));
            if let Some(silence) = self.living.end(self.index()) {
                end.kind = EndKind::Died(format!("gave no sign of life for {silence:?}"));
            }
            (all.counts, all.idle) = (end.counts, end.idle.take());
            all.peak_memory_bytes = all.peak_memory_bytes.max(end.peak_memory_bytes);
            if let EndKind::Failed(error) = end.kind {
                return Err(error.into());
            }
            let cause = match lessons.learn(&end) {
                Next::Done => return Ok(all),
                Next::Interrupted => {
                    all.interrupted = true;
                    return Ok(all);
                }
                Next::GiveUp(cause) => return Ok(self.lost(all, &end, cause, true)),
                Next::Again(cause) => cause,
            };
            if self.living.stopping() {
                all.interrupted = true;
                return Ok(all);
            }
            if lessons.fruitless > self.retries {
                return Ok(self.lost(all, &end, cause, false));
            }
            all.restarts += 1;
            self.pause(&end, cause, lessons.fruitless);
        }
    }

    fn lost(&self, mut all: ShardEnd, end: &End, cause: String, refused: bool) -> ShardEnd {
        let users = users(end);
        let last_user = (!users.is_empty()).then(|| users.join(", "));
        self.emit(end.counts, EventKind::ShardLost { cause: cause.clone(), last_user: last_user.clone() });
        all.lost = Some(Lost { shard: self.index(), cause, last_user, refused });
        all
    }

    fn pause(&self, end: &End, cause: String, fruitless: u32) {
        let wait = if fruitless == 0 { Duration::ZERO } else { pause(fruitless) };
        self.emit(
            end.counts,
            EventKind::ShardRestarting {
                cause,
                users: users(end),
                restart: fruitless,
                of: self.retries,
                wait_ms: wait.as_millis() as u64,
            },
        );
        let until = Instant::now() + wait;
        while Instant::now() < until && !self.living.stopping() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn emit(&self, counts: Counts, kind: EventKind) {
        self.tell.emit(&Event { at_us: now_us(), shard: self.index(), counts, kind });
    }
}

fn users(end: &End) -> Vec<String> {
    let timed_out = end.timed_out.iter().map(|g| &g.unit);
    let units: BTreeSet<&UnitKey> =
        if end.timed_out.is_empty() { end.in_flight.iter().collect() } else { timed_out.collect() };
    units.into_iter().map(|u| u.user_id.clone()).collect()
}

fn pause(fruitless: u32) -> Duration {
    PAUSE.saturating_mul(1 << (fruitless - 1).min(16)).min(LONGEST_PAUSE)
}

/// What to do after a worker's end.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Done,
    Interrupted,
    GiveUp(String),
    Again(String),
}

impl Lessons {
    fn orders(&self) -> Orders {
        let alone = self.strikes.keys().cloned().collect();
        Orders { alone, give_up: self.given_up.clone() }
    }

    fn learn(&mut self, end: &End) -> Next {
        if end.committed > 0 {
            self.fruitless = 0;
        }
        let cause = match &end.kind {
            EndKind::Finished => return Next::Done,
            EndKind::Interrupted => return Next::Interrupted,
            EndKind::Refused(cause) => return Next::GiveUp(cause.clone()),
            EndKind::TimedOut => {
                // Known and settled: neither a strike for the others nor a fruitless start.
                for late in &end.timed_out {
                    let reason = format!("{QUARANTINED}{}", late.reason);
                    self.given_up.push(GivenUp { reason, ..late.clone() });
                    self.strikes.remove(&late.unit);
                }
                let first = end.timed_out.first().map(|late| late.reason.clone());
                return Next::Again(first.unwrap_or_default());
            }
            EndKind::Stopped(cause) => {
                self.fruitless += 1;
                return Next::Again(cause.clone());
            }
            EndKind::Died(cause) => cause,
            EndKind::Failed(error) => return Next::GiveUp(error.to_string()),
        };
        let before = self.given_up.len();
        for unit in &end.in_flight {
            if self.given_up.iter().any(|given_up| given_up.unit == *unit) {
                continue;
            }
            let strikes = self.strikes.entry(unit.clone()).or_default();
            *strikes += 1;
            // With several in work, the next worker finds out which it was.
            if *strikes >= STRIKES && end.in_flight.len() == 1 {
                let reason = format!("{QUARANTINED}ended its worker {strikes} times: {cause}");
                self.given_up.push(GivenUp { unit: unit.clone(), reason });
            }
        }
        if self.given_up.len() > before {
            self.fruitless = 0;
            let given_up = &self.given_up;
            self.strikes.retain(|unit, _| given_up.iter().all(|g| g.unit != *unit));
        } else {
            self.fruitless += 1;
        }
        Next::Again(cause.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(user: &str) -> UnitKey {
        UnitKey { user_id: user.into(), feature_mode: "m".into() }
    }

    fn died(in_flight: &[&str], committed: u64) -> End {
        End {
            in_flight: in_flight.iter().map(|u| unit(u)).collect(),
            committed,
            kind: EndKind::Died("killed".into()),
            ..End::default()
        }
    }

    #[test]
    fn the_unit_that_kills_is_found_among_those_in_work() {
        let mut lessons = Lessons::default();
        assert_eq!(lessons.learn(&died(&["a", "b"], 0)), Next::Again("killed".into()));
        assert_eq!(lessons.orders().alone, [unit("a"), unit("b")]);
        assert_eq!(lessons.fruitless, 1);
        // `a` was done alone and went well; then `b` alone did not.
        assert_eq!(lessons.learn(&died(&["b"], 1)), Next::Again("killed".into()));
        let orders = lessons.orders();
        assert_eq!(orders.give_up.len(), 1);
        assert_eq!(orders.give_up[0].unit, unit("b"));
        assert_eq!(orders.give_up[0].reason, "quarantined: ended its worker 2 times: killed");
        assert_eq!(lessons.fruitless, 0);
        assert!(!orders.alone.contains(&unit("b")));
    }

    #[test]
    fn deaths_without_a_commit_are_counted() {
        let mut lessons = Lessons::default();
        for n in 1..4 {
            lessons.learn(&died(&[], 0));
            assert_eq!(lessons.fruitless, n);
        }
        lessons.learn(&died(&[], 2));
        assert_eq!(lessons.fruitless, 1);
        assert_eq!((pause(1), pause(3)), (PAUSE, 4 * PAUSE));
        assert_eq!(pause(40), LONGEST_PAUSE);
    }

    #[test]
    fn a_disk_that_is_full_is_no_units_fault() {
        let mut lessons = Lessons::default();
        for n in 1..4 {
            let kind = EndKind::Stopped("disk full".into());
            assert_eq!(lessons.learn(&End { kind, ..died(&["a"], 0) }), Next::Again("disk full".into()));
            assert_eq!((lessons.fruitless, lessons.orders()), (n, Orders::default()));
        }
        // Nor is a unit given up twice.
        for _ in 0..4 {
            lessons.learn(&died(&["a"], 0));
        }
        assert_eq!((lessons.orders().give_up.len(), lessons.fruitless), (1, 2));
    }

    #[test]
    fn a_late_unit_is_given_up_at_once() {
        let mut lessons = Lessons::default();
        let late = GivenUp { unit: unit("a"), reason: "ran longer than 1s (--timeout)".into() };
        let end = End { timed_out: vec![late], kind: EndKind::TimedOut, ..died(&["a", "b"], 0) };
        assert_eq!(lessons.learn(&end), Next::Again("ran longer than 1s (--timeout)".into()));
        assert_eq!(lessons.orders().give_up[0].reason, "quarantined: ran longer than 1s (--timeout)");
        assert_eq!((lessons.fruitless, lessons.orders().alone.len()), (0, 0));
    }
}
