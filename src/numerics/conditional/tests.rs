use super::*;
use crate::config::{CondEmbedding, ConditionAt, PValueRule};
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
    let old = Conditional { pooling: StrataPooling::Fisher, embedding: CondEmbedding::AfterSelection, ..NEW };
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
    let found = conditional(&case.data(), &Definition { strict: false, ..strict }, &plan(9), KEY).unwrap();
    assert_eq!((found.estimate.value, found.p), (0.0, Some(1.0)));
}
