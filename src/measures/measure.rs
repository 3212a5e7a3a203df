//! What a measure is.

use std::fmt::Debug;

use super::unit::Unit;
use crate::config::{Block, Config, GateSettings};
use crate::schema::Row;

/// A measure: one table, a row a unit and lag.
pub trait Measure: Debug + Sync {
    /// Its table, with a schema of that name, and part of the name of its random streams: `te`.
    fn name(&self) -> &'static str;

    /// Its family in `fdr.families`, and its method in the table `issues`: `TE`.
    fn family(&self) -> &'static str;

    /// Its name in `analysis_modes`: `global_te`.
    fn key(&self) -> &'static str;

    /// Whether it is computed where a configuration names no measures.
    fn is_default(&self) -> bool {
        false
    }

    /// Whether the guide computes it there.
    fn is_in_guide(&self) -> bool {
        self.is_default()
    }

    /// Its quality gate: a block of `quality_control`.
    fn gate(&self) -> Option<GateSettings> {
        None
    }

    /// Settings of its own.
    fn block(&self) -> Option<Block> {
        None
    }

    /// What the methods of a paper say of its settings, as a sentence.
    fn methods(&self, _: &Config) -> Option<String> {
        None
    }

    /// Rows of every unit that is ok.
    fn planned_rows(&self, config: &Config) -> u64 {
        config.taus.len() as u64
    }

    /// The rows of a unit, all that are planned: what cannot be computed is null, with the reason in
    /// `issues`.
    fn rows(&self, unit: &mut Unit<'_>) -> Vec<Row>;

    /// The predecessor's file of it, if there was one.
    fn predecessor(&self) -> Option<Predecessor> {
        None
    }
}

/// A file of the predecessor with rows of a measure.
#[derive(Debug, Clone, Copy)]
pub struct Predecessor {
    /// Its name.
    pub file: &'static str,
    /// Headers it can have, the finished file's first.
    pub headers: &'static [&'static str],
    /// Empties values of a row that cannot be meant, and says so.
    pub mend: fn(&mut Row) -> Vec<Mended>,
}

impl Predecessor {
    /// A file whose values stand as they are.
    pub(super) fn new(file: &'static str, headers: &'static [&'static str]) -> Self {
        Self { file, headers, mend: |_| Vec::new() }
    }
}

/// What was mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mended {
    /// What is wrong, and what was done about it.
    pub what: &'static str,
    /// What to do next.
    pub remedy: &'static str,
}
