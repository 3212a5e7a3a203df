use super::*;
use crate::nulls::groups::SCALE;
use crate::numerics::cmi::estimate;
use proptest::prelude::*;
use rand_xoshiro::rand_core::SeedableRng;

fn observations(rows: &[(u32, u32, u32)]) -> Observations {
    let code = |f: fn(&(u32, u32, u32)) -> u32| {
        let values: Vec<u64> = rows.iter().map(|r| u64::from(f(r))).collect();
        Codes::of(&values, 1000)
    };
    let times = (0..rows.len()).collect();
    Observations { x: code(|r| r.0), y: code(|r| r.1), z: code(|r| r.2), times }
}

/// The multiset of changes over many shuffles, rounded, by value.
fn changes(permuter: &mut Permuter, draws: u32) -> std::collections::BTreeMap<i64, u32> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..draws {
        *seen.entry(permuter.next(&mut rng)).or_insert(0) += 1;
    }
    seen
}

/// The changes of all n! permutations of x, by value.
fn exhaustive(rows: &[(u32, u32, u32)]) -> Vec<f64> {
    fn permutations(items: &mut Vec<u32>, k: usize, out: &mut Vec<Vec<u32>>) {
        if k == items.len() {
            out.push(items.clone());
        }
        for i in k..items.len() {
            items.swap(k, i);
            permutations(items, k + 1, out);
            items.swap(k, i);
        }
    }
    let base = estimate(&observations(rows)).value;
    let mut all = Vec::new();
    permutations(&mut rows.iter().map(|r| r.0).collect(), 0, &mut all);
    all.into_iter()
        .map(|xs| {
            let rows: Vec<_> = xs.iter().zip(rows).map(|(x, r)| (*x, r.1, r.2)).collect();
            (estimate(&observations(&rows)).value - base) * rows.len() as f64
        })
        .collect()
}

/// Both draws have the distribution of a full shuffle.
#[test]
fn shuffles_are_uniform() {
    let few_repeat = [(0, 0, 0), (1, 1, 0), (2, 0, 0), (3, 1, 1), (3, 0, 1), (4, 1, 1)];
    let few_vary = [(0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 0, 1), (1, 0, 2), (0, 0, 2)];
    for (rows, places) in [(few_repeat, true), (few_vary, false)] {
        let mut permuter = Permuter::new(&observations(&rows), None);
        assert_eq!(matches!(permuter.pools[0], Pool::Places(_)), places);
        let draws = 50_000;
        let seen = changes(&mut permuter, draws);
        let expected = exhaustive(&rows);
        for (change, count) in seen {
            let value = change as f64 / SCALE;
            let share =
                expected.iter().filter(|e| (*e - value).abs() < 1e-6).count() as f64 / expected.len() as f64;
            let error = (share * (1.0 - share) / f64::from(draws)).sqrt();
            let found = f64::from(count) / f64::from(draws);
            assert!(share > 0.0 && (found - share).abs() <= 5.0 * error, "{value}: {found} {share}");
        }
    }
}

proptest! {
    /// Both ways of adding up give the same statistic, up to a constant, for the same arrangement.
    #[test]
    fn the_statistic_is_the_value(rows in prop::collection::vec((0u32..30, 0u32..3, 0u32..6), 2..120)) {
        let o = observations(&rows);
        let permuter = Permuter::new(&o, None);
        let mut other = rows.clone();
        other.rotate_left(1);
        let moved: Vec<_> = rows.iter().zip(&other).map(|(r, x)| (x.0, r.1, r.2)).collect();
        let o2 = observations(&moved);
        let second = Permuter::new(&o2, None);
        // x that occur once and pasts that do not vary are the same in both, so constants cancel.
        let kind = |permuter: &Permuter| permuter.pools.first().map(std::mem::discriminant);
        prop_assert_eq!(kind(&permuter), kind(&second));
        let found = (second.observed - permuter.observed) as f64 / SCALE;
        let expected = (estimate(&o2).value - estimate(&o).value) * rows.len() as f64;
        prop_assert!((found - expected).abs() < 1e-6, "{} {}", found, expected);
    }

    #[test]
    fn x_stays_within_its_cell(rows in prop::collection::vec((0u32..4, 0u32..2, 0u32..3), 4..60)) {
        let o = observations(&rows);
        let cells = Codes::of(&(0..rows.len() as u64).map(|i| i % 2).collect::<Vec<_>>(), 2);
        let mut permuter = Permuter::new(&o, Some(&cells));
        let contents = |p: &Permuter| -> Vec<Vec<u32>> {
            p.pools.iter().map(|pool| match pool {
                Pool::Sources(s) => { let mut xs = s.items().to_vec(); xs.sort_unstable(); xs }
                Pool::Past(past) => { let mut xs = past.items().to_vec(); xs.sort_unstable(); xs }
                Pool::Places(p) => { let mut z: Vec<u32> = p.items().iter().map(|q| q[1]).collect(); z.sort_unstable(); z }
            }).collect()
        };
        let before = contents(&permuter);
        permuter.next(&mut Xoshiro256PlusPlus::seed_from_u64(3));
        prop_assert_eq!(before, contents(&permuter));
    }

    /// Pasts by themselves are drawn and added up as several of them together are.
    #[test]
    fn a_past_by_itself_has_the_change_of_its_groups(
        rows in prop::collection::vec((0u32..5, 0u32..3, 0u32..2), 2..150), seed: u64,
    ) {
        let o = observations(&rows);
        let mut alone = Permuter::new(&o, Some(&o.z));
        let yz = o.z.with(&o.y);
        let desk = Desk { o: &o, yz: &yz, x_counts: vec![0; o.x.levels], numbers: Numbers::new(o.x.levels) };
        let mut grouped = Permuter::new(&o, Some(&o.z));
        grouped.offsets = vec![0; rows.len()];
        grouped.pools = sorted(&o.z, sorted(&o.y, 0..rows.len() as u32))
            .chunk_by(|a, b| o.z.codes[*a as usize] == o.z.codes[*b as usize])
            .map(|pool| Pool::Sources(desk.sources(pool)))
            .filter(|pool| pool.slots() > 0)
            .collect();
        // Where places are drawn for x, other numbers are.
        let are_pasts = alone.pools.iter().all(|pool| matches!(pool, Pool::Past(_)));
        prop_assume!(are_pasts && alone.pools.len() == grouped.pools.len());
        let Permuter { pools, tables, counters, counts, .. } = &mut grouped;
        grouped.observed = pools.iter().map(|pool| pool.sum(tables, counters, counts)).sum();
        let mut rngs = [seed; 2].map(Xoshiro256PlusPlus::seed_from_u64);
        for _ in 0..5 {
            prop_assert_eq!(alone.next(&mut rngs[0]), grouped.next(&mut rngs[1]));
        }
    }
}
