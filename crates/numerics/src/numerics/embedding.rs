//! Which tuples a measure sees.

use super::NoValue;
use super::codes::{Codes, tuples};

/// A symbol series that was checked: symbols from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbols {
    /// The symbols.
    pub values: Vec<u32>,
    /// Largest symbol + 1; at least 1.
    pub base: u32,
}

impl Symbols {
    /// Checks a series; `name` is for the message.
    pub fn new(values: &[i32], name: &'static str) -> Result<Self, NoValue> {
        let checked: Result<Vec<u32>, _> = values
            .iter()
            .map(|v| {
                u32::try_from(*v).map_err(|_| NoValue::OutOfRange { series: name, symbol: i64::from(*v) })
            })
            .collect();
        let values = checked?;
        let base = values.iter().max().map_or(1, |m| m + 1);
        Ok(Self { values, base })
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are two different symbols.
    pub fn varies(&self) -> bool {
        self.values.iter().any(|v| Some(v) != self.values.first())
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Histories of a source–target pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Histories {
    /// Length of the target's history (k).
    pub target: usize,
    /// Length of the source's history (l).
    pub source: usize,
    /// Lag of the newest source sample (tau).
    pub lag: usize,
}

impl Histories {
    /// Steps before the predicted sample that a tuple reaches back.
    pub fn reach(self) -> usize {
        self.target.max((self.source + self.lag).saturating_sub(1))
    }
}

/// Times `t` whose tuple, reaching back `reach` steps, lies within one segment of `n` samples.
pub fn times(n: usize, segment_starts: &[usize], reach: usize) -> Vec<usize> {
    let ends = segment_starts.iter().skip(1).copied().chain(std::iter::once(n));
    segment_starts.iter().zip(ends).flat_map(|(start, end)| (start + reach)..end.max(start + reach)).collect()
}

/// The observations of a transfer entropy: codes of source history, next target, target history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observations {
    /// Source histories.
    pub x: Codes,
    /// Next targets.
    pub y: Codes,
    /// Target histories.
    pub z: Codes,
    /// Time of each observation's predicted sample.
    pub times: Vec<usize>,
}

impl Observations {
    /// Some of them.
    #[must_use]
    pub fn only(&self, places: &[u32]) -> Self {
        let of = |codes: &Codes| {
            let values: Vec<u64> = places.iter().map(|i| u64::from(codes.codes[*i as usize])).collect();
            Codes::of(&values, codes.levels as u64)
        };
        let times = places.iter().map(|i| self.times[*i as usize]).collect();
        Self { x: of(&self.x), y: of(&self.y), z: of(&self.z), times }
    }
}

/// Codes the observations at the given times (see [`times`]).
pub fn observe(source: &Symbols, target: &Symbols, h: Histories, times: Vec<usize>) -> Observations {
    let newest: Vec<usize> = times.iter().map(|t| t - h.lag).collect();
    let before: Vec<usize> = times.iter().map(|t| t.wrapping_sub(1)).collect();
    Observations {
        x: tuples(&source.values, source.base, &newest, h.source),
        y: tuples(&target.values, target.base, &times, 1),
        z: tuples(&target.values, target.base, &before, h.target),
        times,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tuple_crosses_a_break() {
        assert_eq!(times(10, &[0], 3), (3..10).collect::<Vec<_>>());
        assert_eq!(times(10, &[0, 4, 5], 3), [3, 8, 9]);
        assert_eq!(times(3, &[0], 5), Vec::<usize>::new());
        assert_eq!(times(0, &[0], 0), Vec::<usize>::new());
        assert_eq!(Histories { target: 2, source: 2, lag: 3 }.reach(), 4);
        assert_eq!(Histories { target: 2, source: 1, lag: 0 }.reach(), 2);
    }
}
