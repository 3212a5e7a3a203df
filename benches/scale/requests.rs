//! What is asked of an object store, counted by a proxy before a real server.

use std::collections::BTreeSet;

use super::figures::Figures;
use super::people::{MANY, users};
use super::process::spent;
use super::say;
use super::server::Bench;

/// People of the run, and processes that analyse them.
const PEOPLE: u64 = 4000;
const WORKERS: u32 = 4;

/// So many surrogates that workers are at work for a minute and more: they say every twenty seconds that they live.
const SURROGATES: &str = "surrogates: 7500";

pub(crate) fn requests(bench: &Bench, figures: &mut Figures) {
    std::fs::write(bench.dir.join("many.yaml"), MANY.replace("surrogates: 100", SURROGATES)).unwrap();
    users(&bench.dir.join("many"), PEOPLE);
    let out = &format!("s3://bucket/scale-{}", std::process::id());
    let workers = &WORKERS.to_string();
    let args = ["run", "--config", "many.yaml", "--data", "many", "--shards", workers, "--out", out];
    let (seconds, asked) = counted(bench, &args);
    let of = |method: &str, part: &str| {
        asked.iter().filter(|(m, path, _)| m == method && path.contains(part)).count() as f64
    };
    let data: Vec<&str> = asked
        .iter()
        .filter(|(method, path, _)| method == "PUT" && path.contains("/shard=") && path.contains(".parquet"))
        .filter(|(_, path, _)| !path.contains("/_expected/"))
        .map(|(_, path, _)| path.as_str())
        .collect();
    let table = |path: &&str| path.split("/shard=").next().unwrap_or_default().to_owned();
    let tables = data.iter().map(table).collect::<BTreeSet<_>>().len() as f64;
    let groups = data.iter().filter(|path| path.contains("/users/")).count() as f64;
    let puts = data.len() as f64 / groups;
    let working = seconds * f64::from(WORKERS);
    let (beats, looks) = (of("PUT", ".beat") / working, of("HEAD", "/_leases/") / working);
    let rest = asked.len() as f64 - data.len() as f64 - (beats + looks) * working;
    let words = format!(
        "{groups} groups of {tables} tables, {puts:.2} PUT a group; {:.1} beats and {:.1} looks a worker and minute; {:.0} others a worker",
        60.0 * beats,
        60.0 * looks,
        rest / f64::from(WORKERS),
    );
    say(&format!("requests of a run of {PEOPLE} people"), &words, "PUT: one a table");
    let (_, status) = counted(bench, &["status", out]);
    say("requests of its status", &status.len().to_string(), "by workers, not by groups");
    let share = format!("0/{WORKERS}");
    let (_, resume) = counted(bench, &["run", "--resume", out, "--shard", &share]);
    say(
        "requests of a share with nothing to do",
        &format!("{} and {groups} groups", resume.len()),
        "5 and its ledger",
    );
    let (_, merge) = counted(bench, &["merge", "--shards", out, "--output", "merged"]);
    let of_run = |path: &str| data.contains(&path);
    let gets = merge.iter().filter(|(method, path, _)| method == "GET" && of_run(path)).count();
    let gets = gets as f64 / data.len() as f64;
    say("requests of its merge", &format!("{gets:.2} GET an object, {} in all", merge.len()), "2 an object");
    figures.note(
        "requests",
        &[
            ("tables", tables),
            ("groups", groups),
            ("put_a_group", puts),
            ("beats_a_worker_second", beats),
            ("looks_a_worker_second", looks),
            ("others_a_worker", rest / f64::from(WORKERS)),
            ("status", status.len() as f64),
            ("resume_of_a_share", resume.len() as f64),
            ("get_an_object_merged", gets),
        ],
    );
}

/// Does a command through a proxy: seconds, and what was asked.
fn counted(bench: &Bench, args: &[&str]) -> (f64, Vec<(String, String, u64)>) {
    let proxy = bench.proxy(&[], true);
    let mut command = bench.results(args);
    command.env("AWS_ENDPOINT_URL", &proxy.url);
    let found = spent(command);
    // Names of folders have a sign that a URL writes otherwise.
    let asked =
        proxy.asked().into_iter().map(|(method, path, read)| (method, path.replace("%3D", "="), read));
    (found.wall, asked.collect())
}
