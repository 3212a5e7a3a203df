//! Transfer entropy and active information storage: the observations whose information they are.

use super::NoValue;
use super::codes::{Codes, tuples};
use super::embedding::{Histories, Observations, Symbols, observe, times};

/// Transfer entropy from `source` to `target` (Schreiber 2000): I(source history; next target | target
/// history).
///
/// # Errors
/// No source history.
pub fn transfer_entropy(
    source: &Symbols,
    target: &Symbols,
    segment_starts: &[usize],
    h: Histories,
) -> Result<Observations, NoValue> {
    if h.source == 0 {
        return Err(NoValue::NoSourceHistory);
    }
    Ok(observe(source, target, h, times(target.len(), segment_starts, h.reach())))
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
