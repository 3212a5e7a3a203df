//! Queries by a cluster have the rows that one process has.

use std::path::Path;

use crate::lab::{Lab, expect, its_output, its_run, program, said, wait_until};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The header, and the rows in an order of their own.
fn rows(csv: &str) -> (String, Vec<Vec<String>>) {
    let mut lines = csv.lines();
    let header = lines.next().unwrap_or_default().to_owned();
    let mut rows: Vec<Vec<String>> = lines.map(|line| line.split(',').map(str::to_owned).collect()).collect();
    rows.sort_by_key(|row| row.iter().map(|cell| rounded(cell)).collect::<Vec<_>>());
    (header, rows)
}

fn rounded(cell: &str) -> String {
    cell.parse::<f64>().map_or_else(|_| cell.to_owned(), |number| format!("{number:.9e}"))
}

/// Compares answers: sums of floats depend on the order in which they were added up.
fn same(one: &str, other: &str) -> bool {
    let ((header, one), (other_header, other)) = (rows(one), rows(other));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
    let equal =
        |(a, b): (&String, &String)| a == b || matches!((a.parse(), b.parse()), (Ok(a), Ok(b)) if near(a, b));
    header == other_header
        && one.len() == other.len()
        && one.iter().zip(&other).all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(equal))
}

/// Asks one process, and a cluster.
fn compare(lab: &Lab, at: &str, dir: &Path, args: &[&str]) {
    let alone = said(&mut lab.sql(None, dir, args));
    let cluster = said(&mut lab.sql(Some(at), dir, args));
    assert_eq!(alone.code, cluster.code, "{args:?}: {alone:#?} {cluster:#?}");
    assert_eq!(alone.err, cluster.err, "{args:?}");
    assert!(same(&alone.out, &cluster.out), "{args:?}:\n{}\n{}", alone.out, cluster.out);
}

/// What the executors of a lab have had to do with queries.
fn shares(lab: &Lab) -> usize {
    lab.log().matches("of a query").count()
}

#[test]
fn a_cluster_answers_as_one_process_does() {
    let lab = Lab::new();
    let (scheduler, _one, _other) = lab.cluster(&[]);
    let at = scheduler.at();
    let (run, merged) = (its_run(), its_output());
    let mut reports = 0;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../queries/reports");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        let dir = if reports % 2 == 0 { &run } else { &merged };
        compare(&lab, &at, dir, &["--query", &name]);
        reports += 1;
    }
    assert!(reports > 5);
    let before = shares(&lab);
    for sql in [
        "select count(*), sum(TE_A2S), min(user_id), stddev(p_A2S) from te where tau = 1",
        "select * from te",
        "select a.user_id, b.TE_A2S from te a full join te b on a.user_id = b.user_id and a.TE_A2S < b.TE_A2S",
        "select user_id, rank() over (partition by tau order by TE_A2S), q_A2S from te where tau < \
         (select max(tau) from te) + 1",
        "select wilcoxon_p(Delta_TE), hodges_lehmann(TE_A2S), ks_uniform(p_A2S) from te",
        "select user_id, tau from te order by TE_A2S desc, user_id, tau limit 3",
    ] {
        compare(&lab, &at, &run, &[sql]);
        compare(&lab, &at, &merged, &[sql]);
    }
    let param = ["--param", "tau=2", "select count(*) from raw.te where tau = $tau and user_id <> 'u03'"];
    compare(&lab, &at, &run, &param);
    assert!(shares(&lab) >= before + 24, "{}", lab.log());
    // What is wrong with a query is said as everywhere.
    for wrong in [
        "select nothing from te",
        "drop table te",
        "copy te to 'x.csv'",
        "select * from 'x.csv'",
        "select tau / 0 from te",
    ] {
        compare(&lab, &at, &run, &[wrong]);
    }
    let refused = expect(1, &mut lab.sql(Some(&at), &run, &["select now(), count(*) from te"]));
    assert!(refused.err.contains("now() isn't the same") && refused.err.contains("run it without --cluster"));
}

#[test]
fn a_query_has_the_run_as_it_was_when_it_was_asked() {
    let lab = Lab::new();
    let own = lab.path("own");
    let go_on = lab.path("go-on");
    let mut run = lab.own_run(&["--threads", "1"]).env("RESULTS_FAILPOINT", "unit@3||hang").spawn().unwrap();
    let committed = || std::fs::read_dir(own.join("users/shard=0")).map_or(0, Iterator::count);
    wait_until("two users", || committed() == 2);
    run.kill().unwrap();
    run.wait().unwrap();
    // Executors wait before they look at anything.
    let wait = format!("share||wait|{}", go_on.display());
    let (scheduler, _one, _other) = lab.cluster(&[("RESULTS_FAILPOINT", &wait)]);
    let sql = ["select user_id, tau, TE_A2S, q_A2S from te"];
    let before = expect(0, &mut lab.sql(None, &own, &sql));
    let mut asked = lab.sql(Some(&scheduler.at()), &own, &sql);
    let asked = std::thread::spawn(move || expect(0, &mut asked));
    wait_until("a share", || shares(&lab) > 0);
    expect(0, program().current_dir(lab.path("")).args(["run", "--resume", "own"]));
    std::fs::write(go_on, "").unwrap();
    assert!(same(&before.out, &asked.join().unwrap().out));
    let after = expect(0, &mut lab.sql(None, &own, &sql));
    assert!(after.out.lines().count() > before.out.lines().count());
}

#[test]
fn who_cannot_answer_is_named_before_work() {
    let lab = Lab::new();
    let sql = ["select count(*) from te"];
    let said = expect(1, &mut lab.sql(Some("df://127.0.0.1:1"), &its_run(), &sql));
    assert!(said.err.contains("the scheduler at df://127.0.0.1:1 does not answer"), "{}", said.err);
    let scheduler = lab.scheduler();
    let at = scheduler.at();
    let said = expect(1, &mut lab.sql(Some(&at), &its_run(), &sql));
    assert!(said.err.contains("has no executors"), "{}", said.err);
    let _executor = lab.executor(&at, &[]);
    let both =
        format!("is results-cluster {VERSION} with Ballista 55.0.0, this is 9.9.9 with Ballista 55.0.0");
    let said = expect(2, lab.sql(Some(&at), &its_run(), &sql).env("RESULTS_CLUSTER_VERSION", "9.9.9"));
    assert!(said.err.contains(&both), "{}", said.err);
    let _blind = lab.executor(&at, &[("RESULTS_FAILPOINT", "look||readonly")]);
    let said = expect(1, &mut lab.sql(Some(&at), &its_run(), &sql));
    let named = format!("cannot do parts: {} is not seen", its_run().display());
    assert!(said.err.contains("the executor at 127.0.0.1:") && said.err.contains(&named), "{}", said.err);
}

#[test]
fn an_executor_is_killed_and_another_answers() {
    let lab = Lab::new();
    let failpoint = format!("share||kill|{}", lab.path("killed").display());
    let scheduler = lab.scheduler();
    let at = scheduler.at();
    let env = [("RESULTS_FAILPOINT", failpoint.as_str())];
    let (mut one, mut other) = (lab.executor(&at, &env), lab.executor(&at, &env));
    let sql = ["select user_id, tau, q_A2S from te where p_A2S < 0.8"];
    let alone = expect(0, &mut lab.sql(None, &its_run(), &sql));
    let cluster = expect(0, &mut lab.sql(Some(&at), &its_run(), &sql));
    assert!(same(&alone.out, &cluster.out));
    assert!(one.has_ended() != other.has_ended(), "one was killed");
}
