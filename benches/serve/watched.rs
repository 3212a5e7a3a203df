//! A run beside a service that is asked without pause: about that run, and about another one.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::data::Data;
use super::process::{Spent, program, results, spent};
use super::service::{Service, state};
use super::{median, say};

pub(crate) fn watched(data: &Data) {
    let input = data.input();
    state(data);
    data.once("other", |dir, name| _ = spent(run(dir, input, name)));
    let mut ratios = [Vec::new(), Vec::new(), Vec::new()];
    let mut asked = 0;
    for _ in 0..3 {
        let alone = one(data, input);
        // The neighbour takes its share of the machine, whichever run it asks about.
        let (beside, _) = one_beside(data, input, "other");
        let (watched, queries) = one_beside(data, input, "watched");
        asked = queries;
        ratios[0].push(watched.cpu / beside.cpu);
        ratios[1].push(watched.cpu / alone.cpu);
        ratios[2].push(watched.wall / alone.wall);
    }
    let [beside, alone, wall] = ratios.map(median);
    let found = format!("{beside:.3} of one beside which another is asked about");
    say("a run that is watched and queried, processor time", &found, "1.03");
    say("  beside alone", &format!("{alone:.3} (wall {wall:.3}), {asked} queries each"), "");
}

fn run(dir: &Path, input: &str, out: &str) -> Command {
    let _ = std::fs::remove_dir_all(dir.join(out));
    let args = ["run", "k6_full", "--users", "30", "--threads", "1", "--data", input, "--out", out];
    // A core of its own, where there is the program for it.
    if Command::new("taskset").arg("-V").output().is_ok() {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(program()).args(args).current_dir(dir);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        return command;
    }
    results(dir, &args)
}

fn one(data: &Data, input: &str) -> Spent {
    spent(run(&data.dir, input, "watched"))
}

/// The same while a service answers questions about a run.
fn one_beside(data: &Data, input: &str, about: &str) -> (Spent, usize) {
    let command = run(&data.dir, input, "watched");
    let (is_over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            // It is there once there is a manifest.
            while !data.dir.join(about).join("run.yaml").exists() && !is_over.load(Ordering::Relaxed) {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            let service = Service::start_with(data, &[about], &["--queries", "1"]);
            let _ = Command::new("taskset").args(["-apc", "1", &service.id().to_string()]).output();
            let live = service.open(&format!("/api/v1/runs/{about}/events"));
            let sql = "/api/v1/query?run=RUN&sql=select%20tau,%20avg(TE_A2S)%20as%20m%20from%20te%20group%20by%20tau";
            let sql = sql.replace("RUN", about);
            while !is_over.load(Ordering::Relaxed) {
                service.get(&sql);
                service.get(&format!("/run/{about}/table/te"));
                asked.fetch_add(2, Ordering::Relaxed);
            }
            drop(live);
        });
        let spent = spent(command);
        is_over.store(true, Ordering::Relaxed);
        asking.join().unwrap();
        (spent, asked.load(Ordering::Relaxed))
    })
}
