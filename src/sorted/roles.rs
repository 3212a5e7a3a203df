//! Which attempts speak for their unit.

use rustc_hash::FxHashMap;

/// What the rows of an attempt are to the merged table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// They are the unit's.
    Speaks,
    /// They must equal those of the attempt that speaks.
    Duplicate,
    /// They are history, or cannot be used.
    Out,
}

/// The attempts of several runs. Only those that do not speak are kept: of millions, they are few.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    silent: Vec<FxHashMap<Box<str>, Role>>,
}

impl Roles {
    /// Sets the role of an attempt.
    pub fn set(&mut self, run: usize, attempt: &str, role: Role) {
        if self.silent.len() <= run {
            self.silent.resize_with(run + 1, FxHashMap::default);
        }
        match role {
            Role::Speaks => self.silent[run].remove(attempt),
            role => self.silent[run].insert(attempt.into(), role),
        };
    }

    /// The role of an attempt.
    pub fn of(&self, run: usize, attempt: &str) -> Role {
        self.silent.get(run).and_then(|run| run.get(attempt)).copied().unwrap_or(Role::Speaks)
    }

    /// Whether every attempt of a run speaks.
    pub fn all_speak(&self, run: usize) -> bool {
        self.silent.get(run).is_none_or(FxHashMap::is_empty)
    }
}
