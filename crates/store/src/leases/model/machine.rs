//! A machine that wants the share, works, and loses or ends its lease, again and again.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures::future::{Either, select};

use super::world::{Event, Shared, Slot};
use crate::leases::claim::Claim;
use crate::leases::port::{Answer, Ask, Port};
use crate::leases::seek::{Known, Want, seek};
use crate::leases::tenure::{Lost, Tenure};
use crate::leases::terms::Terms;
use crate::store::Assignment;

/// One of several.
pub(super) struct Machine {
    world: Shared,
    number: usize,
    /// How fast its clock is.
    rate: f64,
    terms: Terms,
}

impl Machine {
    pub(super) fn new(world: &Shared, number: usize) -> Self {
        let (rate, wall, broken) = {
            let mut world = world.borrow_mut();
            let (rate, wall) = (world.random.between(0.995, 1.005), world.random.between(-86400.0, 86400.0));
            (rate, wall, world.broken)
        };
        let terms = Terms { broken, wall_ms: (wall * 1000.0) as i64, faults: u32::MAX, ..Terms::default() };
        Self { world: Rc::clone(world), number, rate, terms }
    }

    async fn rest(&self, low: f64, high: f64) {
        let time = self.world.borrow_mut().random.between(low, high);
        self.sleep(Duration::from_secs_f64(time)).await;
    }
}

/// Waits until there is something; somebody wakes the machine then.
async fn until<T>(mut there: impl FnMut() -> Option<T>) -> T {
    poll_fn(move |_| there().map_or(Poll::Pending, Poll::Ready)).await
}

impl Port for Machine {
    type Fault = ();

    fn now(&self) -> Duration {
        Duration::from_secs_f64(self.world.borrow().now * self.rate)
    }

    async fn sleep(&self, time: Duration) -> bool {
        let end = {
            let mut world = self.world.borrow_mut();
            let delay = time.as_secs_f64() / self.rate + 1e-6;
            world.at(delay, Event::Wake(self.number));
            world.now + delay - 2e-6
        };
        until(|| (self.world.borrow().now >= end).then_some(())).await;
        true
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, ()> {
        let slot: Slot = self.world.borrow_mut().request(self.number, self.rate, ask);
        until(|| slot.borrow().clone()).await
    }
}

/// All that a machine does.
pub(super) async fn life(machine: Machine) {
    machine.rest(0.0, 30.0).await;
    let ttl = machine.terms.ttl;
    let claim = Claim { ttl_ms: ttl.as_millis() as u64, ..Claim::of_this_process(ttl) };
    loop {
        let share = {
            let mut world = machine.world.borrow_mut();
            let of = if world.divided && world.random.chance(0.4) { 2 } else { 1 };
            Assignment { index: (world.random.next() % u64::from(of)) as u32, of }
        };
        let want = Want {
            share,
            claim: claim.clone(),
            terms: machine.terms,
            known: &|_, _| Known::Nothing,
            wait: &|_| {},
        };
        let Ok(Some(tenure)) = seek(&machine, &want).await else {
            machine.sleep(machine.terms.look).await;
            continue;
        };
        machine.world.borrow_mut().begins(machine.number, tenure.lease());
        let ends = {
            let mut world = machine.world.borrow_mut();
            if world.random.chance(0.5) { world.random.between(1.0, 400.0) } else { f64::INFINITY }
        };
        let lost = work(&machine, &tenure, ends).await;
        machine.world.borrow_mut().stops(machine.number);
        if matches!(lost, Some(Lost::Taken { .. })) {
            machine.world.borrow_mut().loses(machine.number);
        }
        if lost.is_none() {
            tenure.end(&machine, b"end".to_vec()).await;
            machine.rest(0.0, 60.0).await;
        } else {
            machine.rest(0.1, 5.0).await;
        }
    }
}

/// Works until the lease is lost, or so many seconds.
async fn work(machine: &Machine, tenure: &Tenure, seconds: f64) -> Option<Lost> {
    let beats = RefCell::new(0);
    let beat = async {
        loop {
            let begun = machine.now();
            let wall = begun.as_millis() as i64 + machine.terms.wall_ms;
            *beats.borrow_mut() += 1;
            let body = format!("{wall} {}", beats.borrow()).into_bytes();
            let is_first = *beats.borrow() == 1;
            let _ = if is_first {
                tenure.first_beat(machine, body).await
            } else {
                tenure.beat(machine, body).await
            };
            machine.sleep((begun + machine.terms.beat).saturating_sub(machine.now())).await;
        }
    };
    let mind = async {
        let begun = machine.now();
        loop {
            machine.sleep(machine.terms.beat / 8).await;
            let lost = tenure.lost(machine.now());
            if lost.is_some() || machine.now().saturating_sub(begun).as_secs_f64() > seconds {
                return lost;
            }
        }
    };
    match select(pin!(beat), pin!(mind)).await {
        Either::Left((never, _)) => never,
        Either::Right((lost, _)) => lost,
    }
}
