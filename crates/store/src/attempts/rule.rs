//! The rule: which attempt of a unit counts, and what the others are to it. No file is read here.
//!
//! In this order:
//!
//! 1. *Moved*: of one name, all but those that were rewritten most often, within their run.
//! 2. A run's basis of a unit is that of its newest attempt, failed ones without a fingerprint of the input left
//!    aside: they could not read it. What is on another basis is *superseded*, whatever its state.
//! 3. The rest are ranked: ok before not ok, then by their end, then the order of the runs, then the name, of
//!    which the larger goes first.
//! 4. The first *counts*. If it is ok, so that other ok ones must equal it, they are *duplicates*; all others
//!    are superseded.
//! 5. Damage comes last, so that it never brings an older basis back. If the one that counts is *damaged*, the
//!    next whole one that is ok and on its basis takes its place; without one, the unit has no rows.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::store::{UnitState, origin};

/// What an attempt is to its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Its rows are the unit's.
    Counts,
    /// It must equal the one that counts.
    Duplicate,
    /// Its run has a newer attempt on another basis, or a better one.
    Superseded,
    /// Its rows are in a newer file.
    Moved,
    /// It would count or be a duplicate, were its files what was written.
    Damaged,
}

/// Which of several attempts on an equal footing counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precedence {
    /// The one that ended last.
    Latest,
    /// The one that ended first.
    First,
}

/// What the numbers of an attempt are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis<'a> {
    /// Fingerprint of the input; none if it could not be read.
    pub input: Option<&'a str>,
    /// Fingerprint of the settings.
    pub config: &'a str,
    /// Version of the estimators.
    pub engine: &'a str,
}

/// An attempt, as far as the rule looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// Index of its run.
    pub run: usize,
    /// Its name.
    pub name: &'a str,
    /// How it ended.
    pub state: UnitState,
    /// When, microseconds since 1970.
    pub finished_us: i64,
    /// What it was made of.
    pub basis: Basis<'a>,
    /// Whether a file of it is missing, cut or changed.
    pub is_damaged: bool,
}

impl Attempt<'_> {
    fn is_ok(&self) -> bool {
        self.state == UnitState::Ok
    }

    /// Whether it says what its unit is made of now.
    fn has_read_input(&self) -> bool {
        self.state != UnitState::Failed || self.basis.input.is_some()
    }
}

/// The roles of the attempts of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Roles {
    of: Vec<Role>,
    first: usize,
}

impl Roles {
    /// The roles, in the order of the attempts.
    pub fn all(&self) -> &[Role] {
        &self.of
    }

    /// Place of the attempt that counts; none if it is damaged and no other takes its place.
    pub fn counting(&self) -> Option<usize> {
        self.of.iter().position(|role| *role == Role::Counts)
    }

    /// Place of the attempt that counts, or would, were it whole.
    pub fn first(&self) -> usize {
        self.first
    }
}

/// Decides about the attempts of one unit, of which there is one at least.
pub fn roles(of_one_unit: &[Attempt<'_>], by: Precedence) -> Roles {
    if let [only] = of_one_unit {
        let role = if only.is_damaged { Role::Damaged } else { Role::Counts };
        return Roles { of: vec![role], first: 0 };
    }
    let mut of = vec![Role::Superseded; of_one_unit.len()];
    let standing = standing(of_one_unit, &mut of, by);
    let Some(&first) = standing.first() else { return Roles { of, first: 0 } };
    let head = &of_one_unit[first];
    let takes_over = |place: usize| {
        let other = &of_one_unit[place];
        !other.is_damaged && (place == first || (head.is_ok() && other.is_ok() && other.basis == head.basis))
    };
    let counting = standing.iter().copied().find(|place| takes_over(*place));
    for place in standing {
        let attempt = &of_one_unit[place];
        of[place] = if Some(place) == counting {
            Role::Counts
        } else if place != first && !(head.is_ok() && attempt.is_ok()) {
            Role::Superseded
        } else if attempt.is_damaged {
            Role::Damaged
        } else if counting.is_some() {
            Role::Duplicate
        } else {
            // There is nothing that it could equal.
            Role::Superseded
        };
    }
    Roles { of, first }
}

/// Places of the attempts that are neither moved nor on another basis, the first of them first.
fn standing(attempts: &[Attempt<'_>], of: &mut [Role], by: Precedence) -> Vec<usize> {
    let mut newest: FxHashMap<(usize, &str), u32> = FxHashMap::default();
    for attempt in attempts {
        let (name, times) = origin(attempt.name);
        let most = newest.entry((attempt.run, name)).or_insert(times);
        *most = times.max(*most);
    }
    let is_moved = |attempt: &Attempt<'_>| {
        let (name, times) = origin(attempt.name);
        newest.get(&(attempt.run, name)).is_some_and(|most| times < *most)
    };
    let mut last: FxHashMap<usize, &Attempt<'_>> = FxHashMap::default();
    for (place, attempt) in attempts.iter().enumerate() {
        if is_moved(attempt) {
            of[place] = Role::Moved;
        } else if attempt.has_read_input() {
            let known = last.entry(attempt.run).or_insert(attempt);
            if (attempt.finished_us, attempt.name) > (known.finished_us, known.name) {
                *known = attempt;
            }
        }
    }
    let is_current = |place: &usize| {
        let attempt = &attempts[*place];
        of[*place] != Role::Moved && last.get(&attempt.run).is_none_or(|last| last.basis == attempt.basis)
    };
    let mut standing: Vec<usize> = (0..attempts.len()).filter(is_current).collect();
    standing.sort_by(|a, b| {
        let (a, b) = (&attempts[*a], &attempts[*b]);
        let ends = a.finished_us.cmp(&b.finished_us);
        let ends = if by == Precedence::Latest { ends.reverse() } else { ends };
        let states = b.is_ok().cmp(&a.is_ok());
        states.then(ends).then(a.run.cmp(&b.run)).then_with(|| b.name.cmp(a.name))
    });
    standing
}

/// Names that a run has again in newer files.
#[derive(Debug, Default)]
pub struct Moved(FxHashMap<Box<str>, u32>);

impl Moved {
    /// Looks at the names of attempts of one run.
    pub fn among<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut newest: FxHashMap<Box<str>, u32> = FxHashMap::default();
        for (name, times) in names.map(origin).filter(|(_, times)| *times > 0) {
            let most = newest.entry(name.into()).or_insert(times);
            *most = times.max(*most);
        }
        Self(newest)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an attempt is one of them.
    pub fn has(&self, name: &str) -> bool {
        let (name, times) = origin(name);
        self.0.get(name).is_some_and(|newest| times < *newest)
    }
}

#[cfg(test)]
mod tests;
