//! The choice of the history lengths: the table `k_selection`.

use results_numerics::nulls::{Permute, Plan, Sample, Stop, test};
use results_numerics::numerics::NoValue;
use results_numerics::numerics::cmi::estimate;
use results_numerics::numerics::embedding::Symbols;
use results_numerics::numerics::evidence::{Evidence, code_lengths};
use results_numerics::numerics::transfer::active_information_storage;

use super::unit::{Order, Unit};
use crate::config::{AisCorrection, GuardRule, KSelection, KStrategy};
use crate::schema::{Cell, Row};

/// Symbols of the source that the predecessor's guard takes for granted.
const GUARD_SOURCE_SYMBOLS: f64 = 5.0;

/// One variable's choice and how it came about.
struct Choice {
    k: u32,
    original: u32,
    values: Vec<(u32, Option<f64>)>,
}

/// Chooses the history lengths, and gives the row that says how (none for a fixed k).
pub(super) fn choose(unit: &mut Unit<'_>) -> Option<Row> {
    let s = &unit.config.k_selection;
    if s.strategy == KStrategy::Fixed {
        unit.order = Order { k: s.k_fixed, l: s.l_fixed.unwrap_or(s.k_fixed), at_grid_edge: false };
        return None;
    }
    let (source, target) = match unit.pair() {
        Ok(pair) => (Ok(pair.source.clone()), Ok(pair.target.clone())),
        Err(why) => (Err(why.clone()), Err(why)),
    };
    let of_target = choose_one(unit, "S2S", &target);
    let each = s.per_variable || evidence(s).is_some();
    let of_source = each.then(|| choose_one(unit, "A2A", &source));
    let largest = s.k_grid.iter().max() == Some(&of_target.k);
    let l = of_source.as_ref().map_or(of_target.k, |c| c.k);
    unit.order = Order { k: of_target.k, l, at_grid_edge: largest };
    let row = Row::new()
        .with("k_selected", of_target.k)
        .with("k_original", of_target.original)
        .with("capped", of_target.k != of_target.original)
        .with("ais_values", json(&of_target.values))
        .with("criterion", criterion(s))
        .with("feature_mode", unit.id.feature_mode)
        .with("k_source", of_source.as_ref().map(|c| c.k))
        .with("ais_values_source", of_source.as_ref().map(|c| json(&c.values)))
        .with("k_at_grid_edge", largest);
    Some(row)
}

fn criterion(s: &KSelection) -> &'static str {
    match (s.strategy, s.ais_correction) {
        (KStrategy::AisCorrected, AisCorrection::MillerMadow) => "max_ais_miller_madow",
        (KStrategy::AisCorrected, AisCorrection::NullSubtracted) => "max_ais_minus_null",
        (KStrategy::Kt, _) => "min_code_kt",
        (KStrategy::Bic, _) => "min_code_bic",
        _ => "max_ais",
    }
}

/// The evidence that a strategy goes by, if it does.
fn evidence(s: &KSelection) -> Option<Evidence> {
    match s.strategy {
        KStrategy::Kt => Some(Evidence::Kt),
        KStrategy::Bic => Some(Evidence::Bic),
        _ => None,
    }
}

fn choose_one(unit: &mut Unit<'_>, direction: &'static str, symbols: &Result<Symbols, NoValue>) -> Choice {
    let s = &unit.config.k_selection;
    let evidence = evidence(s);
    let (values, why) = match evidence {
        Some(evidence) => lengths(unit, symbols, evidence),
        None => storage(unit, direction, symbols),
    };
    if let Some(why) = why {
        let what = if evidence.is_some() { "order" } else { "active information storage" };
        let text = format!("{what} of the {}: {why}", variable(direction));
        unit.issues.add("warning", "K_SELECTION", None, &text);
    }
    // The best code is the shortest.
    let worth = |value: f64| if evidence.is_some() { -value } else { value };
    let worths: Vec<_> = values.iter().map(|(k, value)| (*k, value.map(worth))).collect();
    let original = argmax(&worths).unwrap_or(s.k_grid[0]);
    let k = if unit.compat() {
        capped(guarded_raw_hours(unit, s, original, symbols.as_ref().ok()), s.k_max)
    } else {
        admissible(unit, s, &worths, symbols.as_ref().ok())
    };
    Choice { k, original, values }
}

/// A value for each candidate, and the first reason why one has none.
type Values = (Vec<(u32, Option<f64>)>, Option<NoValue>);

/// The bits in which each candidate writes the series.
fn lengths(unit: &Unit<'_>, symbols: &Result<Symbols, NoValue>, evidence: Evidence) -> Values {
    let grid: Vec<usize> = unit.config.k_selection.k_grid.iter().map(|k| *k as usize).collect();
    let of = |symbols: &Symbols| code_lengths(symbols, unit.segments(), &grid, evidence);
    let candidates = unit.config.k_selection.k_grid.iter().copied();
    match symbols.as_ref().map_err(Clone::clone).and_then(of) {
        Ok(lengths) => (candidates.zip(lengths.into_iter().map(Some)).collect(), None),
        Err(why) => (candidates.map(|k| (k, None)).collect(), Some(why)),
    }
}

/// The active information storage of each candidate.
fn storage(unit: &Unit<'_>, direction: &'static str, symbols: &Result<Symbols, NoValue>) -> Values {
    let (mut values, mut why) = (Vec::new(), None);
    for &k in &unit.config.k_selection.k_grid {
        let value =
            symbols.as_ref().map_err(Clone::clone).and_then(|symbols| ais(unit, direction, symbols, k));
        values.push((k, value.as_ref().ok().copied()));
        if let Err(reason) = value {
            why.get_or_insert(reason);
        }
    }
    (values, why)
}

fn variable(direction: &str) -> &'static str {
    if direction == "S2S" { "target" } else { "source" }
}

fn ais(unit: &Unit<'_>, direction: &'static str, symbols: &Symbols, k: u32) -> Result<f64, NoValue> {
    let starts = unit.segments();
    let o = active_information_storage(symbols, starts, k as usize)?;
    if o.times.is_empty() && !unit.compat() {
        let (rows, segments) = (symbols.len(), starts.len());
        return Err(NoValue::NoObservations { rows, segments, history: k as usize });
    }
    let s = &unit.config.k_selection;
    Ok(match (s.strategy, s.ais_correction) {
        (KStrategy::AisCorrected, AisCorrection::MillerMadow) => estimate(&o).corrected,
        (KStrategy::AisCorrected, AisCorrection::NullSubtracted) => {
            let plan = Plan { surrogates: s.ais_surrogates, stop: Stop::AtEnd, p: unit.plan.p };
            // Next symbols against fixed histories: the histories stand in for x.
            let found = test(Sample::of(&o), &Permute, &plan, unit.key("ais", direction, k));
            found.map_or(0.0, |found| found.estimate.value - found.null.mean.unwrap_or(0.0))
        }
        _ => estimate(&o).value,
    })
}

/// The first candidate with the largest value.
fn argmax(values: &[(u32, Option<f64>)]) -> Option<u32> {
    let mut best: Option<(u32, f64)> = None;
    for (k, value) in values {
        if let Some(v) = value
            && best.is_none_or(|(_, b)| *v > b)
        {
            best = Some((*k, *v));
        }
    }
    best.map(|(k, _)| k)
}

/// The best candidate among those that the cap and the guard allow; the smallest if none is allowed.
fn admissible(
    unit: &Unit<'_>,
    s: &KSelection,
    values: &[(u32, Option<f64>)],
    symbols: Option<&Symbols>,
) -> u32 {
    let allowed = |k: u32| {
        s.k_max.is_none_or(|max| k <= max)
            && (!s.undersampling_guard || symbols.is_none_or(|symbols| is_sampled(unit, s, symbols, k)))
    };
    let kept: Vec<_> = values.iter().copied().filter(|(k, _)| allowed(*k)).collect();
    let smallest = s.k_grid.iter().copied().min().unwrap_or(s.k_fixed);
    argmax(&kept).or(kept.first().map(|(k, _)| *k)).unwrap_or(smallest)
}

/// Whether the test at k has enough observations for each possible joint state.
fn is_sampled(unit: &Unit<'_>, s: &KSelection, symbols: &Symbols, k: u32) -> bool {
    if s.guard_rule == GuardRule::RawHours {
        return raw_hours_per_state(unit, symbols, k) >= s.guard_min_samples_per_state;
    }
    let Ok(pair) = unit.pair() else { return true };
    let states = f64::from(pair.target.base).powi(k as i32 + 1) * f64::from(pair.source.base).powi(k as i32);
    let rows = symbols.len().saturating_sub(k as usize);
    rows as f64 / states >= s.guard_min_samples_per_state
}

/// Smallest of the 24 hour counts over the joint states of the histories, as the predecessor has it.
fn raw_hours_per_state(unit: &Unit<'_>, symbols: &Symbols, k: u32) -> f64 {
    let mut hours = [0u32; 24];
    for hour in &unit.series.hour {
        hours[usize::from(*hour % 24)] += 1;
    }
    let least = hours.into_iter().min().unwrap_or(0);
    f64::from(least) / (f64::from(symbols.base).powi(k as i32) * GUARD_SOURCE_SYMBOLS.powi(k as i32))
}

/// The predecessor's guard: the largest candidate up to k that is sampled; k itself if none is.
fn guarded_raw_hours(unit: &Unit<'_>, s: &KSelection, k: u32, symbols: Option<&Symbols>) -> u32 {
    let Some(symbols) = symbols.filter(|_| s.undersampling_guard) else { return k };
    let mut lower: Vec<u32> = s.k_grid.iter().copied().filter(|c| *c <= k).collect();
    lower.sort_unstable_by_key(|c| std::cmp::Reverse(*c));
    lower.into_iter().find(|c| is_sampled(unit, s, symbols, *c)).unwrap_or(k)
}

fn capped(k: u32, max: Option<u32>) -> u32 {
    max.map_or(k, |max| k.min(max))
}

/// `{"1": 0.31, "2": null}`
fn json(values: &[(u32, Option<f64>)]) -> Cell {
    let map: serde_json::Map<String, serde_json::Value> =
        values.iter().map(|(k, v)| (k.to_string(), serde_json::json!(v))).collect();
    Cell::Text(serde_json::Value::Object(map).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_values_wins() {
        assert_eq!(argmax(&[(1, Some(0.2)), (2, None), (3, Some(0.5)), (4, Some(0.5))]), Some(3));
        assert_eq!(argmax(&[(1, None)]), None);
    }
}
