//! Many runs, and the seed of one that breaks a rule.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};

use super::machine::{Machine, life};
use super::world::{Event, LENGTH, Shared, World};
use crate::leases::terms::Break;

/// Runs that are looked at.
const RUNS: u64 = 1500;

/// What several runs had.
#[derive(Debug, Default)]
struct Sums {
    takeovers: u64,
    stolen: u64,
    divisions: u64,
    gaps: Vec<f64>,
}

/// One run; why it is wrong, if it is.
fn run(seed: u64, broken: Option<Break>) -> Result<World, String> {
    let world: Shared = Rc::new(RefCell::new(World::new(seed, broken)));
    let machines = world.borrow().machines.len();
    let mut lives: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for number in 0..machines {
        let machine = Machine::new(&world, number);
        lives.push(Box::pin(life(machine)));
        world.borrow_mut().at(0.0, Event::Wake(number));
    }
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let event = world.borrow_mut().pop();
        let Some(event) = event else { break };
        let woken = world.borrow_mut().happens(event);
        if let Some(number) = woken {
            let _ = lives[number].as_mut().poll(&mut context);
        }
        if let Some(why) = world.borrow_mut().violation.take() {
            return Err(why);
        }
    }
    drop(lives);
    let mut world = Rc::into_inner(world).unwrap().into_inner();
    world.idle(LENGTH.min(world.now));
    world.violation.take().map_or(Ok(world), Err)
}

/// Looks at runs until one breaks a rule; its seed, and what it broke.
fn explore(broken: Option<Break>, runs: u64) -> Result<Sums, (u64, String)> {
    let (next, sums, found) =
        (AtomicU64::new(0), Mutex::new(Sums::default()), Mutex::new(None::<(u64, String)>));
    let look = || {
        while found.lock().unwrap().is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= runs {
                return;
            }
            match run(seed, broken) {
                Ok(world) => sums.lock().unwrap().add(&world),
                Err(why) => {
                    let mut found = found.lock().unwrap();
                    if found.as_ref().is_none_or(|(other, _)| *other > seed) {
                        *found = Some((seed, why));
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(look)));
    });
    found.into_inner().unwrap().map_or_else(|| Ok(sums.into_inner().unwrap()), Err)
}

impl Sums {
    fn add(&mut self, world: &World) {
        self.takeovers += world.takeovers;
        self.stolen += world.stolen;
        self.divisions += world.divisions();
        self.gaps.extend(&world.gaps);
    }
}

mod tests {
    use super::*;

    /// `RESULTS_LEASE_SEED=17` looks at one run only, `RESULTS_LEASE_RUNS=100000` at as many.
    #[test]
    fn one_maker_a_number_and_nobody_who_is_awake_loses_a_share() {
        if let Some(seed) = std::env::var("RESULTS_LEASE_SEED").ok().and_then(|seed| seed.parse().ok()) {
            return run(seed, None).map(drop).unwrap();
        }
        let runs =
            std::env::var("RESULTS_LEASE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
        let mut sums =
            explore(None, runs).unwrap_or_else(|(seed, why)| panic!("RESULTS_LEASE_SEED={seed}: {why}"));
        let mut gaps = std::mem::take(&mut sums.gaps);
        gaps.sort_by(f64::total_cmp);
        let (most, longest) = (gaps[gaps.len() * 99 / 100], gaps[gaps.len() - 1]);
        println!(
            "{runs} runs: {sums:?}; {} gaps, 99 % of them within {most:.0} s, the longest {longest:.0} s",
            gaps.len()
        );
        // They have all that can happen; every run has a first division.
        assert!(sums.takeovers > runs && sums.stolen > 0 && sums.divisions > runs + runs / 4, "{sums:?}");
        assert!(most < 150.0 && longest > 100.0, "{most} {longest}");
    }

    #[test]
    fn a_rule_that_is_broken_is_found_and_its_run_is_its_seed() {
        for broken in [Break::WallClock, Break::NoToken, Break::FirstLook, Break::NoStop] {
            let Err((seed, why)) = explore(Some(broken), RUNS) else { panic!("{broken:?} is not found") };
            println!("{broken:?}: run {seed}: {why}");
            assert_eq!(run(seed, Some(broken)).map(drop), Err(why));
        }
    }
}
