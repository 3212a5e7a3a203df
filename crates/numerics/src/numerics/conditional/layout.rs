//! Samples in the order in which they are embedded, and which observations a condition keeps.

use super::definition::{ConditionAt, Conditioned, Definition, Embedding};
use crate::numerics::embedding::{Histories, Observations, Symbols, observe, times};

/// The samples in the order in which they are embedded.
pub(super) struct Layout {
    source: Symbols,
    target: Symbols,
    pub(super) condition: Vec<u32>,
    /// The sample of the series that each target is.
    rows: Vec<usize>,
    starts: Vec<usize>,
    /// Every stratum stands by itself.
    packed: bool,
}

impl Layout {
    /// `by_stratum`: if samples are selected before they are embedded, strata are taken apart too.
    pub(super) fn new(data: &Conditioned<'_>, definition: &Definition, by_stratum: bool) -> Self {
        let select_first = definition.options.embedding == Embedding::AfterSelection;
        let packed = select_first && by_stratum;
        let condition = &data.condition.values;
        let n = condition.len();
        let ends = data.segment_starts.iter().skip(1).copied().chain(std::iter::once(n));
        let mut samples: Vec<(usize, usize, usize)> = Vec::with_capacity(n);
        for (segment, (start, end)) in data.segment_starts.iter().zip(ends).enumerate() {
            let chosen: Vec<usize> =
                (*start..end).filter(|&i| !select_first || data.keeps(condition[i])).collect();
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
            rows: samples.iter().map(|s| s.2).collect(),
            packed,
        }
    }

    /// The observations at some of the samples, their times those of the series.
    pub(super) fn observe(&self, h: Histories, times: Vec<usize>) -> Observations {
        let mut observations = observe(&self.source, &self.target, h, times);
        observations.times.iter_mut().for_each(|time| *time = self.rows[*time]);
        observations
    }

    /// The observations that take part.
    pub(super) fn observed(&self, data: &Conditioned<'_>, definition: &Definition, h: Histories) -> Seen {
        // Samples of a packed stratum have one condition, whenever it is looked at.
        let previous = !self.packed && definition.options.condition_at == ConditionAt::Previous;
        let back = usize::from(previous);
        let all = times(self.condition.len(), &self.starts, h.reach().max(back));
        let levels = data.condition.base as usize;
        let mut seen =
            Seen { times: Vec::new(), condition: Vec::new(), levels: vec![Level::default(); levels] };
        for t in all {
            let condition = self.condition[t - back];
            if data.keeps(condition) {
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
}

/// Samples and observations of a condition.
#[derive(Clone, Copy, Default)]
pub(super) struct Level {
    pub(super) samples: usize,
    pub(super) observations: usize,
}

/// The observations that take part.
pub(super) struct Seen {
    pub(super) times: Vec<usize>,
    /// Condition of each.
    pub(super) condition: Vec<u32>,
    /// By condition.
    pub(super) levels: Vec<Level>,
}

impl Seen {
    pub(super) fn strata(&self, data: &Conditioned<'_>, which: impl Fn(&Level) -> bool) -> Vec<u32> {
        let all = (0u32..).zip(&self.levels);
        all.filter(|(c, level)| data.keeps(*c) && which(level)).map(|(c, _)| c).collect()
    }

    pub(super) fn only(&self, which: impl Fn(u32) -> bool) -> Self {
        let (times, condition) =
            self.times.iter().zip(&self.condition).filter(|(_, c)| which(**c)).map(|(t, c)| (*t, *c)).unzip();
        Self { times, condition, levels: self.levels.clone() }
    }
}
