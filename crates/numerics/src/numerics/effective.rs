//! What of a plug-in value is more than its bias: the value less its exact mean over all permutations.
//!
//! Under a permutation of x each count n(x, y, z) is hypergeometric, so its mean is a sum and nothing has
//! to be drawn.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::codes::Codes;
use super::embedding::Observations;

/// How many parts of a cell have each size.
type Sizes = BTreeMap<u32, u32>;

/// Exact mean of the plug-in I(x; y | z), in bits, over all permutations of x within the cells of `within`.
///
/// With the cells of z it is the bias of the value if x says nothing beyond z; with one cell for all
/// ([`Codes::constant`]) it is the mean of surrogates of x over all observations. z is taken together with
/// `within`, so that cells of a condition count as part of the past.
pub fn mean_over_permutations(o: &Observations, within: &Codes) -> f64 {
    let n = o.x.codes.len();
    if n == 0 {
        return 0.0;
    }
    let pasts = within.with(&o.z);
    let x_of = sizes(within, &within.with(&o.x));
    let z_of = sizes(within, &pasts);
    let yz_of = sizes(within, &pasts.with(&o.y));
    // No count is larger than that of its x.
    let mut means = Means { f: each_f(o.x.counts().into_iter().max().unwrap_or(0)), ..Means::default() };
    let mut total = 0.0;
    for (cell, in_cell) in within.counts().into_iter().enumerate() {
        let mut mean = |parts: &Sizes| {
            let pairs = parts.iter().flat_map(|part| x_of[cell].iter().map(move |x| (part, x)));
            pairs.map(|((m, parts), (k, xs))| weight(*parts, *xs) * means.of(in_cell, *k, *m)).sum::<f64>()
        };
        total += (mean(&yz_of[cell]) - fixed(&yz_of[cell])) - (mean(&z_of[cell]) - fixed(&z_of[cell]));
    }
    total / n as f64
}

/// H(y | z) in bits: what the past leaves open.
pub fn entropy_given_past(o: &Observations) -> f64 {
    let total = |codes: &Codes| codes.counts().into_iter().map(f).sum::<f64>();
    let n = o.y.codes.len().max(1);
    (total(&o.z) - total(&o.z.with(&o.y))) / n as f64
}

/// f(c) = c·log2 c.
fn f(count: u32) -> f64 {
    let count = f64::from(count);
    if count > 0.0 { count * count.log2() } else { 0.0 }
}

fn fixed(sizes: &Sizes) -> f64 {
    sizes.iter().map(|(size, parts)| f64::from(*parts) * f(*size)).sum()
}

fn weight(a: u32, b: u32) -> f64 {
    f64::from(a) * f64::from(b)
}

/// For each cell the sizes of its parts; `parts` tell everything apart that cells do.
fn sizes(cells: &Codes, parts: &Codes) -> Vec<Sizes> {
    let mut found = vec![Sizes::new(); cells.levels];
    let mut counts = parts.counts();
    for (cell, part) in cells.codes.iter().zip(&parts.codes) {
        let count = std::mem::take(&mut counts[*part as usize]);
        if count > 0 {
            *found[*cell as usize].entry(count).or_insert(0) += 1;
        }
    }
    found
}

/// f of all counts up to one.
pub(crate) fn each_f(most: u32) -> Vec<f64> {
    (0..=most).map(f).collect()
}

/// Means of f over hypergeometric counts, each worked out once.
#[derive(Debug, Default)]
struct Means {
    f: Vec<f64>,
    known: FxHashMap<[u32; 3], f64>,
}

impl Means {
    /// The mean of f(c), where c of `k` marked among `n` fall into `m` places.
    fn of(&mut self, n: u32, k: u32, m: u32) -> f64 {
        let mean = || mean_of_shared(&self.f, n, k, m);
        *self.known.entry([n, k.min(m), k.max(m)]).or_insert_with(mean)
    }
}

/// A probability that changes nothing any more, by that of the likeliest count.
const LEAST_WEIGHT: f64 = f64::EPSILON * 1e-4;

/// The mean of f(c), where c of `k` marked among `n` fall into `m` places; `f` holds f of what c can be.
///
/// From the likeliest count outwards, so that no factorial is needed and nothing is lost.
pub(crate) fn mean_of_shared(f: &[f64], n: u32, k: u32, m: u32) -> f64 {
    // Either may be the places: one order gives one result.
    let (k, m) = (k.min(m), k.max(m));
    let (least, most) = ((k + m).saturating_sub(n), k.min(m));
    let [all, marked, places] = [n, k, m].map(f64::from);
    // Probability of c + 1 over that of c.
    let rise = |c: u32| {
        let c = f64::from(c);
        (marked - c) * (places - c) / ((c + 1.0) * (all - marked - places + c + 1.0))
    };
    let mode = ((marked + 1.0) * (places + 1.0) / (all + 2.0)).floor() as u32;
    let mode = mode.clamp(least, most);
    let (mut sum, mut total) = (f[mode as usize], 1.0);
    let mut add = |c: u32, weight: f64| {
        sum += weight * f[c as usize];
        total += weight;
        weight > LEAST_WEIGHT
    };
    let mut weight = 1.0;
    for c in mode..most {
        weight *= rise(c);
        if !add(c + 1, weight) {
            break;
        }
    }
    weight = 1.0;
    for c in (least..mode).rev() {
        weight /= rise(c);
        if !add(c, weight) {
            break;
        }
    }
    sum / total
}

/// Means that are worked out side by side.
pub(crate) const LANES: usize = 4;

/// A number a lane.
type Lanes = [f64; LANES];

/// [`mean_of_shared`] of several (n, k, m), bit for bit. Each has a lane in which the same is done in the same order;
/// side by side nobody waits for a quotient.
pub(crate) fn means_of_shared(f: &[f64], of: [[u32; 3]; LANES]) -> Lanes {
    let of = of.map(|[n, k, m]| [n, k.min(m), k.max(m)].map(f64::from));
    let modes = of.map(|[all, marked, places]| {
        let mode = (marked + 1.0) * (places + 1.0) / (all + 2.0);
        // As a whole number it is rounded down.
        mode.clamp((marked + places - all).max(0.0), marked) as u32
    });
    let (mut sum, mut total) = (modes.map(|mode| f[mode as usize]), [1.0; LANES]);
    add_terms::<true>(f, of, modes, &mut sum, &mut total);
    add_terms::<false>(f, of, modes, &mut sum, &mut total);
    std::array::from_fn(|lane| sum[lane] / total[lane])
}

/// Terms after which it is looked whether there are more.
const BLOCK: usize = 4;

/// Adds the terms above the likeliest count, or those below it. A lane that has no more has a weight of 0, which
/// changes no sum: above the last count the probability rises by 0, below the first it falls without end.
fn add_terms<const ABOVE: bool>(
    f: &[f64],
    of: [[f64; 3]; LANES],
    modes: [u32; LANES],
    sum: &mut Lanes,
    total: &mut Lanes,
) {
    let [marked, places]: [Lanes; 2] = [of.map(|[_, marked, _]| marked), of.map(|[.., places]| places)];
    let beyond: Lanes = of.map(|[all, marked, places]| all - marked - places);
    let mut weight = [1.0; LANES];
    // The count from which the probability rises.
    let mut c = modes.map(|mode| f64::from(mode) - if ABOVE { 0.0 } else { 1.0 });
    let mut counts = modes.map(|mode| mode as usize);
    while weight.iter().any(|weight| *weight > LEAST_WEIGHT) {
        let f = counts.map(|count| next_of::<ABOVE>(f, count));
        #[expect(clippy::needless_range_loop, reason = "a step goes through all lanes")]
        for step in 0..BLOCK {
            for lane in 0..LANES {
                let after = c[lane] + 1.0;
                let rise =
                    (marked[lane] - c[lane]) * (places[lane] - c[lane]) / (after * (beyond[lane] + after));
                let next = if ABOVE { weight[lane] * rise } else { weight[lane] / rise };
                weight[lane] = if weight[lane] > LEAST_WEIGHT { next } else { 0.0 };
                sum[lane] += weight[lane] * f[lane][step];
                total[lane] += weight[lane];
                c[lane] = if ABOVE { after } else { c[lane] - 1.0 };
            }
        }
        counts = counts.map(|count| if ABOVE { count + BLOCK } else { count.saturating_sub(BLOCK) });
    }
}

/// f of the counts above one or below it, 0 where there are none: they have no weight.
fn next_of<const ABOVE: bool>(f: &[f64], count: usize) -> [f64; BLOCK] {
    let (first, last) =
        if ABOVE { (count + 1, count + BLOCK) } else { (count.wrapping_sub(BLOCK), count.wrapping_sub(1)) };
    let mut next = [0.0; BLOCK];
    if let Some(whole) = f.get(first..=last) {
        next.copy_from_slice(whole);
        if !ABOVE {
            next.reverse();
        }
    } else {
        for (step, next) in next.iter_mut().enumerate() {
            let at = if ABOVE { Some(count + 1 + step) } else { count.checked_sub(1 + step) };
            *next = at.and_then(|at| f.get(at)).copied().unwrap_or(0.0);
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::cmi::estimate;
    use proptest::prelude::*;

    fn permutations(items: &mut [u32], at: usize, each: &mut dyn FnMut(&[u32])) {
        if at + 1 >= items.len() {
            return each(items);
        }
        for i in at..items.len() {
            items.swap(at, i);
            permutations(items, at + 1, each);
            items.swap(at, i);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// All arrangements of up to 7 observations are gone through.
        #[test]
        fn is_the_mean_of_all_permutations(rows in prop::collection::vec((0u64..3, 0u64..2, 0u64..3), 1..8)) {
            let codes = |of: &dyn Fn(&(u64, u64, u64)) -> u64| {
                Codes::of(&rows.iter().map(of).collect::<Vec<_>>(), 3)
            };
            let o = Observations {
                x: codes(&|r| r.0), y: codes(&|r| r.1), z: codes(&|r| r.2), times: (0..rows.len()).collect(),
            };
            for within in [Codes::constant(rows.len()), o.z.clone()] {
                let (mut sum, mut count) = (0.0, 0.0);
                let mut order: Vec<u32> = (0..rows.len() as u32).collect();
                permutations(&mut order, 0, &mut |order| {
                    if order.iter().zip(&within.codes).all(|(i, cell)| within.codes[*i as usize] == *cell) {
                        let x = order.iter().map(|i| o.x.codes[*i as usize]).collect();
                        let x = Codes { codes: x, levels: o.x.levels };
                        sum += estimate(&Observations { x, ..o.clone() }).value;
                        count += 1.0;
                    }
                });
                let found = mean_over_permutations(&o, &within);
                prop_assert!((found - sum / count).abs() < 1e-12, "{found} {}", sum / count);
            }
        }
    }

    proptest! {
        /// Lanes of any length beside each other.
        #[test]
        fn side_by_side_is_bit_for_bit_what_it_is_alone(
            sizes in prop::collection::vec((2u32..3000, any::<u32>(), any::<u32>()), LANES),
        ) {
            let of: [[u32; 3]; LANES] = std::array::from_fn(|lane| {
                let (n, k, m) = sizes[lane];
                [n, 1 + k % n, 1 + m % n]
            });
            let f = each_f(of.iter().map(|[_, k, m]| *k.min(m)).max().unwrap());
            let alone = of.map(|[n, k, m]| mean_of_shared(&f, n, k, m));
            prop_assert_eq!(means_of_shared(&f, of).map(f64::to_bits), alone.map(f64::to_bits), "{:?}", of);
        }
    }

    /// All there are of few.
    #[test]
    fn side_by_side_small_ones_are_what_they_are_alone() {
        let f = each_f(14);
        for n in 1..15 {
            for k in 1..=n {
                for m in 1..=n {
                    let of = [[n, k, m], [n, m, k], [14, 7, 7], [n, k, n]];
                    let alone = of.map(|[n, k, m]| mean_of_shared(&f, n, k, m));
                    assert_eq!(means_of_shared(&f, of).map(f64::to_bits), alone.map(f64::to_bits), "{of:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_has_no_bias() {
        let o = Observations::default();
        assert_eq!((mean_over_permutations(&o, &o.z), entropy_given_past(&o)), (0.0, 0.0));
    }
}
