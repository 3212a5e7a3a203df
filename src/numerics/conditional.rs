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
//! Every choice of [`Conditional`] is taken by itself, so that one definition can be turned into the
//! other step by step.

use super::NoValue;
use super::cmi::Estimate;
use super::codes::Codes;
use super::embedding::{Histories, Symbols, observe};
use super::fisher::fisher;
use super::strata::{Layout, Seen, kept};
use super::surrogate::{NullPlan, StreamKey};
use super::transfer::{Tested, test};
use crate::config::{CondLag, CondNull, Conditional, SourceHistory, StrataPooling};

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

/// What is computed.
#[derive(Debug, Clone, Copy)]
pub struct Definition<'a> {
    /// Target history, source history and tau.
    pub histories: Histories,
    /// The choices.
    pub options: &'a Conditional,
    /// No observation, or no variation among them, is no value. Otherwise it is 0 with p = 1.
    pub strict: bool,
}

impl Definition<'_> {
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
            CondLag::DataShift if self.histories.lag > 1 => self.histories.lag,
            CondLag::DataShift | CondLag::Uniform => 0,
        }
    }

    /// Lag of the embedding.
    fn lag(&self) -> usize {
        match self.options.lag {
            CondLag::Uniform => self.histories.lag,
            CondLag::DataShift => 1,
        }
    }
}

/// A conditional value with its significance and the strata it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// The value and its counts, over all strata used.
    pub estimate: Estimate,
    /// p; absent without surrogates.
    pub p: Option<f64>,
    /// Surrogates at or above the value; absent if p combines several tests.
    pub exceedances: Option<u32>,
    /// Surrogates drawn; absent if p combines several tests.
    pub surrogates: Option<u32>,
    /// Mean of the surrogates' values, bits.
    pub null_mean: Option<f64>,
    /// Standard deviation of the surrogates' values, bits.
    pub null_std: Option<f64>,
    /// Conditions the value is made of, ascending.
    pub used: Vec<u32>,
    /// Conditions with samples that take part, but with too few observations; ascending.
    pub excluded: Vec<u32>,
}

impl Pooled {
    /// (value − null mean) / null standard deviation; absent if the surrogates do not vary.
    pub fn z(&self) -> Option<f64> {
        let std = self.null_std.filter(|s| *s > 0.0)?;
        Some((self.estimate.value - self.null_mean?) / std)
    }

    fn single(tested: Tested, used: Vec<u32>, excluded: Vec<u32>) -> Self {
        let Tested { estimate, null } = tested;
        Self {
            estimate,
            p: null.p,
            exceedances: Some(null.exceedances),
            surrogates: Some(null.surrogates),
            null_mean: null.mean,
            null_std: null.std,
            used,
            excluded,
        }
    }
}

/// A conditional value, or why there is none.
pub type Outcome = Result<Pooled, NoValue>;

/// Transfer entropy within the strata of the condition, pooled.
///
/// # Errors
/// No source history, no observations, no stratum large enough, or (if strict) nothing varies.
pub fn stratified(
    data: &Conditioned<'_>,
    definition: &Definition<'_>,
    plan: &NullPlan,
    key: StreamKey<'_>,
) -> Outcome {
    let h = Histories { lag: definition.lag(), ..definition.histories };
    if h.source == 0 {
        return Err(NoValue::NoSourceHistory);
    }
    let layout = Layout::new(data, definition, true);
    let seen = layout.observed(data, definition, h);
    let fisher = definition.options.pooling == StrataPooling::Fisher;
    // Pooled by observations, a stratum without any has no weight in any case.
    let least =
        (definition.options.min_stratum_observations as usize).max(usize::from(definition.strict || !fisher));
    let used = seen.strata(data.keep, |stratum| stratum.samples > 0 && stratum.observations >= least);
    let excluded = seen.strata(data.keep, |stratum| stratum.samples > 0 && stratum.observations < least);
    if used.is_empty() {
        return Err(match seen.strata(data.keep, |stratum| stratum.observations > 0).len() {
            0 => definition.nothing(data, h),
            strata => NoValue::SmallStrata { strata, min: least },
        });
    }
    if fisher {
        return layout.combined(&seen, definition, h, (used, excluded), plan, key);
    }
    let counts = |condition: u32| used.binary_search(&condition).is_ok();
    layout.given(&seen.only(counts), definition, h, (used.clone(), excluded), plan, key)
}

/// Conditional transfer entropy: I(source history; next target | target history, condition).
///
/// # Errors
/// No source history, no samples, or (if strict) no observations or nothing varies.
pub fn conditional(
    data: &Conditioned<'_>,
    definition: &Definition<'_>,
    plan: &NullPlan,
    key: StreamKey<'_>,
) -> Outcome {
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
    let used = seen.strata(data.keep, |stratum| stratum.observations > 0);
    let excluded = seen.strata(data.keep, |stratum| stratum.samples > 0 && stratum.observations == 0);
    layout.given(&seen, definition, h, (used, excluded), plan, key)
}

impl Definition<'_> {
    fn nothing(&self, data: &Conditioned<'_>, h: Histories) -> NoValue {
        NoValue::NoObservations {
            rows: data.condition.values.iter().filter(|c| kept(data.keep, **c)).count(),
            segments: data.segment_starts.len(),
            history: h.reach() + self.shift(),
        }
    }
}

impl Layout {
    /// One test of all observations given their condition.
    fn given(
        &self,
        seen: &Seen,
        definition: &Definition<'_>,
        h: Histories,
        (used, excluded): (Vec<u32>, Vec<u32>),
        plan: &NullPlan,
        key: StreamKey<'_>,
    ) -> Outcome {
        let mut o = observe(&self.source, &self.target, h, seen.times.clone());
        definition.varies(&o.x, &o.y)?;
        let values: Vec<u64> = seen.condition.iter().map(|c| u64::from(*c)).collect();
        let cells = Codes::of(&values, seen.levels.len() as u64);
        o.z = o.z.with(&cells);
        let within = (definition.options.null == CondNull::WithinCondition).then_some(&cells);
        Ok(Pooled::single(test(&o, within, plan, key), used, excluded))
    }

    /// A test of every stratum; their p combined.
    fn combined(
        &self,
        seen: &Seen,
        definition: &Definition<'_>,
        h: Histories,
        (used, excluded): (Vec<u32>, Vec<u32>),
        plan: &NullPlan,
        key: StreamKey<'_>,
    ) -> Outcome {
        let counts = |condition: u32| used.binary_search(&condition).is_ok();
        let all = observe(&self.source, &self.target, h, seen.only(counts).times);
        definition.varies(&all.x, &all.y)?;
        let strata: Vec<(f64, Tested)> = used
            .iter()
            .map(|stratum| {
                let o = observe(&self.source, &self.target, h, seen.only(|c| c == *stratum).times);
                let measure = format!("{}/{stratum}", key.measure);
                let tested = test(&o, None, plan, StreamKey { measure: &measure, ..key });
                (seen.levels[*stratum as usize].samples as f64, tested)
            })
            .collect();
        Ok(fisher_pooled(&strata, used, excluded))
    }
}

impl Definition<'_> {
    fn varies(&self, x: &Codes, y: &Codes) -> Result<(), NoValue> {
        match (self.strict, x.levels, y.levels) {
            (true, 0 | 1, _) => Err(NoValue::Constant { series: "selected source" }),
            (true, _, 0 | 1) => Err(NoValue::Constant { series: "selected target" }),
            _ => Ok(()),
        }
    }
}

/// Strata with their weights, tested one by one, as one value and one p.
fn fisher_pooled(strata: &[(f64, Tested)], used: Vec<u32>, excluded: Vec<u32>) -> Pooled {
    let all: f64 = strata.iter().map(|(weight, _)| weight).sum();
    let mean = |of: &dyn Fn(&Tested) -> f64| strata.iter().map(|(w, t)| w * of(t)).sum::<f64>() / all;
    let every = |of: &dyn Fn(&Tested) -> Option<f64>| strata.iter().map(|(_, t)| of(t)).collect();
    let p: Option<Vec<f64>> = every(&|t| t.null.p);
    let means: Option<Vec<f64>> = every(&|t| t.null.mean);
    let spreads: Option<Vec<f64>> = every(&|t| t.null.std);
    let weights = || strata.iter().map(|(w, _)| w / all);
    Pooled {
        estimate: Estimate {
            value: mean(&|t| t.estimate.value),
            n: strata.iter().map(|(_, t)| t.estimate.n).sum(),
            states: strata.iter().map(|(_, t)| t.estimate.states).sum(),
            corrected: mean(&|t| t.estimate.corrected),
        },
        p: p.map(|p| fisher(&p)),
        exceedances: None,
        surrogates: None,
        null_mean: means.map(|m| weights().zip(m).map(|(w, m)| w * m).sum()),
        // Strata draw from streams of their own, so their variances add.
        null_std: spreads.map(|s| weights().zip(s).map(|(w, s)| (w * s).powi(2)).sum::<f64>().sqrt()),
        used,
        excluded,
    }
}

#[cfg(test)]
mod tests;
