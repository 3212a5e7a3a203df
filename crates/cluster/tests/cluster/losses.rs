//! Executors and schedulers that are lost in the middle of a merge.

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::lab::{Lab, expect, wait_until};

/// Has whoever finishes a part be killed there, once.
fn killed(lab: &Lab, part: &str) -> String {
    format!("part|_parts/{part}|kill|{}", lab.path("killed").display())
}

#[test]
fn an_executor_is_killed_and_another_goes_on() {
    let lab = Lab::new();
    let scheduler = lab.scheduler();
    let at = scheduler.at();
    let failpoint = killed(&lab, "2-ranges/");
    let env = [("RESULTS_FAILPOINT", failpoint.as_str())];
    let (mut one, mut other) = (lab.executor(&at, &env), lab.executor(&at, &env));
    expect(0, &mut lab.merge(&at, "out", &[]));
    lab.is_whole("out");
    assert!(one.has_ended() != other.has_ended(), "one was killed");
    // That it is gone was not waited for as of one that is silent for half a minute.
    let log = lab.log();
    assert!(log.contains("nobody listens at 127.0.0.1:") && !log.contains("heartbeat timed out"), "{log}");
}

#[test]
#[ignore = "half a minute"]
fn all_executors_are_killed_and_the_rest_is_done_later() {
    let lab = Lab::new();
    let failpoint = "part|_parts/4-write/|kill";
    let (scheduler, mut one, mut other) = lab.cluster(&[("RESULTS_FAILPOINT", failpoint)]);
    let at = scheduler.at();
    let mut merge = lab.merge(&at, "out", &[]).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("both are killed", || one.has_ended() && other.has_ended());
    let killed = Instant::now();
    assert_eq!(merge.wait().unwrap().code(), Some(1));
    assert!(killed.elapsed() < Duration::from_mins(1), "{:?}", killed.elapsed());
    let mut err = String::new();
    merge.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let done = "(hint: done are the stage survey, the stage runs, the stage ranges, the stage combine; the same command with \
                `--resume-parts` does the rest)";
    assert!(err.contains("all executors were lost") && err.contains(done), "{err}");
    let before =
        std::fs::metadata(lab.path("out/_parts/3-combine/00000.parquet")).unwrap().modified().unwrap();
    assert!(!lab.path("out/merge.yaml").exists());
    // Others come. They are held up at the second part that is written: what was done goes with the end of the merge.
    let go_on = lab.path("go-on");
    let failpoint = format!("part@2|_parts/4-write/|wait|{}", go_on.display());
    let _third = lab.executor(&at, &[("RESULTS_FAILPOINT", failpoint.as_str())]);
    expect(2, &mut lab.merge(&at, "out", &[]));
    let mut rest = lab.merge(&at, "out", &["--resume-parts"]).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("a part is written", || {
        let mut written = std::fs::read_dir(lab.path("out/_parts/4-write")).into_iter().flatten().flatten();
        written.any(|entry| entry.path().extension().is_some_and(|end| end == "parquet"))
    });
    let after =
        std::fs::metadata(lab.path("out/_parts/3-combine/00000.parquet")).unwrap().modified().unwrap();
    assert_eq!(before, after, "what was done is not done again");
    std::fs::write(go_on, "").unwrap();
    assert!(rest.wait().unwrap().success());
    lab.is_whole("out");
}

#[test]
#[ignore = "half a minute"]
fn the_scheduler_is_killed_and_the_rest_is_done_by_another() {
    let lab = Lab::new();
    let go_on = lab.path("go-on");
    // Parts of the second stage are not finished before this test has ended the scheduler.
    let failpoint = format!("part|_parts/1-runs/|wait|{}", go_on.display());
    let (scheduler, one, other) = lab.cluster(&[("RESULTS_FAILPOINT", &failpoint)]);
    let merge = lab.merge(&scheduler.at(), "out", &[]).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the second stage", || lab.path("out/_parts/0-survey/00006.parquet").exists());
    drop(scheduler);
    let begun = Instant::now();
    let ended = merge.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        err.contains("does not answer: ")
            && err.contains("(hint: done are the stage survey; the same command"),
        "{err}"
    );
    drop((one, other));
    let (scheduler, _one, _other) = lab.cluster(&[]);
    expect(0, &mut lab.merge(&scheduler.at(), "out", &["--resume-parts"]));
    lab.is_whole("out");
}

/// Whoever does it dies at ten places, as a seed has them.
#[test]
#[ignore = "minutes"]
fn an_executor_is_killed_at_ten_places() {
    const STAGES: [&str; 4] = ["0-survey", "1-runs", "2-ranges", "4-write"];
    let mut seed = 20u64;
    for n in 0..10 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = format!("{}/{:05}", STAGES[n % 4], (seed >> 33) % 7);
        let lab = Lab::new();
        let failpoint = killed(&lab, &place);
        let (scheduler, mut one, mut other) = lab.cluster(&[("RESULTS_FAILPOINT", &failpoint)]);
        let at = scheduler.at();
        let whole = expect(0, &mut lab.merge(&at, "out", &[]));
        lab.is_whole("out");
        assert!(one.has_ended() != other.has_ended(), "{place}");
        println!("killed at {place}: {:.1} s", whole.took.as_secs_f64());
        // One that comes back is as good as the other.
        let _back = lab.executor(&at, &[]);
        let usual = expect(0, &mut lab.merge(&at, "again", &[]));
        println!("without: {:.1} s", usual.took.as_secs_f64());
        assert!(whole.took < (usual.took * 5 / 2).max(usual.took + Duration::from_secs(15)));
        lab.is_whole("again");
    }
}

#[test]
#[ignore = "minutes"]
fn an_executor_freezes_for_forty_seconds() {
    for stage in ["0-survey", "1-runs", "2-ranges", "4-write"] {
        let lab = Lab::new();
        let (scheduler, mut one, _other) = lab.cluster(&[]);
        let mut merge = lab.merge(&scheduler.at(), "out", &[]).spawn().unwrap();
        wait_until(stage, || lab.path(&format!("out/_parts/{stage}")).exists());
        one.signal(Signal::SIGSTOP);
        let frozen = Instant::now();
        let mut end = None;
        while frozen.elapsed() < Duration::from_secs(40) {
            std::thread::sleep(Duration::from_millis(100));
            end = end.or_else(|| merge.try_wait().unwrap().map(|status| (status, frozen.elapsed())));
        }
        one.signal(Signal::SIGCONT);
        let (status, took) = end.unwrap_or_else(|| (merge.wait().unwrap(), frozen.elapsed()));
        println!("frozen in {stage}: ended {:.1} s later", took.as_secs_f64());
        assert!(status.success());
        // What it goes on with does no harm.
        std::thread::sleep(Duration::from_secs(5));
        assert!(!one.has_ended());
        lab.is_whole("out");
        expect(0, &mut lab.merge(&scheduler.at(), "again", &[]));
        lab.is_whole("again");
    }
}
