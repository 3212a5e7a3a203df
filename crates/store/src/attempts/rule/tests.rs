use proptest::prelude::*;

use super::*;
use UnitState::{Failed, Ok, Skipped};

fn attempt<'a>(run: usize, name: &'a str, state: UnitState, finished_us: i64, input: &'a str) -> Attempt<'a> {
    let basis = Basis { input: (!input.is_empty()).then_some(input), config: "c", engine: "e" };
    Attempt { run, name, state, finished_us, basis, is_damaged: false }
}

fn damaged(attempt: Attempt<'_>) -> Attempt<'_> {
    Attempt { is_damaged: true, ..attempt }
}

fn found(all: &[Attempt<'_>]) -> Vec<Role> {
    roles(all, Precedence::Latest).all().to_vec()
}

#[test]
fn the_table_of_decisions() {
    use Role::{Counts, Damaged, Duplicate, Moved, Superseded};
    let (a, b) = (attempt(0, "a", Ok, 1, "old"), attempt(0, "b", Ok, 2, "new"));
    assert_eq!(found(&[a]), [Counts]);
    assert_eq!(found(&[damaged(a)]), [Damaged]);
    // Another basis.
    assert_eq!(found(&[a, b]), [Superseded, Counts]);
    assert_eq!(found(&[a, damaged(b)]), [Superseded, Damaged]);
    assert_eq!(found(&[a, attempt(0, "b", Skipped, 2, "new")]), [Superseded, Counts]);
    assert_eq!(found(&[a, attempt(0, "b", Failed, 2, "new")]), [Superseded, Counts]);
    // It could not be read.
    assert_eq!(found(&[a, attempt(0, "b", Failed, 2, "")]), [Counts, Superseded]);
    assert_eq!(
        found(&[attempt(0, "a", Failed, 1, ""), attempt(0, "b", Failed, 2, "")]),
        [Superseded, Counts]
    );
    // The same basis.
    let again = attempt(0, "b", Ok, 2, "old");
    assert_eq!(found(&[a, again]), [Duplicate, Counts]);
    assert_eq!(found(&[a, damaged(again)]), [Counts, Damaged]);
    assert_eq!(found(&[damaged(a), again]), [Damaged, Counts]);
    assert_eq!(found(&[damaged(a), damaged(again)]), [Damaged, Damaged]);
    assert_eq!(found(&[a, attempt(0, "b", Failed, 2, "old")]), [Counts, Superseded]);
    // Another run keeps to its own basis; where it differs it takes nobody's place.
    assert_eq!(found(&[a, attempt(1, "c", Ok, 2, "new")]), [Duplicate, Counts]);
    assert_eq!(found(&[a, damaged(attempt(1, "c", Ok, 2, "new"))]), [Superseded, Damaged]);
    assert_eq!(found(&[a, damaged(attempt(1, "c", Ok, 2, "old"))]), [Counts, Damaged]);
    // Moved rows, and ends at the same time.
    assert_eq!(
        found(&[a, attempt(0, "a+2", Ok, 1, "old"), attempt(0, "a+1", Ok, 1, "old")]),
        [Moved, Counts, Moved]
    );
    assert_eq!(found(&[a, attempt(1, "a+1", Ok, 1, "old")]), [Counts, Duplicate]);
    assert_eq!(found(&[a, attempt(0, "b", Ok, 1, "new")]), [Superseded, Counts]);
    assert_eq!(found(&[a, attempt(0, "b", Ok, 1, "old")]), [Duplicate, Counts]);
}

#[test]
fn the_first_counts_where_it_is_asked_for() {
    let all = [attempt(0, "a", Ok, 1, "old"), attempt(0, "b", Ok, 2, "new"), attempt(1, "c", Ok, 1, "old")];
    let found = roles(&all, Precedence::First);
    assert_eq!(found.all(), [Role::Superseded, Role::Duplicate, Role::Counts]);
}

#[test]
fn names_of_one_run_say_what_was_moved() {
    let names = ["a", "b", "b+1", "c+1", "c+2", "b.1"];
    let moved = Moved::among(names.into_iter());
    assert_eq!(names.map(|name| moved.has(name)), [false, true, false, true, false, false]);
    assert!(moved.has("c") && Moved::among(["a", "b.1"].into_iter()).is_empty());
}

#[test]
fn a_thousand_attempts_and_names_of_another_form() {
    let names: Vec<String> = (0..1000).map(|n| format!("20990101T000000~{n:04}/x+")).collect();
    let all: Vec<_> = names.iter().map(|name| attempt(0, name, Ok, 5, "i")).collect();
    let found = roles(&all, Precedence::Latest);
    assert_eq!(found.counting(), Some(999));
    assert!(found.all()[..999].iter().all(|role| *role == Role::Duplicate));
}

/// The five lines of the rule, each as it is written and no faster.
fn oracle(all: &[Attempt<'_>], by: Precedence) -> Vec<Role> {
    let split = |name: &str| -> (String, u32) {
        let mut parts = name.splitn(2, '+');
        (parts.next().unwrap().to_owned(), parts.next().map_or(0, |n| n.parse().unwrap()))
    };
    let is_moved = |a: &Attempt<'_>| {
        all.iter().any(|b| {
            b.run == a.run && split(b.name).0 == split(a.name).0 && split(b.name).1 > split(a.name).1
        })
    };
    let newest_of = |run: usize| {
        let mut best: Option<&Attempt<'_>> = None;
        for a in all.iter().filter(|a| a.run == run && !is_moved(a)) {
            if a.state == Failed && a.basis.input.is_none() {
                continue;
            }
            best = match best {
                Some(b) if b.finished_us > a.finished_us => Some(b),
                Some(b) if b.finished_us == a.finished_us && b.name >= a.name => Some(b),
                _ => Some(a),
            };
        }
        best
    };
    let stands =
        |a: &Attempt<'_>| !is_moved(a) && newest_of(a.run).is_none_or(|newest| newest.basis == a.basis);
    // Whether one goes before the other.
    let before = |a: &Attempt<'_>, b: &Attempt<'_>| {
        if (a.state == Ok) != (b.state == Ok) {
            return a.state == Ok;
        }
        if a.finished_us != b.finished_us {
            return (a.finished_us > b.finished_us) == (by == Precedence::Latest);
        }
        if a.run == b.run { a.name > b.name } else { a.run < b.run }
    };
    let best = |among: &dyn Fn(&Attempt<'_>) -> bool| {
        let those: Vec<&Attempt<'_>> = all.iter().filter(|a| among(a)).collect();
        those.iter().find(|a| those.iter().all(|b| a == &b || before(a, b))).copied().copied()
    };
    let first = best(&|a| stands(a)).unwrap();
    let counting = if first.is_damaged && first.state == Ok {
        best(&|a| stands(a) && !a.is_damaged && a.state == Ok && a.basis == first.basis)
    } else {
        (!first.is_damaged).then_some(first)
    };
    all.iter()
        .map(|a| match () {
            () if is_moved(a) => Role::Moved,
            () if !stands(a) => Role::Superseded,
            () if Some(*a) == counting => Role::Counts,
            () if *a != first && (a.state != Ok || first.state != Ok) => Role::Superseded,
            () if a.is_damaged => Role::Damaged,
            () if counting.is_some() => Role::Duplicate,
            () => Role::Superseded,
        })
        .collect()
}

type Drawn = (usize, usize, usize, i64, usize, bool);

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    /// Up to six attempts on three bases, in four ways to end, whole or damaged, of two runs, some of them moved.
    #[test]
    fn the_rule_is_what_its_words_say(
        drawn in prop::collection::vec((0usize..2, 0usize..4, 0usize..3, 0i64..4, 0usize..12, any::<bool>()), 1..7),
        latest in any::<bool>(),
    ) {
        const NAMES: [&str; 12] =
            ["a", "a+1", "a+2", "b", "b+1", "c", "d", "e", "e+3", "20261123T143012-3f-0of4.1", "f", "g"];
        let mut seen = std::collections::BTreeSet::new();
        let mut all: Vec<Attempt<'_>> = Vec::new();
        for (run, state, basis, finished_us, name, is_damaged) in drawn.into_iter() as std::vec::IntoIter<Drawn> {
            if !seen.insert((run, name)) {
                continue;
            }
            let (state, has_input) = [(Ok, true), (Skipped, true), (Failed, true), (Failed, false)][state];
            let (input, config, engine) = [("i", "c", "e"), ("j", "c", "e"), ("i", "c", "f")][basis];
            let basis = Basis { input: has_input.then_some(input), config, engine };
            all.push(Attempt { run, name: NAMES[name], state, finished_us, basis, is_damaged });
        }
        let by = if latest { Precedence::Latest } else { Precedence::First };
        let found = roles(&all, by);
        prop_assert_eq!(found.all(), oracle(&all, by));
        prop_assert!(all[found.first()].is_damaged || found.counting() == Some(found.first()));
    }
}
