//! Ordinal patterns; their transfer entropy is symbolic transfer entropy (Staniek and Lehnertz 2008).

use super::embedding::Symbols;

/// What equal samples do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// The earlier one ranks lower.
    Stable,
    /// They share a rank, so patterns with ties are symbols of their own.
    Symbols,
}

/// The ordinal patterns of a series and where their segments start.
///
/// The pattern at i is the order of the `dimension` samples from i on, delay 1; none crosses a break.
/// Neighbouring patterns share all but one sample. Numbers follow the lexicographic order of the rank
/// tuples: for dimension 3, 012 → 0, 021 → 1, 102 → 2, 120 → 3, 201 → 4, 210 → 5. Under
/// [`Ties::Stable`] the earlier of equal samples ranks lower; under [`Ties::Symbols`] equal
/// samples share a rank, so ties have numbers of their own.
pub fn patterns(
    series: &[i32],
    segment_starts: &[usize],
    dimension: usize,
    ties: Ties,
) -> (Symbols, Vec<usize>) {
    let ends = segment_starts.iter().skip(1).copied().chain(std::iter::once(series.len()));
    let mut values = Vec::new();
    let mut starts = Vec::new();
    for (start, end) in segment_starts.iter().zip(ends) {
        let segment = &series[*start..end];
        if segment.len() >= dimension {
            starts.push(values.len());
            values.extend(segment.windows(dimension).map(|window| pattern(window, ties)));
        }
    }
    let base = values.iter().max().map_or(1, |m| m + 1);
    (Symbols { values, base }, starts)
}

fn pattern(window: &[i32], ties: Ties) -> u32 {
    let ranks: Vec<u32> = window
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let smaller = window.iter().filter(|o| *o < v).count();
            let earlier = window[..i].iter().filter(|o| *o == v).count();
            (smaller + if ties == Ties::Stable { earlier } else { 0 }) as u32
        })
        .collect();
    match ties {
        Ties::Stable => lehmer(&ranks),
        Ties::Symbols => ranks.iter().fold(0, |code, r| code * window.len() as u32 + r),
    }
}

/// Number of a permutation in lexicographic order.
fn lehmer(ranks: &[u32]) -> u32 {
    let mut number = 0;
    for (i, r) in ranks.iter().enumerate() {
        let later_smaller = ranks[i + 1..].iter().filter(|o| *o < r).count() as u32;
        number = number * (ranks.len() - i) as u32 + later_smaller;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(window: [i32; 3]) -> u32 {
        pattern(&window, Ties::Stable)
    }

    #[test]
    fn numbers_of_all_orders_and_ties() {
        assert_eq!([of([1, 2, 3]), of([1, 3, 2]), of([2, 1, 3])], [0, 1, 2]);
        assert_eq!([of([2, 3, 1]), of([3, 1, 2]), of([3, 2, 1])], [3, 4, 5]);
        // Two-valued series: ties keep the order of time, and 5 never occurs.
        assert_eq!([of([0, 0, 0]), of([0, 0, 1]), of([0, 1, 1]), of([1, 1, 1])], [0; 4]);
        assert_eq!([of([0, 1, 0]), of([1, 0, 1]), of([1, 1, 0]), of([1, 0, 0])], [1, 2, 3, 4]);
        let tie = |w: [i32; 3]| pattern(&w, Ties::Symbols);
        assert_ne!(tie([0, 0, 0]), tie([0, 1, 2]));
        assert_eq!(tie([0, 0, 0]), tie([5, 5, 5]));
    }

    #[test]
    fn no_pattern_crosses_a_break() {
        let (symbols, starts) = patterns(&[1, 2, 3, 9, 8, 1, 5, 4, 3, 2], &[0, 3, 5], 3, Ties::Stable);
        assert_eq!(symbols.values, [0, 1, 5, 5]);
        assert_eq!(starts, [0, 1]);
        assert_eq!(symbols.base, 6);
    }
}
