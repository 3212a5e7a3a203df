//! Exact means, the evidence for an order, and drawn means against the reference numbers.

use std::collections::BTreeMap;

use results_numerics::nulls::{
    CircularShift, Clock, Days, Null, PRule, Permute, Plan, Sample, Stop, StreamKey, WithinPast, jackknife,
    test,
};
use results_numerics::numerics::cmi::estimate;
use results_numerics::numerics::codes::Codes;
use results_numerics::numerics::effective::{entropy_given_past, mean_over_permutations};
use results_numerics::numerics::embedding::{Histories, Observations, Symbols};
use results_numerics::numerics::evidence::{Evidence, code_lengths, shortest};
use results_numerics::numerics::transfer::transfer_entropy;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/nulls");

/// Case, direction, k, l, tau.
type Key = (String, String, usize, usize, usize);

fn expected() -> BTreeMap<Key, BTreeMap<String, f64>> {
    let text = std::fs::read_to_string(format!("{REFERENCE}/expected.csv")).unwrap();
    let mut all: BTreeMap<Key, BTreeMap<String, f64>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let [k, l, tau] = [f[2], f[3], f[4]].map(|v| v.parse().unwrap_or(0));
        let key = (f[0].to_owned(), f[1].to_owned(), k, l, tau);
        all.entry(key).or_default().insert(f[5].to_owned(), f[6].parse().unwrap());
    }
    all
}

/// Source and target of a direction, and where segments start.
struct Series {
    source: Symbols,
    target: Symbols,
    starts: Vec<usize>,
    /// Local seconds of each row.
    local: Vec<i64>,
    /// Usual seconds between rows.
    period: u32,
}

fn series(case: &str, direction: &str) -> Series {
    let text = std::fs::read_to_string(format!("{REFERENCE}/series_{case}.csv")).unwrap();
    let rows: Vec<Vec<i64>> =
        text.lines().skip(1).map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let column = |i: usize| rows.iter().map(|row| row[i] as i32).collect::<Vec<_>>();
    let (a, s) = (Symbols::new(&column(1), "a").unwrap(), Symbols::new(&column(2), "s").unwrap());
    let step = if ["partial", "gappy", "feedback"].contains(&case) { 600 } else { 900 };
    let breaks = (1..rows.len()).filter(|i| 2 * (rows[*i][0] - rows[i - 1][0]) > 3 * step);
    let starts = std::iter::once(0).chain(breaks).collect();
    let (source, target) = if direction == "A2S" { (a, s) } else { (s, a) };
    let local = rows.iter().map(|row| row[0] + 3600 * hours_from_utc(case, row[0])).collect();
    Series { source, target, starts, local, period: step as u32 }
}

fn hours_from_utc(case: &str, time: i64) -> i64 {
    match case {
        "partial" => -8,
        "gappy" => 1,
        // Clocks in Brussels change on 29 March and on 25 October 2020, at 01:00 UTC.
        "summer" => 1 + i64::from(time >= 1_585_443_600),
        "winter" => 1 + i64::from(time < 1_603_587_600),
        _ => 0,
    }
}

/// The observations of every row about transfer entropy.
fn tests() -> Vec<(Key, BTreeMap<String, f64>, Observations)> {
    let rows = expected().into_iter().filter(|(_, values)| values.contains_key("te"));
    rows.map(|(key, values)| {
        let s = series(&key.0, &key.1);
        let h = Histories { target: key.2, source: key.3, lag: key.4 };
        let o = transfer_entropy(&s.source, &s.target, &s.starts, h).unwrap();
        (key, values, o)
    })
    .collect()
}

#[test]
fn exact_means_are_those_of_the_reference() {
    let tests = tests();
    assert_eq!(tests.len(), 48);
    for (key, values, o) in tests {
        let value = estimate(&o).value;
        let within_past = mean_over_permutations(&o, &o.z);
        for (name, found) in [
            ("n_obs", o.times.len() as f64),
            ("te", value),
            ("h_given_past", entropy_given_past(&o)),
            ("mean_permute", mean_over_permutations(&o, &Codes::constant(o.times.len()))),
            ("mean_within_past", within_past),
            ("effective", value - within_past),
        ] {
            assert!((found - values[name]).abs() < 1e-12, "{key:?} {name}: {found}, not {}", values[name]);
        }
    }
}

#[test]
fn drawn_means_are_the_exact_ones() {
    let nulls: [(&dyn Null, &str); 2] = [(&Permute, "mean_permute"), (&WithinPast, "mean_within_past")];
    let plan = Plan { surrogates: 400, stop: Stop::AtEnd, p: PRule::AddOne };
    for (key, values, o) in tests() {
        let (case, direction) = (key.0.as_str(), key.1.as_str());
        let measure = format!("te {} {}", key.2, key.3);
        for (null, exact) in nulls {
            let stream = StreamKey::new(1, case, "", &measure, direction, key.4 as u32);
            let found = test(Sample::of(&o), null, &plan, stream).unwrap().null;
            let away = (found.mean.unwrap() - values[exact]).abs();
            let error = found.std.unwrap() / 400f64.sqrt();
            assert!(away <= 5.0 * error + 1e-12, "{key:?} {}: off by {away}, error {error}", null.name());
        }
    }
}

#[test]
fn code_lengths_and_orders_are_those_of_the_reference() {
    let grid = [1, 2, 3, 4];
    let expected = expected();
    for case in ["clean", "partial", "gappy", "feedback", "summer", "winter"] {
        for direction in ["A2S", "S2A"] {
            let s = series(case, direction);
            for (evidence, name) in [(Evidence::Kt, "kt"), (Evidence::Bic, "bic")] {
                let lengths = code_lengths(&s.target, &s.starts, &grid, evidence).unwrap();
                for (k, found) in grid.iter().zip(&lengths) {
                    let key = (case.to_owned(), direction.to_owned(), *k, 0, 0);
                    let bits = expected[&key][&format!("{name}_bits")];
                    // Of the length: a double has no more digits of a thousand bits.
                    assert!((found - bits).abs() < 1e-12 * bits, "{key:?} {name}: {found}, not {bits}");
                }
                let chosen = expected.iter().filter(|((c, d, ..), _)| c == case && d == direction);
                let chosen: Vec<f64> =
                    chosen.filter_map(|(_, v)| v.get(&format!("{name}_selected")).copied()).collect();
                assert_eq!(chosen, [shortest(&grid, &lengths).unwrap() as f64], "{case} {direction} {name}");
            }
        }
    }
}

/// A thousand surrogates at most, so that all there are is gone through.
const PLAN: Plan = Plan { surrogates: 1000, stop: Stop::AtEnd, p: PRule::AddOne };
const KEY: StreamKey<'static> = StreamKey::new(1, "", "", "te", "", 1);

#[test]
fn all_arrangements_of_days_are_those_of_the_reference() {
    for (key, values, o) in tests() {
        let s = series(&key.0, &key.1);
        let day: Vec<i64> = s.local.iter().map(|t| t.div_euclid(86_400)).collect();
        let time: Vec<u64> = s.local.iter().map(|t| t.rem_euclid(86_400) as u64).collect();
        let clock = Clock { day: &day, time: &time, tolerance: u64::from(s.period / 2) };
        let sample = Sample { clock: Some(clock), ..Sample::of(&o) };
        let found = test(sample, &Days, &PLAN, KEY).unwrap().null;
        let jackknife = jackknife(&o, clock).unwrap();
        assert!(found.is_exhaustive);
        assert_eq!(found.floor, Some(1.0 / values["days_arrangements"]));
        for (name, found) in [
            ("days_days", found.days.unwrap() as f64),
            ("days_exceedances", f64::from(found.exceedances.unwrap())),
            ("days_arrangements", f64::from(found.drawn.unwrap())),
            ("days_p", found.p.unwrap()),
            ("days_observed", found.observed),
            ("days_null_mean", found.mean.unwrap()),
            ("jackknife_mean", jackknife.mean),
            ("jackknife_se", jackknife.error),
        ] {
            assert!((found - values[name]).abs() < 1e-12, "{key:?} {name}: {found}, not {}", values[name]);
        }
    }
}

#[test]
fn all_shifts_are_those_of_the_reference() {
    let tests: Vec<_> = tests().into_iter().filter(|(_, values, _)| values.contains_key("shift_p")).collect();
    assert_eq!(tests.len(), 16);
    for (key, values, o) in tests {
        let found = test(Sample::of(&o), &CircularShift { least: 60 }, &PLAN, KEY).unwrap().null;
        assert!(found.is_exhaustive && found.floor == Some(1.0 / (1.0 + values["shift_arrangements"])));
        for (name, found) in [
            ("shift_exceedances", f64::from(found.exceedances.unwrap())),
            ("shift_arrangements", f64::from(found.drawn.unwrap())),
            ("shift_p", found.p.unwrap()),
            ("shift_null_mean", found.mean.unwrap()),
        ] {
            assert!((found - values[name]).abs() < 1e-12, "{key:?} {name}: {found}, not {}", values[name]);
        }
    }
}

/// Surrogates that are drawn are some of those that can be told one by one.
#[test]
fn drawn_days_and_shifts_have_the_mean_of_all() {
    let plan = Plan { surrogates: 100, ..PLAN };
    for (key, values, o) in tests().into_iter().filter(|(key, ..)| key.0 == "gappy" || key.0 == "clean") {
        let s = series(&key.0, &key.1);
        let day: Vec<i64> = s.local.iter().map(|t| t.div_euclid(86_400)).collect();
        let time: Vec<u64> = s.local.iter().map(|t| t.rem_euclid(86_400) as u64).collect();
        let clock = Some(Clock { day: &day, time: &time, tolerance: u64::from(s.period / 2) });
        let shift = CircularShift { least: 60 };
        let nulls: [(&dyn Null, &str); 2] = [(&Days, "days_null_mean"), (&shift, "shift_null_mean")];
        for (null, exact) in nulls.into_iter().filter(|(_, exact)| values.contains_key(*exact)) {
            let found = test(Sample { clock, ..Sample::of(&o) }, null, &plan, KEY).unwrap().null;
            let away = (found.mean.unwrap() - values[exact]).abs();
            assert!(!found.is_exhaustive && found.drawn == Some(100));
            assert!(away <= 5.0 * found.std.unwrap() / 10.0, "{key:?} {exact}: off by {away}");
        }
    }
}
