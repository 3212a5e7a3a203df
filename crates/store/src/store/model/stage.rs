//! Who is next: at every request, another one may be given the turn.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::cast::{Cast, MOST};
use super::rng::Rng;
use super::world::{Answer, Request, World};
use super::{Failure, Seen, Setting};
use crate::store::broken::break_it;

/// What somebody does; an error is what does not hold.
pub(super) type Part = Box<dyn FnOnce(&Actor) -> Result<(), String> + Send>;

/// Somebody who acts.
#[derive(Clone)]
pub(super) struct Actor {
    pub(super) stage: Arc<Stage>,
    pub(super) who: usize,
    /// One of its threads asks at a time.
    gate: Arc<Mutex<()>>,
}

/// The place where they do.
pub(super) struct Stage {
    state: Mutex<State>,
    turns: [Condvar; MOST],
    over: Condvar,
    setting: Setting,
    cast: Cast,
}

struct State {
    world: World,
    rng: Rng,
    parts: Vec<(String, Life)>,
    turn: usize,
    /// Requests that arrive later.
    ghosts: Vec<(usize, Request)>,
    faults: usize,
    /// How often the one who has the turn keeps it, of a hundred.
    keeps: usize,
    failure: Option<String>,
    seen: Seen,
    is_over: bool,
}

enum Life {
    /// Has not begun.
    Waiting(Part),
    /// Acts, and is about to send a request.
    Acts(Option<Request>),
    /// Has died; its thread does not know it yet.
    Dying,
    Ended,
}

/// Who asks has died.
#[derive(Debug)]
pub(super) struct Died;

impl Stage {
    /// Lets all of them act until they have ended, and requests that are on their way have arrived.
    pub(super) fn play(
        cast: &Cast,
        setting: Setting,
        (world, rng): (World, &mut Rng),
        parts: Vec<(String, Part)>,
    ) -> (Result<World, Failure>, Seen) {
        let (faults, keeps) = (rng.below(6), [30, 60, 85, 95][rng.below(4)]);
        let parts = parts.into_iter().map(|(name, part)| (name, Life::Waiting(part))).collect();
        let state = State {
            world,
            rng: rng.clone(),
            parts,
            turn: 0,
            ghosts: Vec::new(),
            faults,
            keeps,
            failure: None,
            seen: Seen::default(),
            is_over: false,
        };
        let stage = Arc::new(Self {
            state: Mutex::new(state),
            turns: Default::default(),
            over: Condvar::new(),
            setting,
            cast: cast.clone(),
        });
        let mut state = stage.lock();
        if let Some(first) = state.another() {
            stage.hand(&mut state, first);
            while !state.is_over {
                state = stage.over.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        while state.failure.is_none()
            && let Some((who, request)) = state.ghosts.pop()
        {
            state.arrive(who, &request);
        }
        let failure = state.failure.take();
        let seen = state.seen;
        let world = std::mem::replace(&mut state.world, World::new(|_, _| Vec::new(), false));
        drop(state);
        match failure {
            Some(what) => (Err(Failure { what, trace: world.trace.unwrap_or_default() }), seen),
            None => (Ok(world), seen),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the turn on, to somebody who waits for it or has not begun.
    fn hand(self: &Arc<Self>, state: &mut State, next: usize) {
        state.turn = next;
        if !matches!(state.parts[next].1, Life::Waiting(_)) {
            self.turns[next].notify_one();
            return;
        }
        let Life::Waiting(part) = std::mem::replace(&mut state.parts[next].1, Life::Acts(None)) else {
            return;
        };
        let actor = Actor { stage: Arc::clone(self), who: next, gate: Arc::default() };
        self.cast.spawn(next, move || {
            break_it(actor.stage.setting.broken);
            let done = catch_unwind(AssertUnwindSafe(|| part(&actor)));
            let done = done.unwrap_or_else(|panic| Err(words_of(&*panic)));
            // What another thread of it asks for is answered first.
            let gate = Arc::clone(&actor.gate);
            let _nobody_asks = gate.lock().unwrap_or_else(PoisonError::into_inner);
            actor.stage.ended(actor.who, done);
        });
    }

    fn ended(self: &Arc<Self>, who: usize, done: Result<(), String>) {
        let mut state = self.lock();
        let state = &mut *state;
        let has_died = matches!(state.parts[who].1, Life::Dying);
        state.parts[who].1 = Life::Ended;
        if let (Err(what), false) = (done, has_died) {
            state.fail(what);
        }
        state.leave_if_failed();
        let dying = state.parts.iter().position(|(_, life)| matches!(life, Life::Dying));
        if let Some(next) = state.another().or(dying) {
            self.hand(state, next);
        } else {
            state.is_over = true;
            self.over.notify_one();
        }
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

impl Actor {
    /// Sends a request when it is one's turn; no answer is none.
    pub(super) fn ask(&self, request: Request) -> Result<Option<Answer>, Died> {
        let _alone = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.stage.lock();
        if !matches!(state.parts[self.who].1, Life::Acts(_)) {
            return Err(Died);
        }
        state.parts[self.who].1 = Life::Acts(Some(request));
        if let Some(next) = state.next_after(self.who) {
            self.stage.hand(&mut state, next);
            while state.turn != self.who {
                state = self.stage.turns[self.who].wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        let state = &mut *state;
        let Life::Acts(request) = &mut state.parts[self.who].1 else { return Err(Died) };
        let Some(request) = request.take() else { return Err(Died) };
        Ok(state.perform(self.who, request))
    }

    /// Whether one has died, so that errors say nothing.
    pub(super) fn is_dead(&self) -> bool {
        matches!(self.stage.lock().parts[self.who].1, Life::Dying)
    }

    /// Does something with the world at once.
    pub(super) fn with<T>(&self, what: impl FnOnce(&mut World, &mut Seen) -> T) -> T {
        let mut state = self.stage.lock();
        let state = &mut *state;
        what(&mut state.world, &mut state.seen)
    }

    /// A number for a choice of one's own.
    pub(super) fn below(&self, n: usize) -> usize {
        self.stage.lock().rng.below(n)
    }
}

impl State {
    fn live(&self) -> impl Iterator<Item = usize> {
        let lives =
            |(_, (_, life)): &(usize, &(String, Life))| matches!(life, Life::Waiting(_) | Life::Acts(_));
        self.parts.iter().enumerate().filter(lives).map(|(who, _)| who)
    }

    /// What happens before somebody goes on: requests arrive late, somebody dies; who goes on, if it is another one.
    fn next_after(&mut self, who: usize) -> Option<usize> {
        loop {
            self.leave_if_failed();
            if matches!(self.parts[who].1, Life::Dying) || self.rng.chance(self.keeps) {
                return None;
            }
            let live: Vec<usize> = self.live().collect();
            let (first_ghost, ghosts) = (live.len(), self.ghosts.len());
            let at = self.rng.below(first_ghost + ghosts + usize::from(self.faults > 0));
            if let Some(next) = live.get(at) {
                return (*next != who).then_some(*next);
            } else if at < first_ghost + ghosts {
                let (who, request) = self.ghosts.remove(at - first_ghost);
                self.arrive(who, &request);
            } else {
                let who = live[self.rng.below(live.len())];
                self.die(who);
            }
        }
    }

    /// One of those who live.
    fn another(&mut self) -> Option<usize> {
        let live: Vec<usize> = self.live().collect();
        (!live.is_empty()).then(|| live[self.rng.below(live.len())])
    }

    fn fail(&mut self, what: String) {
        self.failure.get_or_insert(what);
    }

    /// Once something does not hold, nobody goes on.
    fn leave_if_failed(&mut self) {
        if self.failure.is_some() {
            for (_, life) in &mut self.parts {
                match life {
                    Life::Waiting(_) => *life = Life::Ended,
                    Life::Acts(_) => *life = Life::Dying,
                    Life::Dying | Life::Ended => {}
                }
            }
        }
    }

    fn arrive(&mut self, who: usize, request: &Request) {
        let name = self.parts[who].0.clone();
        self.world.serve(&name, request, ", late");
        self.look(request);
    }

    fn look(&mut self, request: &Request) {
        if request.changes()
            && let Err(what) = self.world.check()
        {
            self.fail(what);
        }
    }

    fn die(&mut self, who: usize) {
        self.faults -= 1;
        self.seen.faults += 1;
        let (name, life) = &mut self.parts[who];
        let name = name.clone();
        match std::mem::replace(life, Life::Dying) {
            Life::Waiting(_) => *life = Life::Ended,
            // What it was about to send may still arrive.
            Life::Acts(Some(request)) if request.changes() => self.ghosts.push((who, request)),
            _ => {}
        }
        self.world.say(|| format!("{name} dies"));
    }

    fn perform(&mut self, who: usize, request: Request) -> Option<Answer> {
        self.seen.requests += 1;
        let name = self.parts[who].0.clone();
        if self.faults == 0 || !self.rng.chance(8) {
            let answer = self.world.serve(&name, &request, "");
            self.look(&request);
            return Some(answer);
        }
        self.faults -= 1;
        self.seen.faults += 1;
        let how = if request.changes() { self.rng.below(4) } else { 3 };
        match how {
            0 => {
                self.world.serve(&name, &request, ", and the answer is lost");
                self.look(&request);
                None
            }
            1 => {
                let answer = self.world.serve(&name, &request, ", and again later");
                self.look(&request);
                self.ghosts.push((who, request));
                Some(answer)
            }
            2 => {
                self.world.say(|| format!("{name}: {request:?} is on its way"));
                self.ghosts.push((who, request));
                None
            }
            _ => {
                self.world.say(|| format!("{name}: {request:?} is lost"));
                None
            }
        }
    }
}
