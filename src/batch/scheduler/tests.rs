use super::*;
use crate::batch::load::engine;

fn told(engine: &Engine, text: &str) -> Vec<String> {
    let mut rows: Vec<_> = engine.read(&engine.state, text).into_iter().collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let row = |((job, task), state): ((String, Option<u64>), State)| {
        let task = task.map_or(String::new(), |task| format!("_{task}"));
        let start = state.start.map_or(String::new(), |at| format!(" at {at}"));
        let node = state.node.map_or(String::new(), |node| format!(" on {node}"));
        let why = state.why.map_or(String::new(), |why| format!(": {}", why.split(" (").next().unwrap()));
        format!("{job}{task} {}{node}{start}{why}", state.word.as_str())
    };
    rows.into_iter().map(row).collect()
}

/// Lines as 22.05 prints them.
const SLURM: &str = "\
                   7|                   0|                       RUNNING|                                                        None|n1|          1795928653|         0|                                 results-run
                   7|                   1|                       PENDING|                                                   BeginTime||          1795928775|         1|                                 results-run
                   7|                   2|                       PENDING|                                          PartitionTimeLimit||                 N/A|         0|                                 results-run
                   7|                   3|                       PENDING|                                                   Resources||                 N/A|         0|                                 results-run
                   7|                   4|                        FAILED|                                            JobLaunchFailure|n1|          1795928653|         0|                                 results-run
                   7|                   5|                       TIMEOUT|                                                   TimeLimit|n2|          1795928653|         0|                                 results-run
                   7|                   6|                     PREEMPTED|                                                        None|n2|          1795928653|         0|                                 results-run
                   7|                   7|                     NODE_FAIL|                                                    NodeDown|n2|          1795928653|         0|                                 results-run
                   7|                   8|                       PENDING|                                                 JobHeldUser||                 N/A|         0|                                 results-run
                   7|                   9|                     NEW_STATE|                                                        None||                 N/A|         0|                                 results-run
                   7|                  10|                       PENDING|                        ReqNodeNotAvail, UnavailableNodes:n1||                 N/A|         0|                                 results-run
                   8|                 N/A|                       PENDING|                                                  Dependency||                 N/A|         0|                                 results-run
";

#[test]
fn slurms_words_become_ours() {
    let slurm = engine("slurm", None).unwrap();
    assert_eq!(
        told(&slurm, SLURM),
        [
            "7_0 running on n1",
            "7_1 put back at 1795928775: its time to begin has not come",
            "7_2 never starts: the partition gives less time than was asked for",
            "7_3 queued: waits for free nodes",
            "7_4 failed on n1",
            "7_5 time limit on n2",
            "7_6 preempted on n2",
            "7_7 node lost on n2",
            "7_8 held",
            "7_9 queued: the scheduler calls it NEW_STATE",
            "7_10 queued: a node that it needs is reserved or down",
            "8 queued: waits for other jobs",
        ]
    );
    let past = slurm.ended.as_ref().unwrap();
    let rows =
        slurm.read(past, "12_3|TIMEOUT|None|n1|x\n12_4|CANCELLED by 0|None|n2|x|y\n13|COMPLETED|None|n1|\n");
    assert_eq!(rows[&("12".into(), Some(3))].word, Word::TimeLimit);
    assert_eq!(rows[&("12".into(), Some(4))].word, Word::Cancelled);
    assert_eq!(rows[&("13".into(), None)].word, Word::Ended);
}

#[test]
fn the_words_of_the_others_become_ours() {
    let pbs = engine("pbs", None).unwrap();
    let said = "\
Job id            Name             User              Time Use S Queue
----------------  ---------------- ----------------  -------- - -----
1234[].server     results-run      ada                      0 B workq
1234[0].server    results-run      ada               00:00:01 R workq
1234[1].server    results-run      ada                      0 Q workq
1234[2].server    results-run      ada               00:00:09 F workq
1235.server       results-run      ada                      0 H workq
";
    assert_eq!(
        told(&pbs, said),
        ["1234 running", "1234_0 running", "1234_1 queued", "1234_2 ended", "1235 held"]
    );
    let sge = engine("sge", None).unwrap();
    let said = "\
job-ID  prior   name       user         state submit/start at     queue                          slots ja-task-ID
-----------------------------------------------------------------------------------------------------------------
     77 0.50500 results-ru ada          r     11/29/2026 05:00:01 all.q@n1.cluster                   4 1
     77 0.50500 results-ru ada          qw    11/29/2026 05:00:01                                    4 2
     77 0.50500 results-ru ada          Eqw   11/29/2026 05:00:01                                    4 3
     78 0.00000 results-ru ada          hqw   11/29/2026 05:00:01                                    1
";
    assert_eq!(
        told(&sge, said),
        ["77_1 running on n1.cluster", "77_2 queued", "77_3 never starts", "78 held"]
    );
    let lsf = engine("lsf", None).unwrap();
    let said =
        "91|1|RUN|n1|-\n91|2|PEND|-|New job is waiting for scheduling;\n91|3|EXIT|n2|\n92|0|DONE|n1|\n";
    let rows = told(&lsf, said);
    assert_eq!(rows[0], "91_1 running on n1");
    assert_eq!(rows[1], "91_2 queued: New job is waiting for scheduling;");
    assert_eq!(rows[2..], ["91_3 failed on n2", "92_0 ended on n1"]);
}

#[test]
fn ids_are_found_in_what_is_printed() {
    let id = |name: &str, printed: &str| engine(name, None).unwrap().id_in(printed, "submit");
    assert_eq!(id("slurm", "12\n").unwrap(), ("12".into(), "12".into()));
    assert_eq!(id("slurm", "12;cluster\n").unwrap().0, "12");
    assert_eq!(id("pbs", "1234[].server.site\n").unwrap(), ("1234[].server.site".into(), "1234".into()));
    assert_eq!(id("sge", "77.1-25:1\n").unwrap().0, "77");
    assert_eq!(id("lsf", "Job <91> is submitted to queue <normal>.\n").unwrap().0, "91");
    let said = id("slurm", "welcome to the cluster\nSubmitted batch job 12\n").unwrap_err().to_string();
    assert!(said.contains("  welcome to the cluster\n  Submitted batch job 12\n(hint: "), "{said}");
    assert!(id("lsf", "").unwrap_err().to_string().contains("(nothing)"));
}

#[test]
fn commands_about_jobs_have_their_ids_as_words() {
    let ids = ["1".to_owned(), "2".to_owned()];
    let words =
        |command: &[&str]| with_ids(&command.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>(), &ids);
    assert_eq!(words(&["q", "-j", "{ids}"]), ["q", "-j", "1,2"]);
    assert_eq!(words(&["c", "{each}"]), ["c", "1", "2"]);
}
