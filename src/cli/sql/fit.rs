//! Which columns of a table a terminal has room for, and how wide each may be.
//!
//! Long texts are shortened first; if that is not enough, columns in the middle are left out, as people
//! look for keys on the left and for what they computed on the right. Numbers are never shortened.

/// Texts are not made shorter than this to save other columns.
const SHORT: usize = 16;

/// What `| ` and ` ` around a column take.
const FRAME: usize = 3;

/// A column that wants room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Characters of its longest cell or its name.
    pub(super) width: usize,
    /// Whether it may be shortened.
    pub(super) text: bool,
}

impl Wanted {
    fn at(self, cap: usize) -> usize {
        if self.text { self.width.min(cap) } else { self.width }
    }
}

/// What is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// Columns on the left of the gap: index and width.
    pub(super) left: Vec<(usize, usize)>,
    /// Columns on its right; empty if there is no gap.
    pub(super) right: Vec<(usize, usize)>,
    /// Columns left out.
    pub(super) left_out: usize,
}

/// Chooses columns for a terminal of `room` characters; the first is always shown.
pub(super) fn fit(columns: &[Wanted], room: usize) -> Fit {
    // One line ends each row.
    let room = room.saturating_sub(1);
    let total =
        |cap: usize, chosen: &[usize]| -> usize { chosen.iter().map(|i| columns[*i].at(cap) + FRAME).sum() };
    let all: Vec<usize> = (0..columns.len()).collect();
    let (left, right) = if total(SHORT, &all) <= room {
        (all, Vec::new())
    } else {
        ends(columns, room.saturating_sub(1 + FRAME))
    };
    let chosen = [left.as_slice(), right.as_slice()].concat();
    let left_out = columns.len() - chosen.len();
    let room = if left_out > 0 { room.saturating_sub(1 + FRAME) } else { room };
    let cap = widest_cap(room, |cap| total(cap, &chosen));
    let sized = |chosen: Vec<usize>| chosen.into_iter().map(|i| (i, columns[i].at(cap))).collect();
    Fit { left: sized(left), right: sized(right), left_out }
}

/// As many columns as fit, from both ends in turn.
fn ends(columns: &[Wanted], room: usize) -> (Vec<usize>, Vec<usize>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut used = 0;
    for turn in 0..columns.len() {
        let from_left = turn % 2 == 0;
        let next = if from_left { left.len() } else { columns.len() - 1 - right.len() };
        used += columns[next].at(SHORT) + FRAME;
        if used > room && turn > 0 {
            break;
        }
        if from_left { left.push(next) } else { right.insert(0, next) }
    }
    (left, right)
}

/// The longest text for which everything fits, at least `SHORT`.
fn widest_cap(room: usize, total: impl Fn(usize) -> usize) -> usize {
    let (mut fits, mut too_long) = (SHORT, room.max(SHORT) + 1);
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        if total(middle) <= room { fits = middle } else { too_long = middle }
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(width: usize) -> Wanted {
        Wanted { width, text: true }
    }

    fn number(width: usize) -> Wanted {
        Wanted { width, text: false }
    }

    #[test]
    fn what_fits_is_left_alone() {
        let fit = fit(&[text(36), number(8)], 51);
        assert_eq!(fit, Fit { left: vec![(0, 36), (1, 8)], right: vec![], left_out: 0 });
    }

    #[test]
    fn texts_are_shortened_as_little_as_needed() {
        let fit = fit(&[text(36), number(8), text(4)], 50);
        assert_eq!(fit, Fit { left: vec![(0, 28), (1, 8), (2, 4)], right: vec![], left_out: 0 });
    }

    #[test]
    fn columns_in_the_middle_are_left_out() {
        let columns = [text(36), number(10), number(10), number(10), number(10)];
        // 1 + (x + 3) + 4 + 2 · 13 = 53
        let fit = fit(&columns, 53);
        assert_eq!(fit, Fit { left: vec![(0, 19), (1, 10)], right: vec![(4, 10)], left_out: 2 });
    }

    #[test]
    fn the_first_column_is_always_there() {
        let fit = fit(&[number(30), number(30)], 10);
        assert_eq!(fit, Fit { left: vec![(0, 30)], right: vec![], left_out: 1 });
    }

    proptest::proptest! {
        #[test]
        fn lines_are_never_longer_than_the_terminal_if_short_columns_can_be_shown(
            columns in proptest::collection::vec((1..60usize, proptest::bool::ANY), 1..40),
            room in 25..300usize,
        ) {
            let columns: Vec<Wanted> = columns.into_iter().map(|(width, text)| Wanted { width, text }).collect();
            let fit = fit(&columns, room);
            let gap = if fit.left_out > 0 { 1 + FRAME } else { 0 };
            let shown = fit.left.iter().chain(&fit.right);
            let total: usize = 1 + gap + shown.clone().map(|(_, width)| width + FRAME).sum::<usize>();
            proptest::prop_assert!(total <= room || fit.left.len() + fit.right.len() == 1);
            proptest::prop_assert_eq!(shown.count() + fit.left_out, columns.len());
        }
    }
}
