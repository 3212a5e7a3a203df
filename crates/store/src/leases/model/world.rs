//! A store, a time that all machines share without knowing it, and what must hold.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::rc::Rc;

use super::random::Random;
use crate::leases::names::Lease;
use crate::leases::port::{Answer, Ask};
use crate::leases::terms::Break;
use crate::store::Created;

/// A request takes so long at most, else its sender counts it as lost. Seconds.
pub(super) const DELAY: f64 = 10.0;

/// How long a run is.
pub(super) const LENGTH: f64 = 2400.0;

/// The longest time that nobody has the share, if somebody wants it: the last beat of one who died may be done 40 s after
/// it was sent; from then on it is stale after its time by the slower clock, and several requests of who waits may be lost, or
/// of who divides the users anew.
const GAP: f64 = 240.0;

/// A request under way, and its answer.
pub(super) type Slot = Rc<RefCell<Option<Result<Answer, ()>>>>;

pub(super) enum Event {
    /// A machine goes on.
    Wake(usize),
    /// A request reaches the store; its answer comes back after so long, if it does.
    Arrive(usize, Ask, Slot, Option<f64>),
    /// An answer reaches a machine.
    Answer(usize, Slot, Result<Answer, ()>),
    /// A machine freezes, or dies.
    Harm(usize),
    /// The network of a machine is down.
    Cut(usize),
}

#[derive(Default)]
pub(super) struct State {
    pub(super) frozen_until: f64,
    pub(super) cut_until: f64,
    pub(super) was_frozen: bool,
    pub(super) dead: bool,
    pub(super) works: Option<Lease>,
}

pub(super) struct World {
    pub(super) now: f64,
    pub(super) random: Random,
    pub(super) broken: Option<Break>,
    pub(super) machines: Vec<State>,
    /// Neither freezes nor deaths: only slow and lost requests.
    pub(super) calm: bool,
    pub(super) divided: bool,
    /// Networks fail: nobody may be able to take a share.
    pub(super) cut: bool,
    pub(super) takeovers: u64,
    pub(super) stolen: u64,
    /// Seconds that nobody had the share.
    pub(super) gaps: Vec<f64>,
    pub(super) violation: Option<String>,
    idle_since: f64,
    begun: HashSet<Lease>,
    store: BTreeMap<String, Vec<u8>>,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    last: u64,
}

pub(super) type Shared = Rc<RefCell<World>>;

impl World {
    /// A world in which nothing has happened yet.
    pub(super) fn new(seed: u64, broken: Option<Break>) -> Self {
        let mut random = Random(seed);
        let machines = 2 + (random.next() % 3) as usize;
        let (calm, divided, cut) = (random.chance(0.4), random.chance(0.3), random.chance(0.3));
        Self {
            now: 0.0,
            random,
            broken,
            machines: (0..machines).map(|_| State::default()).collect(),
            calm,
            divided,
            cut,
            takeovers: 0,
            stolen: 0,
            gaps: Vec::new(),
            violation: None,
            idle_since: 0.0,
            begun: HashSet::new(),
            store: BTreeMap::new(),
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            last: 0,
        }
    }

    pub(super) fn at(&mut self, delay: f64, event: Event) {
        self.last += 1;
        let micros = ((self.now + delay) * 1e6) as u64;
        self.queue.push(Reverse((micros, self.last)));
        self.events.insert(self.last, event);
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        let Reverse((micros, number)) = self.queue.pop()?;
        self.now = self.now.max(micros as f64 / 1e6);
        if self.now > LENGTH { None } else { self.events.remove(&number) }
    }

    /// Done after a while, or never; the answer after another while, or never.
    pub(super) fn request(&mut self, machine: usize, rate: f64, ask: Ask) -> Slot {
        let slot = Slot::default();
        let (mut there, back) = (self.random.between(0.01, 0.3), self.random.between(0.01, 0.3));
        let kind = self.random.part();
        if kind < 0.03 {
            // It may be done after its sender gave up.
            there = self.random.between(0.0, 4.0 * DELAY);
        }
        let is_cut = self.machines[machine].cut_until > self.now;
        let (lost_there, lost_back) = (is_cut || (0.03..0.05).contains(&kind), (0.05..0.07).contains(&kind));
        if !is_cut && (0.07..0.08).contains(&kind) {
            let again = there + self.random.between(0.0, DELAY);
            self.at(again, Event::Arrive(machine, ask.clone(), Rc::clone(&slot), None));
        }
        if !lost_there {
            let back = (!lost_back).then_some(back);
            self.at(there, Event::Arrive(machine, ask, Rc::clone(&slot), back));
        }
        self.at(DELAY / rate, Event::Answer(machine, Rc::clone(&slot), Err(())));
        slot
    }

    /// What happens; the machine that goes on.
    pub(super) fn happens(&mut self, event: Event) -> Option<usize> {
        let number = match event {
            Event::Wake(number) => number,
            Event::Arrive(number, ask, slot, back) => {
                let answer = self.done(ask);
                if let Some(back) = back {
                    self.at(back, Event::Answer(number, slot, Ok(answer)));
                }
                return None;
            }
            Event::Answer(number, slot, answer) => {
                slot.borrow_mut().get_or_insert(answer);
                number
            }
            Event::Harm(number) => {
                self.harm(number);
                return None;
            }
            Event::Cut(number) => {
                self.machines[number].cut_until = self.now + self.random.between(20.0, 200.0);
                return None;
            }
        };
        let state = &self.machines[number];
        if state.dead {
            return None;
        }
        if state.frozen_until > self.now {
            let rest = state.frozen_until - self.now + 0.001;
            self.at(rest, Event::Wake(number));
            return None;
        }
        Some(number)
    }

    /// What the store does, at once.
    fn done(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Read(path) => Answer::Content(self.store.get(&path).cloned()),
            Ask::Look(path) => Answer::There(self.store.contains_key(&path)),
            Ask::List(folder) => {
                let folder = folder + "/";
                let all = self.store.range(folder.clone()..).map(|(path, _)| path.clone());
                Answer::Names(all.take_while(|path| path.starts_with(&folder)).collect())
            }
            Ask::Create(object) => {
                if self.store.contains_key(&object.path) {
                    return Answer::Created(Created::Existed);
                }
                self.store.insert(object.path, object.bytes);
                Answer::Created(Created::Yes)
            }
            Ask::Note(object) => {
                self.store.insert(object.path, object.bytes);
                Answer::Noted
            }
        }
    }

    fn harm(&mut self, number: usize) {
        if self.machines[number].works.is_none() || self.machines[number].dead {
            return;
        }
        let living = self.machines.iter().filter(|state| !state.dead).count();
        if self.random.chance(0.4) && living > 1 {
            self.machines[number].dead = true;
            self.stops(number);
        } else {
            let until = self.now + self.random.between(1.0, 300.0);
            let state = &mut self.machines[number];
            (state.frozen_until, state.was_frozen) = (until, true);
        }
    }

    pub(super) fn begins(&mut self, number: usize, lease: Lease) {
        if !self.begun.insert(lease) {
            self.violates(&format!("m{number} is not the first who has {lease}"));
        }
        for other in 0..self.machines.len() {
            let theirs = self.machines[other].works.filter(|theirs| other != number && meet(*theirs, lease));
            let Some(theirs) = theirs else { continue };
            if !self.machines[other].was_frozen && !self.machines[number].was_frozen {
                self.violates(&format!("m{number} begins with {lease} while m{other} works with {theirs}"));
            }
            self.stolen += 1;
        }
        if self.begun.iter().any(|other| meet(*other, lease) && other.number > lease.number) {
            self.violates(&format!("{lease} is not the highest number"));
        }
        self.idle(self.now);
        self.takeovers += u64::from(lease.number > 1);
        self.machines[number].works = Some(lease);
        self.machines[number].was_frozen = false;
        if !self.calm && self.random.chance(0.6) {
            let delay = self.random.between(1.0, 300.0);
            self.at(delay, Event::Harm(number));
        }
        if self.cut && self.random.chance(0.4) {
            let delay = self.random.between(1.0, 300.0);
            self.at(delay, Event::Cut(number));
        }
    }

    /// It works no more.
    pub(super) fn stops(&mut self, number: usize) {
        if self.machines[number].works.take().is_some() {
            self.idle_since = self.now;
        }
    }

    /// The share was lost to somebody else.
    pub(super) fn loses(&mut self, number: usize) {
        // Who divides the users anew may have looked before this one began, which then is told.
        if !self.machines[number].was_frozen && !self.divided {
            self.violates(&format!("m{number} lost its share while it was at work"));
        }
    }

    pub(super) fn idle(&mut self, until: f64) {
        let is_quiet = self.machines.iter().all(|state| !state.was_frozen);
        if self.cut || !is_quiet || self.machines.iter().any(|state| state.works.is_some()) {
            return;
        }
        let gap = until - self.idle_since;
        self.gaps.push(gap);
        if gap > GAP {
            self.violates(&format!("nobody had the share for {gap:.0} s"));
        }
    }

    fn violates(&mut self, why: &str) {
        let at = self.now;
        self.violation.get_or_insert_with(|| format!("{at:.1} s: {why}"));
    }

    /// How often the users were divided anew.
    pub(super) fn divisions(&self) -> u64 {
        self.store.keys().filter(|path| path.strip_suffix(".yaml").is_some()).count() as u64
    }
}

/// Whether both have users in common.
fn meet(one: Lease, other: Lease) -> bool {
    one.division != other.division || one.share == other.share
}
