//! What is refused before work, in words.

use std::process::Stdio;

use crate::lab::{Lab, PARTS, expect, program};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn an_address_that_is_none_is_refused() {
    let lab = Lab::new();
    let begun = std::time::Instant::now();
    let said = expect(1, &mut lab.merge("df://127.0.0.1:1", "out", &[]));
    assert!(said.err.contains("the scheduler at df://127.0.0.1:1 does not answer"), "{}", said.err);
    assert!(begun.elapsed().as_secs() < 30);
    for wrong in ["127.0.0.1:1", "df://127.0.0.1", "http://127.0.0.1:1"] {
        let said = expect(2, &mut lab.merge(wrong, "out", &[]));
        assert!(said.err.contains("such as df://127.0.0.1:50050"), "{}", said.err);
    }
    // A port where something else answers.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("df://{}", other.local_addr().unwrap());
    let answers = std::thread::spawn(move || drop(other.accept()));
    let said = expect(1, &mut lab.merge(&at, "out", &[]));
    assert!(said.err.contains("does not answer"), "{}", said.err);
    answers.join().unwrap();
    assert!(!lab.path("out").exists());
}

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    let lab = Lab::new();
    for (args, said) in [
        (&["--cluster", "df://127.0.0.1:1"][..], "--engine"),
        (&["--engine", "ballista"], "--cluster"),
        (&["--engine", "ballista", "--cluster", "df://127.0.0.1:1"], "--parts"),
        (&["--engine", "local", "--cluster", "df://127.0.0.1:1"], "--cluster is of --engine ballista"),
        (
            &["--engine", "ballista", "--cluster", "df://127.0.0.1:1", "--parts", PARTS, "--stage", "runs"],
            "a cluster does all stages",
        ),
    ] {
        let mut merge = program();
        merge.args(["merge", "--shards", "run", "--output"]).arg(lab.path("out")).args(args);
        let err = expect(2, &mut merge).err;
        assert!(err.contains(said), "{said}: {err}");
    }
}

#[test]
fn only_the_loopback_is_listened_at_unless_the_network_is_trusted() {
    for args in [
        &["scheduler", "--listen", "0.0.0.0:0"][..],
        &["executor", "--scheduler", "127.0.0.1:1", "--listen", "[::]:0"],
    ] {
        let said = expect(2, program().args(args).stdout(Stdio::null()));
        assert!(said.err.contains("--trusted-network"), "{}", said.err);
    }
    let said = expect(1, program().args(["executor", "--scheduler", "127.0.0.1:1"]));
    assert!(said.err.contains("the scheduler at df://127.0.0.1:1 does not answer"), "{}", said.err);
}

#[test]
fn another_version_is_refused_before_work() {
    let lab = Lab::new();
    let other = [("RESULTS_CLUSTER_VERSION", "9.9.9")];
    let scheduler = lab.scheduler();
    let at = scheduler.at();
    let said = expect(1, &mut lab.merge(&at, "out", &[]));
    assert!(said.err.contains("has no executors"), "{}", said.err);

    let both =
        format!("is results-cluster {VERSION} with Ballista 55.0.0, this is 9.9.9 with Ballista 55.0.0");
    let said = expect(2, program().args(["executor", "--scheduler", &at]).envs(other));
    assert!(said.err.contains(&both), "{}", said.err);
    let _executor = lab.executor(&at, &[]);
    let said = expect(2, lab.merge(&at, "out", &[]).envs(other));
    assert!(said.err.contains(&both), "{}", said.err);
    assert!(!lab.path("out").exists());
    // The same, had nobody asked.
    let said = expect(0, &mut lab.merge(&at, "out", &[]));
    assert!(said.err.contains("checks passed"), "{}", said.err);
}

#[test]
fn an_executor_that_may_not_write_is_named() {
    let lab = Lab::new();
    let scheduler = lab.scheduler();
    let at = scheduler.at();
    let _sees = lab.executor(&at, &[]);
    let _blind = lab.executor(&at, &[("RESULTS_FAILPOINT", "probe||readonly")]);
    let said = expect(1, &mut lab.merge(&at, "out", &[]));
    let named = format!("cannot do parts: cannot write into {}: ", lab.path("out").display());
    assert!(said.err.contains("the executor at 127.0.0.1:") && said.err.contains(&named), "{}", said.err);
    assert!(said.err.contains("no part is done, and nothing is left"), "{}", said.err);
    assert!(!lab.path("out").exists());
}
