use super::*;
use crate::nulls::{PRule, Permute, Plan, Stop};
use crate::numerics::NoValue;
use crate::numerics::conditional::{
    ConditionAt, Conditioned, Definition, Embedding, Lag, Options, Permuted, Pooling, SourceHistory,
    conditional, stratified,
};
use crate::numerics::embedding::{Histories, Symbols};
use proptest::prelude::*;
use std::collections::HashMap;

/// Source history, next target, target history.
type Tuple = (Vec<u32>, u32, Vec<u32>);

const NEW: Options = Options {
    embedding: Embedding::BeforeSelection,
    lag: Lag::Uniform,
    condition_at: ConditionAt::Target,
    source_history: SourceHistory::Full,
    permuted: Permuted::WithinCondition,
    pooling: Pooling::Observations,
    min_stratum_observations: 0,
};
const KEY: StreamKey<'static> = StreamKey::new(1, "u", "m", "cte", "A2S", 1);

fn plan(surrogates: u32) -> Plan {
    Plan { surrogates, stop: Stop::AtEnd, p: PRule::AddOne }
}

fn tested(selected: Result<Selected, NoValue>, surrogates: u32) -> Result<Pooled, NoValue> {
    let plan = plan(surrogates);
    let judges =
        Judges { nulls: &[&Permute], stop_above: 1.0, plan: &plan, exact: false, observations: false };
    selected.map(|selected| test_selected(selected, &judges, None, KEY))
}

fn null(found: &Pooled) -> Surrogates {
    found.told.verdict.each[0].said.unwrap()
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
        let options = Options { condition_at, min_stratum_observations: min as usize, ..NEW };
        let histories = Histories { target: k, source: l, lag };
        let definition = Definition { histories, options, strict: false };
        let strata = brute(&case, (k, l, lag), usize::from(previous));
        let pooled = |least: usize| {
            let kept: Vec<_> = strata.values().filter(|(_, n)| *n >= least).collect();
            let n: usize = kept.iter().map(|(_, n)| n).sum();
            (kept.iter().map(|(v, n)| v * *n as f64).sum::<f64>() / n as f64, n, kept.len())
        };
        let (value, n, used) = pooled(min as usize);
        match tested(stratified(&case.data(), &definition), 5) {
            Ok(found) => {
                prop_assert_eq!((found.told.estimate.n, found.used.len()), (n, used));
                prop_assert!((found.told.estimate.value - value).abs() < 1e-12);
                prop_assert_eq!(null(&found).drawn, Some(5));
            }
            Err(NoValue::SmallStrata { strata: any, .. }) => prop_assert_eq!((used, any), (0, strata.len())),
            Err(why) => prop_assert!(strata.is_empty(), "{}", why),
        }
        // The same information over every observation.
        let (value, n, _) = pooled(1);
        if let Ok(found) = tested(conditional(&case.data(), &definition), 0) {
            prop_assert_eq!((found.told.estimate.n, found.told.verdict.p()), (n, None));
            prop_assert!(n == 0 || (found.told.estimate.value - value).abs() < 1e-12);
        }
    }

    /// Whatever is chosen, there is a finite value or a reason.
    #[test]
    fn every_combination_of_choices_has_a_value_or_a_reason(
        rows in prop::collection::vec((0i32..3, 0i32..2, 0i32..3), 0..60),
        flags in 0u32..64, min in 0u32..9, k in 0usize..4, l in 0usize..3, lag in 0usize..5, strict: bool,
    ) {
        let on = |bit: u32| flags >> bit & 1 == 1;
        let options = Options {
            embedding: if on(0) { Embedding::AfterSelection } else { NEW.embedding },
            lag: if on(1) { Lag::DataShift } else { NEW.lag },
            condition_at: if on(2) { ConditionAt::Previous } else { NEW.condition_at },
            source_history: if on(3) { SourceHistory::One } else { NEW.source_history },
            permuted: if on(4) { Permuted::Global } else { NEW.permuted },
            pooling: if on(5) { Pooling::Fisher } else { NEW.pooling },
            min_stratum_observations: min as usize,
        };
        let starts = if rows.len() > 20 { vec![0, 13] } else { vec![0] };
        let case = Case::new(&rows, &starts, &[true, false, true]);
        let histories = Histories { target: k, source: l, lag };
        let definition = Definition { histories, options, strict };
        for measure in [stratified, conditional] {
            if let Ok(found) = tested(measure(&case.data(), &definition), 3) {
                prop_assert!(found.told.estimate.value.is_finite() && found.told.estimate.value > -1e-12);
                prop_assert!(null(&found).p.is_some_and(|p| (0.0..=1.0).contains(&p)));
                prop_assert!(null(&found).mean.is_some_and(f64::is_finite));
                prop_assert!(!strict || found.told.estimate.n > 0);
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
    let within = Definition { histories, options: NEW, strict: true };
    let found = tested(conditional(&case.data(), &within), 50).unwrap();
    // Each cell holds one source symbol only, so every surrogate is the observed table.
    assert_eq!(
        (null(&found).exceedances, null(&found).p, null(&found).std),
        (Some(50), Some(1.0), Some(0.0))
    );
    let options = Options { permuted: Permuted::Global, ..NEW };
    let global = Definition { options, ..within };
    let found = tested(conditional(&case.data(), &global), 50).unwrap();
    assert!(null(&found).exceedances == Some(50) && null(&found).std > Some(0.0), "{found:?}");
}

#[test]
fn lags_count_as_they_say() {
    let noise: Vec<i32> = (0..600i32).map(|t| (t * t * 31 + t * 17) % 101 % 2).collect();
    // The target repeats the source of three steps before.
    let rows: Vec<_> = (0..600).map(|t| (noise[t], noise[t.max(3) - 3], 0)).collect();
    let case = Case::new(&rows, &[0], &[true]);
    let value = |lag: Lag, tau: usize| {
        let options = Options { lag, ..NEW };
        let histories = Histories { target: 1, source: 1, lag: tau };
        let definition = Definition { histories, options, strict: true };
        let found = tested(stratified(&case.data(), &definition), 1).unwrap();
        (found.told.estimate.value, definition.effective_lag())
    };
    let (best, three) = value(Lag::Uniform, 3);
    assert!(best > 0.8 && three == 3, "{best}");
    assert!(value(Lag::Uniform, 2).0 < best / 2.0);
    assert_eq!(value(Lag::DataShift, 2), (best, 3));
    assert_eq!(value(Lag::DataShift, 1).1, 1);
}

#[test]
fn short_strata_count_or_not() {
    let rows: Vec<_> = (0..100).map(|t| (t * 5 % 7 % 2, t * 3 % 11 % 2, i32::from(t == 50))).collect();
    let case = Case::new(&rows, &[0], &[true, true]);
    let histories = Histories { target: 2, source: 1, lag: 1 };
    let old = Options { pooling: Pooling::Fisher, embedding: Embedding::AfterSelection, ..NEW };
    let definition = Definition { histories, options: old, strict: false };
    let found = tested(stratified(&case.data(), &definition), 9).unwrap();
    let alone = Case::new(&[&rows[..50], &rows[51..]].concat(), &[0], &[true]);
    let big = tested(stratified(&alone.data(), &definition), 9).unwrap();
    // A stratum of one sample has 0 and p = 1, and its share of the weight.
    assert!((found.told.estimate.value - big.told.estimate.value * 0.99).abs() < 1e-15);
    assert_eq!((found.used, found.excluded), (vec![0, 1], vec![]));
    let strict = Definition { strict: true, ..definition };
    let found = tested(stratified(&case.data(), &strict), 9).unwrap();
    assert_eq!((found.told.estimate.value, found.excluded), (big.told.estimate.value, vec![1]));
    let none = Options { min_stratum_observations: 500, ..NEW };
    let definition = Definition { histories, options: none, strict: true };
    let why = tested(stratified(&case.data(), &definition), 9);
    assert_eq!(why, Err(NoValue::SmallStrata { strata: 2, min: 500 }));
}

#[test]
fn what_never_varies_is_told() {
    let rows: Vec<_> = (0..50).map(|t| (t % 2, 0, 0)).collect();
    let case = Case::new(&rows, &[0], &[true]);
    let histories = Histories { target: 1, source: 1, lag: 1 };
    let strict = Definition { histories, options: NEW, strict: true };
    let why = tested(conditional(&case.data(), &strict), 9);
    assert_eq!(why, Err(NoValue::Constant { series: "selected target" }));
    let found = tested(conditional(&case.data(), &Definition { strict: false, ..strict }), 9).unwrap();
    assert_eq!((found.told.estimate.value, null(&found).p), (0.0, Some(1.0)));
}
