//! One test at a time, on one core: `cargo bench -p results-numerics`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand_xoshiro::rand_core::SeedableRng;
use results_numerics::nulls::{
    CircularShift, Clock, Days, Null, PRule, Permute, Plan, Sample, Stop, StreamKey, Tested, WithinPast,
    Xoshiro256PlusPlus, test,
};
use results_numerics::numerics::cmi::estimate;
use results_numerics::numerics::embedding::{Histories, Symbols, observe, times};
use results_numerics::numerics::transfer::transfer_entropy;

const KEY: StreamKey<'static> = StreamKey::new(1, "u", "m", "te", "A2S", 1);

/// Activity in fifths that lasts, and sitting that lasts and follows it a little.
fn series(n: usize) -> (Symbols, Symbols) {
    let mut state = 88_172_645_463_325_252_u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let (mut level, mut sits) = (0.0, 0);
    let (mut activity, mut sitting) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for _ in 0..n {
        level = 0.8 * level + uniform() + uniform() + uniform() - 1.5;
        let fifth = [-0.7, -0.25, 0.2, 0.7].iter().filter(|edge| level > **edge).count() as i32;
        if uniform() < if fifth < 2 { 0.35 } else { 0.15 } {
            sits = i32::from(uniform() < 0.4);
        }
        activity.push(fifth);
        sitting.push(sits);
    }
    (Symbols::new(&activity, "source").unwrap(), Symbols::new(&sitting, "target").unwrap())
}

fn plan(surrogates: u32) -> Plan {
    Plan { surrogates, stop: Stop::AtEnd, p: PRule::AddOne }
}

fn tested(source: &Symbols, target: &Symbols, k: usize, surrogates: u32) -> Tested {
    let observations = transfer_entropy(source, target, &[0], histories(k)).unwrap();
    test(Sample::of(&observations), &Permute, &plan(surrogates), KEY).unwrap()
}

fn histories(k: usize) -> Histories {
    Histories { target: k, source: k, lag: 1 }
}

/// Embedding, value and 1000 surrogates.
fn one_test(c: &mut Criterion) {
    let mut group = c.benchmark_group("te, N = 5000, 1000 surrogates");
    group.sample_size(20);
    let (a, s) = series(5000);
    for k in [1, 2, 4, 6, 8, 10] {
        for (direction, source, target) in [("A2S", &a, &s), ("S2A", &s, &a)] {
            group.bench_function(BenchmarkId::new(direction, format!("k = l = {k}")), |b| {
                b.iter(|| tested(source, target, k, 1000));
            });
        }
    }
    group.finish();
}

/// What one more surrogate costs.
fn one_surrogate(c: &mut Criterion) {
    let mut group = c.benchmark_group("one surrogate");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (n, k) in [(10_000, 6), (100_000, 6), (1_000_000, 4), (1_000_000, 6), (1_000_000, 8), (1_000_000, 10)]
    {
        let (a, s) = series(n);
        let h = histories(k);
        let o = observe(&a, &s, h, times(n, &[0], h.reach()));
        let value = estimate(&o).value;
        let mut draws = Permute.prepare(Sample::of(&o)).unwrap();
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new(format!("N = {n}"), format!("k = l = {k}")), |b| {
            b.iter_custom(|iterations| {
                let start = Instant::now();
                plan(iterations as u32).compare(&mut *draws, value, KEY);
                start.elapsed()
            });
        });
    }
    group.finish();
}

/// A surrogate of each null on ten days with 288, 720 or 1440 samples; with gaps, histories break at one in
/// forty, in each day at others.
fn one_surrogate_of_each_null(c: &mut Criterion) {
    let mut group = c.benchmark_group("one surrogate of a null");
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    let shift = CircularShift { least: 60 };
    let nulls: [&dyn Null; 4] = [&Permute, &WithinPast, &shift, &Days];
    for (a_day, k, gaps) in [
        (288, 1, false),
        (288, 4, false),
        (288, 4, true),
        (720, 4, false),
        (720, 6, false),
        (720, 6, true),
        (1440, 2, false),
        (1440, 2, true),
    ] {
        let n = 10 * a_day;
        let (a, s) = series(n);
        let starts: Vec<usize> =
            (0..n).filter(|t| *t == 0 || gaps && (t * t + 7919 * t).is_multiple_of(41)).collect();
        let o = transfer_entropy(&a, &s, &starts, histories(k)).unwrap();
        let day: Vec<i64> = (0..n).map(|t| (t / a_day) as i64).collect();
        let time: Vec<u64> = (0..n).map(|t| (t % a_day) as u64).collect();
        let clock = Some(Clock { day: &day, time: &time, tolerance: 0 });
        for null in nulls {
            let mut draws = null.prepare(Sample { clock, ..Sample::of(&o) }).unwrap();
            let mut rng = Xoshiro256PlusPlus::from_seed([7; 32]);
            let what = format!("N = {n}, k = l = {k}{}", if gaps { ", gaps" } else { "" });
            group.bench_function(BenchmarkId::new(null.name(), what), |b| b.iter(|| draws.next(&mut rng)));
        }
    }
    group.finish();
}

/// Embedding, value and one surrogate of a long series.
fn long_series(c: &mut Criterion) {
    let mut group = c.benchmark_group("te, N = 1000000, 1 surrogate, from symbols");
    group.sample_size(10).measurement_time(Duration::from_secs(4));
    let (a, s) = series(1_000_000);
    for k in [4, 6, 10] {
        group.bench_function(BenchmarkId::from_parameter(format!("k = l = {k}")), |b| {
            b.iter(|| tested(&a, &s, k, 1));
        });
    }
    group.finish();
}

criterion_group!(benches, one_test, one_surrogate, one_surrogate_of_each_null, long_series);
criterion_main!(benches);
