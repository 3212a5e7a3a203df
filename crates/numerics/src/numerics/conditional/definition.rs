//! What a conditional measure is made of, and the choices in its definition.

use crate::numerics::NoValue;
use crate::numerics::codes::Codes;
use crate::numerics::embedding::{Histories, Symbols};

/// A source, a target and the condition of every sample.
#[derive(Debug, Clone, Copy)]
pub struct Conditioned<'a> {
    /// Source symbols.
    pub source: &'a Symbols,
    /// Target symbols.
    pub target: &'a Symbols,
    /// Condition symbols.
    pub condition: &'a Symbols,
    /// Starts of segments.
    pub segment_starts: &'a [usize],
    /// Whether a condition takes part, by its symbol; symbols beyond the end do not.
    pub keep: &'a [bool],
}

impl Conditioned<'_> {
    pub(super) fn keeps(&self, condition: u32) -> bool {
        self.keep.get(condition as usize).copied().unwrap_or(false)
    }
}

/// Choices in the definition, each taken by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// When histories are taken relative to the selection of conditions.
    pub embedding: Embedding,
    /// What the lag means.
    pub lag: Lag,
    /// The sample whose condition is an observation's.
    pub condition_at: ConditionAt,
    /// Source history of the true conditional transfer entropy.
    pub source_history: SourceHistory,
    /// Among which observations x is permuted.
    pub permuted: Permuted,
    /// How strata become one value.
    pub pooling: Pooling,
    /// Fewest observations of a stratum that counts.
    pub min_stratum_observations: usize,
}

/// When histories are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedding {
    /// On the whole series; then observations are selected.
    BeforeSelection,
    /// On the concatenation of the selected samples.
    AfterSelection,
}

/// Meaning of the lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// Newest source sample at t − lag.
    Uniform,
    /// Series are shifted by the lag and embedded at lag 1.
    DataShift,
}

/// The sample whose condition counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionAt {
    /// The predicted one.
    Target,
    /// The one before it.
    Previous,
}

/// Source history of the true conditional transfer entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceHistory {
    /// That of [`Definition::histories`].
    Full,
    /// Always 1.
    One,
}

/// Among which observations x is permuted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permuted {
    /// Those of the same condition.
    WithinCondition,
    /// All.
    Global,
}

/// How strata become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Weighted by observations, tested as one value.
    Observations,
    /// Weighted by samples, tested one by one.
    Fisher,
}

/// What is computed.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Target history, source history and tau.
    pub histories: Histories,
    /// The choices.
    pub options: Options,
    /// No observation, or no variation among them, is no value. Otherwise it is 0 with p = 1.
    pub strict: bool,
}

impl Definition {
    /// Steps from the newest source sample to the predicted one.
    pub fn effective_lag(&self) -> usize {
        self.shift() + self.lag()
    }

    /// Source history of the true conditional transfer entropy.
    pub fn true_source_history(&self) -> usize {
        match self.options.source_history {
            SourceHistory::Full => self.histories.source,
            SourceHistory::One => 1,
        }
    }

    /// Steps by which the source is moved before anything else; a tau of 1 never was.
    pub(super) fn shift(&self) -> usize {
        match self.options.lag {
            Lag::DataShift if self.histories.lag > 1 => self.histories.lag,
            Lag::DataShift | Lag::Uniform => 0,
        }
    }

    /// Lag of the embedding.
    pub(super) fn lag(&self) -> usize {
        match self.options.lag {
            Lag::Uniform => self.histories.lag,
            Lag::DataShift => 1,
        }
    }

    pub(super) fn nothing(&self, data: &Conditioned<'_>, h: Histories) -> NoValue {
        NoValue::NoObservations {
            rows: data.condition.values.iter().filter(|c| data.keeps(**c)).count(),
            segments: data.segment_starts.len(),
            history: h.reach() + self.shift(),
        }
    }

    pub(super) fn varies(&self, x: &Codes, y: &Codes) -> Result<(), NoValue> {
        match (self.strict, x.levels, y.levels) {
            (true, 0 | 1, _) => Err(NoValue::Constant { series: "selected source" }),
            (true, _, 0 | 1) => Err(NoValue::Constant { series: "selected target" }),
            _ => Ok(()),
        }
    }
}
