//! The protocol of runs without locks, tried in many orders.
//!
//! Workers, successors that take them for dead, compactions and readers run the functions of the crate on a store that gives
//! the turn to another one at every request, and on which a request may be lost, its answer lost, or be done twice or at
//! any later time. What must hold is looked at after every change ([`world`]). Everything follows from a seed:
//!
//! - `RESULTS_MODEL_RUNS=1000000` tries more orders than usual,
//! - `RESULTS_MODEL_SEED=17` tries one, and prints what happened.
//!
//! Each fault of [`Break`](super::broken::Break) is put into the protocol, and has to be found.

mod cast;
mod faulty;
mod rng;
mod small;
mod stage;
mod whole;
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::broken::Break;
use cast::Cast;
use rng::Rng;

/// A case, from its seed: what did not hold, if anything.
#[derive(Clone, Copy)]
struct Case {
    play: fn(&Cast, &mut Rng, Setting) -> Result<Seen, Failure>,
    /// Threads of each who acts.
    threads: usize,
}

/// The functions of the protocol alone: a seed says everything.
const SMALL: Case = Case { play: small::play, threads: 1 };

/// All that is around them, such as reading ahead.
const WHOLE: Case = Case { play: whole::play, threads: 2 };

/// How a case is played.
#[derive(Debug, Clone, Copy)]
struct Setting {
    broken: Option<Break>,
    is_told: bool,
}

/// What was seen on the way, so that a model that tries nothing is known.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    requests: u64,
    faults: u64,
    voids: u64,
    fenced: u64,
    compactions: u64,
    readings_anew: u64,
}

/// What did not hold.
#[derive(Debug)]
struct Failure {
    what: String,
    trace: Vec<String>,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays a case with so many seeds, or until one fails: its seed, and how.
fn play(case: Case, runs: u64, broken: Option<Break>) -> Result<Seen, (u64, Failure)> {
    let next = AtomicU64::new(0);
    let (is_over, failed) = (AtomicBool::new(false), Mutex::new(None::<(u64, Failure)>));
    let total = Mutex::new(Seen::default());
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let (cast, mut seen) = (Cast::new(case.threads), Seen::default());
                while !is_over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= runs {
                        break;
                    }
                    match (case.play)(&cast, &mut Rng::new(seed), Setting { broken, is_told: false }) {
                        Ok(found) => seen.add(found),
                        Err(failure) => {
                            is_over.store(true, Ordering::Relaxed);
                            let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                            if failed.as_ref().is_none_or(|(other, _)| seed < *other) {
                                *failed = Some((seed, failure));
                            }
                        }
                    }
                }
                total.lock().unwrap_or_else(PoisonError::into_inner).add(seen);
            });
        }
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(failed) => Err(failed),
        None => Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Plays one seed, and tells what happens.
fn replay(case: Case, seed: u64, broken: Option<Break>) -> Result<Seen, Failure> {
    (case.play)(&Cast::new(case.threads), &mut Rng::new(seed), Setting { broken, is_told: true })
}

/// All seeds hold; or the trace of one that does not.
fn holds(case: Case, runs: u64) -> Seen {
    if let Some(seed) = number("RESULTS_MODEL_SEED") {
        match replay(case, seed, None) {
            Ok(seen) => return seen,
            Err(failure) => panic!("seed {seed}: {}\n  {}", failure.what, failure.trace.join("\n  ")),
        }
    }
    match play(case, runs, None) {
        Ok(seen) => seen,
        Err((seed, failure)) => {
            let again = replay(case, seed, None).err().unwrap_or(failure);
            panic!("RESULTS_MODEL_SEED={seed}: {}\n  {}", again.what, again.trace.join("\n  "));
        }
    }
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.faults += other.faults;
        self.voids += other.voids;
        self.fenced += other.fenced;
        self.compactions += other.compactions;
        self.readings_anew += other.readings_anew;
    }
}

#[test]
fn nothing_is_lost_in_any_order() {
    let runs = number("RESULTS_MODEL_RUNS").unwrap_or(100_000);
    let start = std::time::Instant::now();
    let seen = holds(SMALL, runs);
    println!("{runs} orders in {:?}: {seen:?}", start.elapsed());
    if number("RESULTS_MODEL_SEED").is_none() {
        // The model does what it is there for.
        let seldom = [seen.faults, seen.voids, seen.fenced, seen.compactions, seen.readings_anew];
        assert!(seldom.iter().all(|n| *n > runs / 100), "{seen:?}");
    }
}

#[test]
fn every_break_is_found() {
    use Break as B;
    for broken in [
        B::NoVoid,
        B::NoReadBack,
        B::LedgerFirst,
        B::NamesAgain,
        B::NoCondition,
        B::NoNumber,
        B::CompactionFirst,
        B::NumberAgain,
    ] {
        let start = std::time::Instant::now();
        let Err((seed, failure)) = play(SMALL, 400_000, Some(broken)) else {
            panic!("{broken:?} is not found");
        };
        println!("{broken:?}: seed {seed}, {:?}: {}", start.elapsed(), failure.what);
        let again = replay(SMALL, seed, Some(broken)).unwrap_err();
        assert_eq!(again.what, failure.what, "a seed says everything");
        assert!(!again.trace.is_empty());
    }
}

#[test]
fn runs_of_the_crate_hold_too() {
    let seen = holds(WHOLE, number("RESULTS_MODEL_WHOLE").unwrap_or(150));
    println!("{seen:?}");
    if number("RESULTS_MODEL_SEED").is_none() {
        assert!(seen.faults > 0 && seen.compactions > 0, "{seen:?}");
    }
}
