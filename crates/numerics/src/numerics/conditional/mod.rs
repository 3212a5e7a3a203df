//! Transfer entropy given a condition, such as the hour of the day.
//!
//! Stratified: the transfer entropy `T_h` of every stratum h of the condition, pooled,
//!
//! ```text
//! CTE = Σ w_h·T_h / Σ w_h        w_h = observations (or samples) of the stratum
//! ```
//!
//! With observations as weights this is I(source history; next target | target history, stratum) over
//! the strata that count. True: that same information over every observation, whatever its stratum's
//! size, with a source history of its own choice.
//!
//! Every choice of [`Options`] is taken by itself, so that one definition can be turned into the other
//! step by step. What comes out are observations: their value is [`super::cmi::estimate`]'s, and what it
//! is tested against is the nulls'.

mod definition;
mod layout;

use super::NoValue;
use super::codes::Codes;
use super::embedding::{Histories, Observations};
use layout::{Layout, Seen};

pub use definition::{
    ConditionAt, Conditioned, Definition, Embedding, Lag, Options, Permuted, Pooling, SourceHistory,
};

/// The observations of a conditional measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// The observations.
    pub parts: Parts,
    /// Conditions the value is made of, ascending.
    pub used: Vec<u32>,
    /// Conditions with samples that take part, but with too few observations; ascending.
    pub excluded: Vec<u32>,
}

/// How observations make up a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Parts {
    /// All together.
    Whole {
        /// The observations, the condition in their z.
        observations: Observations,
        /// Cells within which x is permuted; none for all observations.
        within: Option<Codes>,
    },
    /// Stratum by stratum, each tested by itself.
    Strata(Vec<Stratum>),
}

/// The observations of one stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// The condition.
    pub condition: u32,
    /// Its weight: samples.
    pub weight: f64,
    /// Its observations.
    pub observations: Observations,
}

/// Transfer entropy within the strata of the condition, pooled.
///
/// # Errors
/// No source history, no observations, no stratum large enough, or (if strict) nothing varies.
pub fn stratified(data: &Conditioned<'_>, definition: &Definition) -> Result<Selected, NoValue> {
    let h = Histories { lag: definition.lag(), ..definition.histories };
    if h.source == 0 {
        return Err(NoValue::NoSourceHistory);
    }
    let layout = Layout::new(data, definition, true);
    let seen = layout.observed(data, definition, h);
    let fisher = definition.options.pooling == Pooling::Fisher;
    // Pooled by observations, a stratum without any has no weight in any case.
    let least = definition.options.min_stratum_observations.max(usize::from(definition.strict || !fisher));
    let used = seen.strata(data, |stratum| stratum.samples > 0 && stratum.observations >= least);
    let excluded = seen.strata(data, |stratum| stratum.samples > 0 && stratum.observations < least);
    if used.is_empty() {
        return Err(match seen.strata(data, |stratum| stratum.observations > 0).len() {
            0 => definition.nothing(data, h),
            strata => NoValue::SmallStrata { strata, min: least },
        });
    }
    let counting = seen.only(|condition| used.binary_search(&condition).is_ok());
    let parts = if fisher {
        layout.apart(&seen, &counting, definition, h, &used)?
    } else {
        layout.together(&counting, definition, h)?
    };
    Ok(Selected { parts, used, excluded })
}

/// Conditional transfer entropy: I(source history; next target | target history, condition).
///
/// # Errors
/// No source history, no samples, or (if strict) no observations or nothing varies.
pub fn conditional(data: &Conditioned<'_>, definition: &Definition) -> Result<Selected, NoValue> {
    let target = definition.histories.target;
    let h = Histories { target, source: definition.true_source_history(), lag: definition.lag() };
    if h.source == 0 {
        return Err(NoValue::NoSourceHistory);
    }
    let layout = Layout::new(data, definition, false);
    let seen = layout.observed(data, definition, h);
    if layout.condition.is_empty() || (definition.strict && seen.times.is_empty()) {
        return Err(definition.nothing(data, h));
    }
    let used = seen.strata(data, |stratum| stratum.observations > 0);
    let excluded = seen.strata(data, |stratum| stratum.samples > 0 && stratum.observations == 0);
    Ok(Selected { parts: layout.together(&seen, definition, h)?, used, excluded })
}

impl Layout {
    /// All observations, given their condition.
    fn together(&self, seen: &Seen, definition: &Definition, h: Histories) -> Result<Parts, NoValue> {
        let mut observations = self.observe(h, seen.times.clone());
        definition.varies(&observations.x, &observations.y)?;
        let values: Vec<u64> = seen.condition.iter().map(|c| u64::from(*c)).collect();
        let cells = Codes::of(&values, seen.levels.len() as u64);
        observations.z = observations.z.with(&cells);
        let within = (definition.options.permuted == Permuted::WithinCondition).then_some(cells);
        Ok(Parts::Whole { observations, within })
    }

    /// The observations of every stratum in use.
    fn apart(
        &self,
        seen: &Seen,
        counting: &Seen,
        definition: &Definition,
        h: Histories,
        used: &[u32],
    ) -> Result<Parts, NoValue> {
        let all = self.observe(h, counting.times.clone());
        definition.varies(&all.x, &all.y)?;
        let stratum = |condition: &u32| Stratum {
            condition: *condition,
            weight: seen.levels[*condition as usize].samples as f64,
            observations: self.observe(h, seen.only(|c| c == *condition).times),
        };
        Ok(Parts::Strata(used.iter().map(stratum).collect()))
    }
}
