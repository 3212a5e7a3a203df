//! The error log, broken by hand.

use super::super::finding::Findings;
use super::super::tests::*;
use super::super::{Finding, Kind};
use super::{Logged, read};
use crate::schema::Cell;
use crate::store::UnitState;

const HEADER: &str = "user_id,feature_mode,method,tau,error,traceback,timestamp\n";
const ENTRY: &str = "u1,composite,TE,2,\"bad, really\",\"Traceback\n  File \"\"x\"\", line 1, in f\n\nValueError: bad\",2026-11-23T13:06:40\n";

fn logged(text: &str) -> (Vec<Logged>, Vec<Finding>) {
    let mut findings = Findings::default();
    let entries = read(text.as_bytes(), &mut findings);
    (entries, findings.into_vec())
}

#[test]
fn entries_go_over_lines() {
    let (entries, findings) = logged(&format!("{HEADER}{ENTRY}{}", ENTRY.replace("u1", "u2")));
    assert_eq!(findings, []);
    assert_eq!(
        entries.iter().map(|e| (e.line, e.user_id.as_str())).collect::<Vec<_>>(),
        [(2, "u1"), (6, "u2")]
    );
    assert_eq!((entries[0].tau, entries[0].error.as_str()), (Some(2), "bad, really"));
}

#[test]
fn an_entry_torn_in_the_middle_costs_only_itself() {
    for cut in [ENTRY.find("Traceback").unwrap(), ENTRY.find("ValueError").unwrap(), ENTRY.len() - 30] {
        let torn = &ENTRY[..cut];
        let (entries, findings) = logged(&format!("{HEADER}{torn}\n{}", ENTRY.replace("u1", "u2")));
        assert_eq!(
            entries.iter().map(|e| e.user_id.as_str()).collect::<Vec<_>>(),
            ["u2"],
            "{torn:?} {findings:?}"
        );
        assert!(findings.iter().any(|f| f.lines.contains(&2)), "{findings:?}");
        let (entries, findings) = logged(&format!("{HEADER}{}{torn}", ENTRY.replace("u1", "u2")));
        assert_eq!(entries.len(), 1);
        assert!(!findings.is_empty());
    }
}

#[test]
fn columns_stand_in_any_order_and_may_be_missing() {
    let (entries, findings) =
        logged("error,user_id,timestamp,feature_mode\nGlobal quality: N=3,u,2026-01-01,m\n");
    assert_eq!(findings, []);
    assert_eq!((entries[0].method.as_ref(), entries[0].user_id.as_str()), (None, "u"));
    let (entries, findings) = logged(&format!("{HEADER}u,m,TE,x,e,t,2026-01-01\n,m,TE,1,e,t,2026-01-01\n"));
    assert_eq!((entries.len(), entries[0].tau), (1, None));
    assert_eq!(findings.iter().map(|f| f.kind).collect::<Vec<_>>(), [Kind::Doubtful, Kind::Unreadable]);
}

#[test]
fn what_the_log_says_counts_where_there_is_no_result() {
    let log = |entry: &str| changed("error_log.csv", |_| format!("{HEADER}{entry}"));
    let shard = log("s,composite,,,too few,,2026-01-01\n");
    assert_eq!(unit(&shard, "s").state, UnitState::Skipped);
    assert_eq!(cell(&rows(unit(&shard, "s"), "issues")[0], "severity"), &Cell::Text("warning".into()));
    let shard = log("0EC60222-04A2-4FFA-BE1F-444BC5D027F0,composite,PROCESS,,late,,2026-01-01\n");
    assert_eq!(
        (unit(&shard, "0EC6").state, unit(&shard, "0EC6").ended_by.as_deref()),
        (UnitState::Ok, Some("late"))
    );
    // Without a mode, the entry is about the directory's only one.
    let shard = log("s,,PROCESS,,e,,2026-01-01\ns,,PROCESS,,e,,2026-01-02\n");
    assert_eq!(
        (unit(&shard, "s").feature_mode.as_str(), rows(unit(&shard, "s"), "issues").len()),
        ("composite", 1)
    );
    assert_eq!(lines(&shard, "error_log.csv", Kind::RepeatedRow), [3]);
}
