//! Processes that do one unit after another.

use std::time::{Duration, Instant};

use super::super::tests::*;
use super::super::*;

/// A worker in shell: `$line` is the request, `$n` counts.
fn worker(on_unit: &str) -> CommandOptions {
    let script = format!("n=0; while read -r line; do n=$((n+1)); {on_unit}; done");
    CommandOptions { mode: ProgramMode::Worker, ..options(&script, &[]) }
}

/// Gives its process id as `tau` and its count as `k`.
const ANSWER: &str = r#"echo '{"table": "te", "tau": '$$', "k": '$n'}'; echo '{"end": true}'"#;

fn told(engine: &CommandEngine, user: &str) -> UnitResult {
    units(engine, &job(user, &["m"])).0.remove(0)
}

/// Process id and count.
fn who(unit: &UnitResult) -> (i64, i64) {
    assert_eq!(unit.reason, None, "{unit:?}");
    let number = |name: &str| match rows(unit, "te")[0].0.iter().find(|(column, _)| *column == name) {
        Some((_, crate::schema::Cell::Int(v))) => *v,
        other => panic!("{other:?}"),
    };
    (number("tau"), number("k"))
}

#[test]
fn one_process_does_several_units() {
    let engine = engine(worker(ANSWER));
    let (first, second) = (who(&told(&engine, "a")), who(&told(&engine, "b")));
    assert_eq!((first.1, second), (1, (first.0, 2)));
    drop(engine);
    assert!(is_gone(first.0 as i32));
}

#[test]
fn the_request_names_the_unit() {
    let want = r#"{"user_id":"a \"b\"","input":"/dev/null","feature_mode":"m","seed":42}"#;
    let script = format!("[ \"$line\" = '{want}' ] || exit 1; echo '{{\"end\": true, \"n_samples\": 7}}'");
    let unit = told(&engine(worker(&script)), "a \"b\"");
    assert_eq!((unit.reason, unit.n_samples), (None, Some(7)));
}

#[test]
fn a_death_takes_one_unit_along() {
    let script = format!(
        "case $line in *bad*) echo '{{\"table\": \"te\", \"tau\": 1}}'; echo oh no >&2; exit 4;; esac; {ANSWER}"
    );
    let engine = engine(worker(&script));
    let first = who(&told(&engine, "a"));
    assert_eq!(failed(told(&engine, "bad")), "the program ended with exit code 4; its last words: oh no");
    let second = who(&told(&engine, "b"));
    assert_eq!(second.1, 1);
    assert_ne!(first.0, second.0);
    assert_eq!(who(&told(&engine, "c")), (second.0, 2), "stays");
}

#[test]
fn a_death_without_a_word_is_of_that_unit_too() {
    let engine = engine(worker(&format!("case $line in *bad*) kill -KILL $$;; esac; {ANSWER}")));
    who(&told(&engine, "a"));
    assert!(failed(told(&engine, "bad")).contains("SIGKILL"));
    who(&told(&engine, "b"));
}

#[test]
fn a_worker_may_retire_between_units() {
    // The pause lets the next unit be asked for before the worker is gone.
    let engine = engine(worker(&format!("{ANSWER}; sleep 0.2; exit 0")));
    let (first, second) = (who(&told(&engine, "a")), who(&told(&engine, "b")));
    assert_eq!((first.1, second.1), (1, 1));
    assert_ne!(first.0, second.0);
}

#[test]
fn a_program_that_is_no_worker_is_told() {
    let script = CommandOptions {
        mode: ProgramMode::Worker,
        ..options("echo '{\"table\": \"te\", \"tau\": 1}'", &[])
    };
    let reason = failed(unit(script));
    assert!(
        reason.contains("exit code 0 in the middle of the unit") && reason.contains("\"end\": true"),
        "{reason}"
    );
    let closed = failed(unit(worker("exec >&-; sleep 60")));
    assert!(closed.contains("closed its standard output"), "{closed}");
}

#[test]
fn a_bad_row_leaves_the_worker_alive_and_in_step() {
    let bad = r#"case $line in *bad*) echo '{"table": "te", "tau": -1}';; esac"#;
    let engine = engine(worker(&format!("{bad}; {ANSWER}")));
    let first = who(&told(&engine, "a"));
    let reason = failed(told(&engine, "bad"));
    assert!(reason.contains("table te, line 1, column tau: -1 is outside"), "{reason}");
    assert_eq!(who(&told(&engine, "b")), (first.0, 3));
}

#[test]
fn output_out_of_turn_replaces_the_worker() {
    let engine = engine(worker(&format!("{ANSWER}; echo '{{\"table\": \"te\", \"tau\": 77}}'")));
    let (first, second) = (who(&told(&engine, "a")), {
        std::thread::sleep(Duration::from_millis(300));
        told(&engine, "b")
    });
    assert_eq!(rows(&second, "te").len(), 1, "nothing of the unit before");
    assert_ne!(first.0, who(&second).0);
}

#[test]
fn time_is_up_for_a_unit_not_for_the_next() {
    let script = format!("case $line in *slow*) sleep 60;; esac; {ANSWER}");
    let engine = engine(CommandOptions { timeout: Some(Duration::from_secs(5)), ..worker(&script) });
    let first = who(&told(&engine, "a"));
    assert_eq!(failed(told(&engine, "slow")), "ran longer than 5 s (analysis.timeout)");
    assert!(is_gone(first.0 as i32));
    assert_eq!(who(&told(&engine, "b")).1, 1);
}

#[test]
fn workers_that_do_not_end_are_ended() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script =
        format!("echo $$ > '{}'; read -r line; {ANSWER}; trap '' TERM; sleep 60; sleep 60", file.display());
    let engine =
        engine(CommandOptions { mode: ProgramMode::Worker, ..options(&script.replace("$n", "1"), &[]) });
    who(&told(&engine, "a"));
    let start = Instant::now();
    drop(engine);
    assert!(start.elapsed() < Duration::from_secs(50));
    assert!(is_gone(id_in(&file)));
}

#[test]
fn every_thread_has_a_worker() {
    let engine = engine(worker(ANSWER));
    let all = std::thread::scope(|scope| {
        let one = || (0..20).map(|i| who(&told(&engine, &i.to_string())).0).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect::<std::collections::BTreeSet<_>>()
    });
    assert!((1..=4).contains(&all.len()), "{all:?}");
}
