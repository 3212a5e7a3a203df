use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::batch::load::engine;
use crate::batch::record::Job;
use crate::config::Config;
use crate::event::Counts;
use crate::run::status;
use crate::schema::Schemas;
use crate::store::{ExpectedUnit, MemoryStorage, NewRun, Object, Storage};

/// A run of six users in three shards, none of them done.
fn run() -> Run {
    let config: Config =
        serde_json::from_str(include_str!("../../../tests/reference/dataset_config.json")).unwrap();
    let schemas = Schemas::load(None).unwrap();
    let unit = |position: u64| ExpectedUnit {
        position,
        shard: (position % 3) as u32,
        user_id: format!("u{position}"),
        feature_mode: "composite".into(),
        input: "{}".into(),
        input_bytes: 1,
        rows: Arc::default(),
    };
    let new = NewRun {
        config: &config,
        units: (0..6).map(unit).collect(),
        shards: 3,
        only_shards: Vec::new(),
        schemas: &schemas,
        data_folder: "/data".into(),
        control: None,
    };
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    Run::create_or_join(storage, &new).unwrap()
}

fn submission() -> Submission {
    let mut submission =
        Submission::new(1, "slurm", "results-run".into(), (vec![vec![0], vec![1], vec![2]], 3));
    let job = |first_task, tasks, first_index| Job {
        id: format!("{}", 7 + first_task),
        known_as: format!("{}", 7 + first_task),
        first_task,
        tasks,
        first_index,
    };
    submission.jobs = vec![job(0, 2, Some(0)), job(2, 1, None)];
    submission
}

fn state(word: Word) -> State {
    State { word, why: None, node: Some("n1".into()), start: None, restarts: 0, name: None }
}

fn view(run: &Run, states: &[(&str, Option<u64>, State)], status: &RunStatus) -> BatchView {
    let heard: HashMap<_, _> =
        states.iter().map(|(job, task, state)| (((*job).to_owned(), *task), state.clone())).collect();
    let asked = Asked { title: "Slurm".into(), at: "now".into(), heard: Ok(heard) };
    BatchView::of(run, status, &submission(), &asked, Some(&engine("slurm", None).unwrap()))
}

#[test]
fn tasks_stand_beside_the_shards_that_they_do() {
    let run = run();
    let mut now = status(&run).unwrap();
    let back =
        State { start: Some(chrono::Utc::now().timestamp() + 118), restarts: 1, ..state(Word::PutBack) };
    let seen = view(&run, &[("7", Some(0), state(Word::Running)), ("7", Some(1), back)], &now);
    let words = |shard| seen.task_of(shard, 3).map(|task| task.job.words()).unwrap();
    assert_eq!(words(0), "running on n1");
    assert!(words(1).starts_with("put back, starts in 11"), "{}", words(1));
    // The scheduler has forgotten the third, which is no array, and it left no log.
    assert_eq!(seen.task_of(2, 3).unwrap().job.state, None);
    assert!(seen.is_live() && seen.goes_on());
    // A run divided in another way: share 1 of 6 has users of shard 1 of 3.
    assert_eq!(seen.task_of(4, 6).unwrap().shards, [1]);
    // What is done has no work left, whatever the scheduler says.
    now.shards[0].counts = Counts { total: 2, ok: 2, ..Counts::default() };
    let seen = view(&run, &[("7", Some(0), state(Word::Failed))], &now);
    assert!(!seen.tasks[0].work_left && seen.tasks[1].work_left);
    assert!(!seen.is_live());
}

#[test]
fn a_log_says_why_a_forgotten_task_ended() {
    let run = run();
    let now = status(&run).unwrap();
    let write = |name: &str, text: &str| {
        let object = Object { path: format!("_submit/0001/{name}.out"), bytes: text.as_bytes().to_vec() };
        run.storage().replace(&object).unwrap();
    };
    write(
        "1-0",
        "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-29T05:04:13 DUE TO TIME LIMIT ***\n",
    );
    write("1-1", "error: node n2 does not see /run/run.yaml\n");
    write("2", "slurmstepd: error: Detected 1 oom_kill event in StepId=9.batch.\n");
    let seen = view(&run, &[("7", Some(1), state(Word::Failed))], &now);
    let told: Vec<_> = seen.tasks.iter().map(|task| (task.job.state, task.job.why.as_deref())).collect();
    assert_eq!(
        told,
        [
            (Some(Word::TimeLimit), None),
            (Some(Word::Failed), Some("node n2 does not see /run/run.yaml")),
            (Some(Word::OutOfMemory), None),
        ]
    );
    // What the scheduler knows exactly is not asked of a log; a task that runs has an old one.
    let seen = view(&run, &[("7", Some(0), state(Word::Running)), ("9", None, state(Word::NodeLost))], &now);
    assert_eq!(seen.tasks[0].job.state, Some(Word::Running));
    assert_eq!(seen.tasks[2].job.words(), "node n1 lost");
}

#[test]
fn a_scheduler_that_is_silent_leaves_the_runs_own_view() {
    let run = run();
    let now = status(&run).unwrap();
    let asked = Asked { title: "Slurm".into(), at: "now".into(), heard: Err("timed out".into()) };
    let seen = BatchView::of(&run, &now, &submission(), &asked, None);
    assert_eq!(seen.no_answer.as_deref(), Some("timed out"));
    assert!(seen.tasks.iter().all(|task| task.job.state.is_none()) && !seen.is_live());
}
