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
use super::embedding::{Histories, Symbols, observe, times};
use super::surrogate::{NullPlan, StreamKey};
use super::transfer::{Tested, test};
use crate::config::{
    CondEmbedding, CondLag, CondNull, ConditionAt, Conditional, SourceHistory, StrataPooling,
};

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
    fn shift(&self) -> usize {
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

fn kept(keep: &[bool], condition: u32) -> bool {
    keep.get(condition as usize).copied().unwrap_or(false)
}

/// The samples in the order in which they are embedded.
struct Layout {
    source: Symbols,
    target: Symbols,
    condition: Vec<u32>,
    starts: Vec<usize>,
    /// Every stratum stands by itself.
    packed: bool,
}

impl Layout {
    /// `by_stratum`: if samples are selected before they are embedded, strata are taken apart too.
    fn new(data: &Conditioned<'_>, definition: &Definition<'_>, by_stratum: bool) -> Self {
        let select_first = definition.options.embedding == CondEmbedding::AfterSelection;
        let packed = select_first && by_stratum;
        let condition = &data.condition.values;
        let n = condition.len();
        let ends = data.segment_starts.iter().skip(1).copied().chain(std::iter::once(n));
        let mut samples: Vec<(usize, usize, usize)> = Vec::with_capacity(n);
        for (segment, (start, end)) in data.segment_starts.iter().zip(ends).enumerate() {
            let chosen: Vec<usize> =
                (*start..end).filter(|&i| !select_first || kept(data.keep, condition[i])).collect();
            let moved = chosen.iter().skip(definition.shift());
            samples.extend(chosen.iter().zip(moved).map(|(source, target)| (segment, *source, *target)));
        }
        if packed {
            // Stable: time order within a stratum, and so segments stay together.
            samples.sort_by_key(|(_, _, target)| condition[*target]);
        }
        let run = |s: &(usize, usize, usize)| (s.0, if packed { condition[s.2] } else { 0 });
        let starts = (0..samples.len()).filter(|&i| i == 0 || run(&samples[i - 1]) != run(&samples[i]));
        let pick = |symbols: &Symbols, at: fn(&(usize, usize, usize)) -> usize| Symbols {
            values: samples.iter().map(|s| symbols.values[at(s)]).collect(),
            base: symbols.base,
        };
        Self {
            starts: starts.collect(),
            source: pick(data.source, |s| s.1),
            target: pick(data.target, |s| s.2),
            condition: pick(data.condition, |s| s.2).values,
            packed,
        }
    }

    /// The observations that take part.
    fn observed(&self, data: &Conditioned<'_>, definition: &Definition<'_>, h: Histories) -> Seen {
        // Samples of a packed stratum have one condition, whenever it is looked at.
        let previous = !self.packed && definition.options.condition_at == ConditionAt::Previous;
        let back = usize::from(previous);
        let all = times(self.condition.len(), &self.starts, h.reach().max(back));
        let levels = data.condition.base as usize;
        let mut seen =
            Seen { times: Vec::new(), condition: Vec::new(), levels: vec![Level::default(); levels] };
        for t in all {
            let condition = self.condition[t - back];
            if kept(data.keep, condition) {
                seen.times.push(t);
                seen.condition.push(condition);
                seen.levels[condition as usize].observations += 1;
            }
        }
        for condition in &self.condition {
            seen.levels[*condition as usize].samples += 1;
        }
        seen
    }

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

/// Samples and observations of a condition.
#[derive(Clone, Copy, Default)]
struct Level {
    samples: usize,
    observations: usize,
}

/// The observations that take part.
struct Seen {
    times: Vec<usize>,
    /// Condition of each.
    condition: Vec<u32>,
    /// By condition.
    levels: Vec<Level>,
}

impl Seen {
    fn strata(&self, keep: &[bool], which: impl Fn(&Level) -> bool) -> Vec<u32> {
        let all = (0u32..).zip(&self.levels);
        all.filter(|(c, level)| kept(keep, *c) && which(level)).map(|(c, _)| c).collect()
    }

    fn only(&self, which: impl Fn(u32) -> bool) -> Self {
        let (times, condition) =
            self.times.iter().zip(&self.condition).filter(|(_, c)| which(**c)).map(|(t, c)| (*t, *c)).unzip();
        Self { times, condition, levels: self.levels.clone() }
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

/// Fisher's combined p: the upper tail of chi-squared with 2m degrees of freedom at −2 Σ ln p.
///
/// For an even number of degrees that tail is a Poisson sum. One p is itself; none gives 1.
pub fn fisher(p: &[f64]) -> f64 {
    if let [only] = p {
        return *only;
    }
    let half = -p.iter().map(|p| p.ln()).sum::<f64>();
    if half <= 0.0 {
        return 1.0;
    }
    if half.is_infinite() {
        return 0.0;
    }
    // In logarithms: e^-half alone would underflow long before the sum does.
    let mut term = -half;
    let mut sum = 0.0;
    for j in 0..p.len() {
        if j > 0 {
            term += half.ln() - (j as f64).ln();
        }
        sum += term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PValueRule;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// Source history, next target, target history.
    type Tuple = (Vec<u32>, u32, Vec<u32>);

    const NEW: Conditional = Conditional {
        embedding: CondEmbedding::BeforeSelection,
        lag: CondLag::Uniform,
        condition_at: ConditionAt::Target,
        source_history: SourceHistory::Full,
        null: CondNull::WithinCondition,
        pooling: StrataPooling::Observations,
        min_stratum_observations: 0,
    };
    const KEY: StreamKey<'static> =
        StreamKey { seed: 1, user_id: "u", feature_mode: "m", measure: "cte", direction: "A2S", tau: 1 };

    fn plan(surrogates: u32) -> NullPlan {
        NullPlan { surrogates, adaptive: None, p_value: PValueRule::AddOne }
    }

    fn symbols(values: &[i32]) -> Symbols {
        Symbols::new(values, "series").unwrap()
    }

    struct Case {
        rows: [Symbols; 3],
        starts: Vec<usize>,
        keep: Vec<bool>,
    }

    impl Case {
        fn new(rows: &[(i32, i32, i32)], starts: &[usize], keep: &[bool]) -> Self {
            let column = |f: fn(&(i32, i32, i32)) -> i32| symbols(&rows.iter().map(f).collect::<Vec<_>>());
            let rows = [column(|r| r.0), column(|r| r.1), column(|r| r.2)];
            Self { rows, starts: starts.to_vec(), keep: keep.to_vec() }
        }

        fn data(&self) -> Conditioned<'_> {
            let [source, target, condition] = &self.rows;
            Conditioned { source, target, condition, segment_starts: &self.starts, keep: &self.keep }
        }
    }

    /// Straight from the definition: tuples of each condition by time, their information, their number.
    fn brute(case: &Case, (k, l, lag): (usize, usize, usize), back: usize) -> HashMap<u32, (f64, usize)> {
        let [source, target, condition] = &case.rows;
        let mut tuples: HashMap<u32, Vec<Tuple>> = HashMap::new();
        for t in 0..target.len() {
            let first = case.starts.iter().copied().filter(|s| *s <= t).max().unwrap();
            let reach = k.max(l + lag - 1).max(back);
            if t < first + reach || !case.keep[condition.values[t - back] as usize] {
                continue;
            }
            let x = source.values[t + 1 - lag - l..=t - lag].to_vec();
            let z = target.values[t - k..t].to_vec();
            tuples.entry(condition.values[t - back]).or_default().push((x, target.values[t], z));
        }
        let information = |all: &[(Vec<u32>, u32, Vec<u32>)]| {
            let count = |f: &dyn Fn(&Tuple) -> bool| all.iter().filter(|o| f(o)).count() as f64;
            let each = all.iter().map(|(x, y, z)| {
                let (xyz, z_) = (count(&|o| o == &(x.clone(), *y, z.clone())), count(&|o| o.2 == *z));
                let (xz, yz) = (count(&|o| o.0 == *x && o.2 == *z), count(&|o| o.1 == *y && o.2 == *z));
                (xyz * z_ / (xz * yz)).log2()
            });
            each.sum::<f64>() / all.len() as f64
        };
        tuples.into_iter().map(|(c, all)| (c, (information(&all), all.len()))).collect()
    }

    proptest! {
        #[test]
        fn strata_are_pooled_by_observations(
            rows in prop::collection::vec((0i32..3, 0i32..2, 0i32..4), 1..90),
            k in 0usize..3, l in 1usize..3, lag in 0usize..4, cut in 0usize..90, min in 0u32..12,
            previous: bool, dropped in 0usize..5,
        ) {
            let starts: Vec<usize> = if cut > 0 && cut < rows.len() { vec![0, cut] } else { vec![0] };
            let keep: Vec<bool> = (0..4).map(|c| c != dropped).collect();
            let case = Case::new(&rows, &starts, &keep);
            let condition_at = if previous { ConditionAt::Previous } else { ConditionAt::Target };
            let options = Conditional { condition_at, min_stratum_observations: min, ..NEW };
            let histories = Histories { target: k, source: l, lag };
            let definition = Definition { histories, options: &options, strict: false };
            let strata = brute(&case, (k, l, lag), usize::from(previous));
            let pooled = |least: usize| {
                let kept: Vec<_> = strata.values().filter(|(_, n)| *n >= least).collect();
                let n: usize = kept.iter().map(|(_, n)| n).sum();
                (kept.iter().map(|(v, n)| v * *n as f64).sum::<f64>() / n as f64, n, kept.len())
            };
            let (value, n, used) = pooled(min as usize);
            match stratified(&case.data(), &definition, &plan(5), KEY) {
                Ok(found) => {
                    prop_assert_eq!((found.estimate.n, found.used.len()), (n, used));
                    prop_assert!((found.estimate.value - value).abs() < 1e-12);
                    prop_assert_eq!(found.surrogates, Some(5));
                }
                Err(NoValue::SmallStrata { strata: any, .. }) => prop_assert_eq!((used, any), (0, strata.len())),
                Err(why) => prop_assert!(strata.is_empty(), "{}", why),
            }
            // The same information over every observation.
            let (value, n, _) = pooled(1);
            if let Ok(found) = conditional(&case.data(), &definition, &plan(0), KEY) {
                prop_assert_eq!((found.estimate.n, found.p), (n, None));
                prop_assert!(n == 0 || (found.estimate.value - value).abs() < 1e-12);
            }
        }

        /// Whatever is chosen, there is a finite value or a reason.
        #[test]
        fn every_combination_of_choices_has_a_value_or_a_reason(
            rows in prop::collection::vec((0i32..3, 0i32..2, 0i32..3), 0..60),
            flags in 0u32..64, min in 0u32..9, k in 0usize..4, l in 0usize..3, lag in 0usize..5, strict: bool,
        ) {
            let on = |bit: u32| flags >> bit & 1 == 1;
            let options = Conditional {
                embedding: if on(0) { CondEmbedding::AfterSelection } else { NEW.embedding },
                lag: if on(1) { CondLag::DataShift } else { NEW.lag },
                condition_at: if on(2) { ConditionAt::Previous } else { NEW.condition_at },
                source_history: if on(3) { SourceHistory::One } else { NEW.source_history },
                null: if on(4) { CondNull::Global } else { NEW.null },
                pooling: if on(5) { StrataPooling::Fisher } else { NEW.pooling },
                min_stratum_observations: min,
            };
            let starts = if rows.len() > 20 { vec![0, 13] } else { vec![0] };
            let case = Case::new(&rows, &starts, &[true, false, true]);
            let histories = Histories { target: k, source: l, lag };
            let definition = Definition { histories, options: &options, strict };
            for measure in [stratified, conditional] {
                if let Ok(found) = measure(&case.data(), &definition, &plan(3), KEY) {
                    prop_assert!(found.estimate.value.is_finite() && found.estimate.value > -1e-12);
                    prop_assert!(found.p.is_some_and(|p| (0.0..=1.0).contains(&p)));
                    prop_assert!(found.null_mean.is_some_and(f64::is_finite));
                    prop_assert!(!strict || found.estimate.n > 0);
                    prop_assert!(!found.used.contains(&1));
                }
            }
        }
    }

    /// Source and target that share nothing but the hour: within cells nothing is left to permute.
    #[test]
    fn permuting_within_the_condition_keeps_each_cell() {
        let rows: Vec<(i32, i32, i32)> = (0..240).map(|t| (t / 24 % 2, t * 7 % 5 / 3, t / 24 % 2)).collect();
        let case = Case::new(&rows, &[0], &[true, true]);
        let histories = Histories { target: 1, source: 1, lag: 0 };
        let within = Definition { histories, options: &NEW, strict: true };
        let found = conditional(&case.data(), &within, &plan(50), KEY).unwrap();
        // Each cell holds one source symbol only, so every surrogate is the observed table.
        assert_eq!((found.exceedances, found.p, found.null_std), (Some(50), Some(1.0), Some(0.0)));
        let options = Conditional { null: CondNull::Global, ..NEW };
        let global = Definition { options: &options, ..within };
        let found = conditional(&case.data(), &global, &plan(50), KEY).unwrap();
        assert!(found.exceedances == Some(50) && found.null_std > Some(0.0), "{found:?}");
    }

    #[test]
    fn lags_count_as_they_say() {
        let noise: Vec<i32> = (0..600i32).map(|t| (t * t * 31 + t * 17) % 101 % 2).collect();
        // The target repeats the source of three steps before.
        let rows: Vec<_> = (0..600).map(|t| (noise[t], noise[t.max(3) - 3], 0)).collect();
        let case = Case::new(&rows, &[0], &[true]);
        let value = |lag: CondLag, tau: usize| {
            let options = Conditional { lag, ..NEW };
            let histories = Histories { target: 1, source: 1, lag: tau };
            let definition = Definition { histories, options: &options, strict: true };
            let found = stratified(&case.data(), &definition, &plan(1), KEY).unwrap();
            (found.estimate.value, definition.effective_lag())
        };
        let (best, three) = value(CondLag::Uniform, 3);
        assert!(best > 0.8 && three == 3, "{best}");
        assert!(value(CondLag::Uniform, 2).0 < best / 2.0);
        assert_eq!(value(CondLag::DataShift, 2), (best, 3));
        assert_eq!(value(CondLag::DataShift, 1).1, 1);
    }

    #[test]
    fn short_strata_count_or_not() {
        let rows: Vec<_> = (0..100).map(|t| (t * 5 % 7 % 2, t * 3 % 11 % 2, i32::from(t == 50))).collect();
        let case = Case::new(&rows, &[0], &[true, true]);
        let histories = Histories { target: 2, source: 1, lag: 1 };
        let old =
            Conditional { pooling: StrataPooling::Fisher, embedding: CondEmbedding::AfterSelection, ..NEW };
        let definition = Definition { histories, options: &old, strict: false };
        let found = stratified(&case.data(), &definition, &plan(9), KEY).unwrap();
        let alone = Case::new(&[&rows[..50], &rows[51..]].concat(), &[0], &[true]);
        let big = stratified(&alone.data(), &definition, &plan(9), KEY).unwrap();
        // A stratum of one sample has 0 and p = 1, and its share of the weight.
        assert!((found.estimate.value - big.estimate.value * 0.99).abs() < 1e-15);
        assert_eq!((found.used, found.excluded), (vec![0, 1], vec![]));
        let strict = Definition { strict: true, ..definition };
        let found = stratified(&case.data(), &strict, &plan(9), KEY).unwrap();
        assert_eq!((found.estimate.value, found.excluded), (big.estimate.value, vec![1]));
        let none = Conditional { min_stratum_observations: 500, ..NEW };
        let definition = Definition { histories, options: &none, strict: true };
        let why = stratified(&case.data(), &definition, &plan(9), KEY);
        assert_eq!(why, Err(NoValue::SmallStrata { strata: 2, min: 500 }));
    }

    #[test]
    fn what_never_varies_is_told() {
        let rows: Vec<_> = (0..50).map(|t| (t % 2, 0, 0)).collect();
        let case = Case::new(&rows, &[0], &[true]);
        let histories = Histories { target: 1, source: 1, lag: 1 };
        let strict = Definition { histories, options: &NEW, strict: true };
        let why = conditional(&case.data(), &strict, &plan(9), KEY);
        assert_eq!(why, Err(NoValue::Constant { series: "selected target" }));
        let found =
            conditional(&case.data(), &Definition { strict: false, ..strict }, &plan(9), KEY).unwrap();
        assert_eq!((found.estimate.value, found.p), (0.0, Some(1.0)));
    }
}
