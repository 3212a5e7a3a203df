//! Transfer entropy and active information storage.

use super::NoValue;
use super::cmi::{Estimate, estimate};
use super::codes::{Codes, tuples};
use super::embedding::{Histories, Observations, Symbols, observe, segments, times};
use super::permute::Permuter;
use super::surrogate::{Null, NullPlan, StreamKey};
use crate::dataset::Series;

/// A value with its significance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The value.
    pub estimate: Estimate,
    /// The null.
    pub null: Null,
}

/// A measure's value, or why there is none.
pub type Outcome = Result<Tested, NoValue>;

/// Transfer entropy from `source` to `target` (Schreiber 2000): I(source history; next target | target
/// history), tested against permuted source histories.
pub fn transfer_entropy(
    source: &Symbols,
    target: &Symbols,
    segment_starts: &[usize],
    h: Histories,
    plan: &NullPlan,
    key: StreamKey<'_>,
) -> Outcome {
    if h.source == 0 {
        return Err(NoValue::NoSourceHistory);
    }
    let times = times(target.len(), segment_starts, h.reach());
    let o = observe(source, target, h, times);
    Ok(test(&o, None, plan, key))
}

/// Value and null of coded observations; x is permuted within the cells of `within`.
pub fn test(o: &Observations, within: Option<&Codes>, plan: &NullPlan, key: StreamKey<'_>) -> Tested {
    let estimate = estimate(o);
    let null = Permuter::new(o, within).test(estimate.value, plan, key);
    Tested { estimate, null }
}

/// Active information storage of a series at history length k: I(history; next), in bits.
///
/// # Errors
/// The series has one symbol only, or fewer than k samples.
pub fn active_information_storage(
    series: &Symbols,
    starts: &[usize],
    k: usize,
) -> Result<Observations, NoValue> {
    if series.base < 2 {
        return Err(NoValue::Constant { series: "series" });
    }
    if series.len() < k {
        let (rows, segments) = (series.len(), starts.len());
        return Err(NoValue::NoObservations { rows, segments, history: k });
    }
    let times = times(series.len(), starts, k);
    let before: Vec<usize> = times.iter().map(|t| t.wrapping_sub(1)).collect();
    Ok(Observations {
        x: tuples(&series.values, series.base, &before, k),
        y: tuples(&series.values, series.base, &times, 1),
        z: Codes::constant(times.len()),
        times,
    })
}

/// The two directions of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Source symbols.
    pub source: Symbols,
    /// Target symbols.
    pub target: Symbols,
    /// Starts of segments.
    pub segment_starts: &'a [usize],
}

impl<'a> Pair<'a> {
    /// Checks the symbols of a series.
    pub fn new(series: &'a Series) -> Result<Self, NoValue> {
        Ok(Self {
            source: Symbols::new(&series.source, "source")?,
            target: Symbols::new(&series.target, "target")?,
            segment_starts: segments(series),
        })
    }
}
