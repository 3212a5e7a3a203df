//! Which attempt speaks for a unit, and what the others are to it.

use crate::store::{IndexedAttempt, UnitState};

/// Which of several attempts of a unit speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precedence {
    /// The one that ended last.
    Latest,
    /// The one that ended first.
    First,
}

/// An attempt of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Index of its run.
    pub run: usize,
    /// Its name.
    pub attempt: &'a str,
    /// How it ended.
    pub state: UnitState,
    /// When, microseconds since 1970.
    pub finished_us: i64,
    /// What its numbers are made of: fingerprints of input and configuration, and the estimators.
    pub basis: [&'a str; 3],
}

impl<'a> Candidate<'a> {
    /// The attempt of an index.
    pub fn of(run: usize, attempt: &'a IndexedAttempt) -> Self {
        Self {
            run,
            attempt: &attempt.attempt,
            state: attempt.state,
            finished_us: attempt.finished_us,
            basis: attempt.basis.each_ref().map(String::as_str),
        }
    }
}

/// Places among the candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The attempt that speaks.
    pub winner: usize,
    /// Those that must equal it.
    pub duplicates: Vec<usize>,
    /// Those that are history: they failed, or an attempt of the same run replaced them after the input, the
    /// settings or the estimators had changed.
    pub out: Vec<usize>,
}

/// Judges the attempts of one unit. One that is ok beats one that is not; then `precedence` decides by the
/// end, then the order of the runs and the name.
pub fn judge(candidates: &[Candidate<'_>], precedence: Precedence) -> Verdict {
    let is_ok = |c: &Candidate<'_>| c.state == UnitState::Ok;
    let is_replaced = |c: &Candidate<'_>| {
        let of_run = candidates.iter().filter(|other| other.run == c.run && is_ok(other));
        let last = of_run.max_by_key(|other| (other.finished_us, other.attempt));
        is_ok(c) && last.is_some_and(|last| last.basis != c.basis)
    };
    let order = |&place: &usize| {
        let c = &candidates[place];
        let time = if precedence == Precedence::Latest { -c.finished_us } else { c.finished_us };
        (!is_ok(c), time, c.run, c.attempt)
    };
    let (mut out, standing): (Vec<usize>, Vec<usize>) =
        (0..candidates.len()).partition(|&place| is_replaced(&candidates[place]));
    let winner = standing.iter().copied().min_by_key(order).unwrap_or_default();
    let (duplicates, silent): (Vec<usize>, Vec<usize>) = standing
        .into_iter()
        .filter(|&place| place != winner)
        .partition(|&place| is_ok(&candidates[place]) && is_ok(&candidates[winner]));
    out.extend(silent);
    Verdict { winner, duplicates, out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt<'a>(
        run: usize,
        name: &'a str,
        state: UnitState,
        finished_us: i64,
        input: &'a str,
    ) -> Candidate<'a> {
        Candidate { run, attempt: name, state, finished_us, basis: [input, "c", "e"] }
    }

    #[test]
    fn what_is_ok_beats_what_is_not_and_then_time_decides() {
        use UnitState::{Failed, Ok};
        let all = [
            attempt(0, "a", Ok, 5, "i"),
            attempt(0, "b", Failed, 9, "i"),
            attempt(1, "c", Ok, 7, "i"),
            attempt(2, "d", Ok, 7, "i"),
        ];
        let verdict = |precedence| judge(&all, precedence);
        assert_eq!(verdict(Precedence::Latest), Verdict { winner: 2, duplicates: vec![0, 3], out: vec![1] });
        assert_eq!(verdict(Precedence::First), Verdict { winner: 0, duplicates: vec![2, 3], out: vec![1] });
        assert_eq!(judge(&all[1..2], Precedence::Latest), Verdict::default());
    }

    #[test]
    fn an_attempt_from_other_input_is_history_in_its_own_run_only() {
        use UnitState::Ok;
        let all =
            [attempt(0, "a", Ok, 1, "old"), attempt(0, "b", Ok, 2, "new"), attempt(1, "c", Ok, 1, "old")];
        assert_eq!(judge(&all, Precedence::First), Verdict { winner: 2, duplicates: vec![1], out: vec![0] });
    }
}
