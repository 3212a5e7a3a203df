//! How programs end, and how they are ended.

use std::time::{Duration, Instant};

use super::super::program::Limits;
use super::super::tests::*;
use super::super::*;

#[test]
fn a_bad_end_is_told_with_the_last_words() {
    let told = failure(
        r#"echo '{"table": "te", "tau": 1}'; echo first >&2; echo 'Error: no file' >&2; echo >&2; exit 3"#,
    );
    assert_eq!(told, "the program ended with exit code 3; its last words: Error: no file");
    let told = failure("printf '10%%\\r20%%\\r' >&2; exit 1");
    assert!(told.ends_with("its last words: 20%"), "{told}");
    let told = failure("i=0; while [ $i -lt 400 ]; do printf ü >&2; i=$((i+1)); done; exit 1");
    assert_eq!(told.chars().filter(|c| *c == 'ü').count(), 300);
    assert_eq!(failure("exit 5"), "the program ended with exit code 5; it wrote nothing to standard error");
    let told = failure("echo bye >&2; kill -SEGV $$");
    assert_eq!(told, "the program crashed (SIGSEGV, signal 11); its last words: bye");
    // The state told before does not help.
    assert!(failure(r#"echo '{"unit": {"state": "ok"}}'; exit 1"#).contains("exit code 1"));
}

#[test]
fn a_cut_off_line_is_no_row() {
    let told = failure(r#"printf '{"table": "te", "tau": 1}\n{"table": "te", "ta'"#);
    assert!(told.contains("in the middle of line 2: `{\"table\": \"te\", \"ta`"), "{told}");
    let told = failure(r#"printf '{"table": "te", "ta'; echo 'MemoryError' >&2; exit 1"#);
    assert_eq!(told, "the program ended with exit code 1; its last words: MemoryError");
}

#[test]
fn time_is_up_for_all_that_was_started() {
    let dir = tempfile::tempdir().unwrap();
    let (child, pid) = (dir.path().join("child"), dir.path().join("pid"));
    let script = "trap '' TERM; echo $$ > \"$2\"; sh -c 'trap \"\" TERM; echo $$ > \"$0\"; sleep 60; sleep 60' \"$1\"; sleep 60";
    let mut options = options(script, &[child.to_str().unwrap(), pid.to_str().unwrap()]);
    // Both shells have said who they are, and are deaf, by then.
    options.timeout = Some(Duration::from_secs(3));
    let start = Instant::now();
    assert_eq!(failed(unit(options)), "ran longer than 3 s (analysis.timeout)");
    assert!(start.elapsed() < Duration::from_secs(50));
    assert!(is_gone(id_in(&child)) && is_gone(id_in(&pid)));
}

#[test]
fn time_is_up_also_for_a_program_that_is_done_speaking() {
    let mut options = options("exec >&- 2>&-; sleep 60", &[]);
    options.timeout = Some(Duration::from_millis(300));
    assert!(failed(unit(options)).starts_with("ran longer than 0.3 s"));
}

#[test]
fn all_may_tidy_up_when_time_is_up() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tidy");
    let child = "trap 'sleep 0.3; echo done > \"$0\"; exit' TERM; while :; do sleep 0.1; done";
    let mut options =
        options(&format!("sh -c '{}' \"$1\"; :", child.replace('\'', "'\\''")), &[file.to_str().unwrap()]);
    // Both shells listen by then.
    options.timeout = Some(Duration::from_secs(3));
    assert!(failed(unit(options)).starts_with("ran longer than 3 s"));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "done\n");
}

#[cfg(target_os = "linux")]
#[test]
fn so_is_what_it_leaves_behind_in_a_session_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("child");
    let quiet = "</dev/null >/dev/null 2>&1";
    let alone = format!("setsid sh -c 'echo $$ > \"$0\"; sleep 60; :' \"$1\" {quiet} &");
    let forked = format!("(setsid sh -c 'sleep 60 & echo $! > \"$0\"' \"$1\" {quiet} &) &");
    let deaf =
        format!("nohup setsid sh -c 'trap \"\" TERM HUP; echo $$ > \"$0\"; sleep 60; :' \"$1\" {quiet} &");
    let until = "while [ ! -s \"$1\" ]; do sleep 0.01; done";
    for script in [&alone, &forked, &deaf] {
        for (end, state) in [("", UnitState::Ok), ("; exit 1", UnitState::Failed)] {
            let _ = std::fs::remove_file(&file);
            let script = format!("{script} {until}{end}");
            assert_eq!(unit(options(&script, &[file.to_str().unwrap()])).state, state, "{script}");
            assert!(is_gone(id_in(&file)), "{script}");
        }
    }
}

#[test]
fn what_a_program_leaves_behind_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("child");
    let arguments = [file.to_str().unwrap()];
    let left = unit(options("sleep 60 >/dev/null 2>&1 & echo $! > \"$1\"", &arguments));
    assert_eq!(left.state, UnitState::Ok);
    assert!(is_gone(id_in(&file)));
    // With the output in its hands, rows may still have been to come.
    let held = failed(unit(options("sleep 60 & echo $! > \"$1\"", &arguments)));
    assert!(held.contains("still holds its standard output"), "{held}");
    assert!(is_gone(id_in(&file)));
}

#[test]
fn output_is_bounded() {
    let mut engine = engine(options("while :; do echo '{\"stage\": \"x\"}'; done", &[]));
    engine.program.limits.unit = 1 << 20;
    let (mut found, _) = units(&engine, &job("u", &["m"]));
    let told = failed(found.remove(0));
    assert!(told.contains("more than 1 MB of output"), "{told}");
    engine.program.limits = Limits { line: 1 << 20, unit: 1 << 30 };
    engine.program.arguments[1] = template::Template::parse("tr '\\0' x < /dev/zero").unwrap();
    let told = failed(units(&engine, &job("u", &["m"])).0.remove(0));
    assert!(told.contains("line 1 with more than 1 MB"), "{told}");
}
