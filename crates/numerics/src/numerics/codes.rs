//! Dense codes: the distinct tuples that occur, numbered from 0.

use rustc_hash::FxHashMap;

/// Codes of observations, with the number of distinct ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Codes {
    /// One code an observation, below `levels`.
    pub codes: Vec<u32>,
    /// Number of distinct codes.
    pub levels: usize,
}

impl Codes {
    /// The codes of a variable that says nothing.
    pub fn constant(n: usize) -> Self {
        Self { codes: vec![0; n], levels: usize::from(n > 0) }
    }

    /// Numbers `values`, all below `bound`, in the order in which they first occur.
    pub fn of(values: &[u64], bound: u64) -> Self {
        let mut levels = 0u32;
        // A table is quicker than a hash map while it stays about as large as the data.
        let codes = if bound <= 4 * values.len() as u64 + 4096 {
            let mut table = vec![u32::MAX; bound as usize];
            values.iter().map(|v| number(&mut table[*v as usize], &mut levels)).collect()
        } else {
            let mut table: FxHashMap<u64, u32> = FxHashMap::default();
            values.iter().map(|v| number(table.entry(*v).or_insert(u32::MAX), &mut levels)).collect()
        };
        Self { codes, levels: levels as usize }
    }

    /// The codes of pairs of two codes.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let width = other.levels as u64;
        let pairs: Vec<u64> =
            self.codes.iter().zip(&other.codes).map(|(a, b)| u64::from(*a) * width + u64::from(*b)).collect();
        Self::of(&pairs, (self.levels as u64 * width).max(1))
    }

    /// How often each code occurs.
    pub fn counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.levels];
        for code in &self.codes {
            counts[*code as usize] += 1;
        }
        counts
    }
}

fn number(slot: &mut u32, levels: &mut u32) -> u32 {
    if *slot == u32::MAX {
        *slot = *levels;
        *levels += 1;
    }
    *slot
}

/// The tuples `(s[t − length + 1], …, s[t])` for every `t` of `ends`, coded.
///
/// Symbols are below `base`. Tuples of any length are coded: where `base^length` does not fit into 64
/// bits, tuples are coded in pieces.
pub fn tuples(series: &[u32], base: u32, ends: &[usize], length: usize) -> Codes {
    if length == 0 {
        return Codes::constant(ends.len());
    }
    let base = u64::from(base.max(2));
    let piece = (63.0 / (base as f64).log2()).floor().max(1.0) as usize;
    let mut all: Option<Codes> = None;
    let mut done = 0;
    while done < length {
        let part = piece.min(length - done);
        let back = length - done - 1;
        let values: Vec<u64> = packed(series, base, ends, back, part);
        let codes = Codes::of(&values, base.saturating_pow(part as u32));
        all = Some(match all {
            None => codes,
            Some(before) => before.with(&codes),
        });
        done += part;
    }
    all.unwrap_or_default()
}

/// `s[t − back], …` (`part` symbols) as one number for every `t`. Consecutive ends share all but one
/// symbol, so the number rolls on.
fn packed(series: &[u32], base: u64, ends: &[usize], back: usize, part: usize) -> Vec<u64> {
    let high = base.pow(part as u32 - 1);
    let mut rolling = 0u64;
    let mut last = usize::MAX;
    ends.iter()
        .map(|&t| {
            let newest = t + part - 1 - back;
            if last != usize::MAX && newest == last + 1 {
                rolling = (rolling % high) * base + u64::from(series[newest]);
            } else {
                rolling =
                    series[newest + 1 - part..=newest].iter().fold(0, |code, s| code * base + u64::from(*s));
            }
            last = newest;
            rolling
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_are_equal_where_tuples_are(
            series in prop::collection::vec(0u32..9, 1..80), length in 0usize..50, skip in 1usize..4
        ) {
            let ends: Vec<usize> = (length.saturating_sub(1)..series.len()).step_by(skip).collect();
            let codes = tuples(&series, 9, &ends, length);
            let tuple = |t: usize| &series[t + 1 - length..=t];
            for (i, a) in ends.iter().enumerate() {
                for (j, b) in ends.iter().enumerate() {
                    let same = length == 0 || tuple(*a) == tuple(*b);
                    prop_assert_eq!(codes.codes[i] == codes.codes[j], same);
                }
            }
            prop_assert!(codes.codes.iter().all(|c| (*c as usize) < codes.levels));
        }
    }
}
