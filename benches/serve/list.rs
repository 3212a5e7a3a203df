//! A folder of fifty runs: one of many people, one that is damaged, one that is being written.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::data::{Data, MANY, SLOW, people};
use super::process::{Ended, must, results};
use super::service::{Service, state};
use super::{median, most, say};

const RUNS: usize = 50;

pub(crate) fn list(data: &Data) {
    let input = data.input();
    state(data);
    data.once("fifty", |dir, name| make(dir, &dir.join(name), input));
    std::fs::write(data.dir.join("slow.yaml"), SLOW).unwrap();
    let _ = std::fs::remove_dir_all(data.dir.join("fifty/written"));
    let args = ["run", "--config", "slow.yaml", "--data", input, "--out", "fifty/written", "--shards", "2"];
    let written = Ended(results(&data.dir, &args).spawn().unwrap());
    while !data.dir.join("fifty/written/_status/shard-0.json").exists() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let since = Instant::now();
    let service = Service::start(data, &["fifty"]);
    let shown = String::from_utf8_lossy(&service.get("/")).into_owned();
    let first = since.elapsed().as_secs_f64() * 1000.0;
    assert!(shown.contains("damaged") && shown.contains("large"), "{shown}");
    // It looks again every 5 s: some of these come meanwhile.
    let mut times = Vec::new();
    while since.elapsed() < Duration::from_secs(16) {
        times.extend(service.often(5, "/").times);
        std::thread::sleep(Duration::from_millis(200));
    }
    let found = format!("{:.0} ms ({:.0} at the median)", most(times.clone()), median(times));
    say("list of 50 runs, 95th percentile", &found, "200 ms");
    say("  start to its first answer", &format!("{first:.0} ms"), "");
    // What a worker leaves: it ends with the one that started it.
    drop(written);
}

/// Forty-seven of a few people, one of many, one that is damaged; another one is written meanwhile.
fn make(dir: &Path, folder: &Path, input: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let small = ["run", "smoke", "--data", input, "--out", "fifty/r00"];
    must(dir, &small);
    for number in 1..=RUNS - 3 {
        copy(folder, "r00", &format!("r{number:02}"));
    }
    copy(folder, "r00", "damaged");
    std::fs::write(folder.join("damaged/run.yaml"), "format: 1\nrun_id: [").unwrap();
    people(&dir.join("twenty_thousand"), 20_000);
    std::fs::write(dir.join("large.yaml"), format!("{MANY}taus: [1]\n")).unwrap();
    let large =
        ["run", "--config", "large.yaml", "--data", "twenty_thousand", "--out", "fifty/large", "--quiet"];
    must(dir, &large);
    std::fs::remove_dir_all(folder.join("r00")).unwrap();
}

fn copy(folder: &Path, from: &str, to: &str) {
    let end = Command::new("cp").arg("-r").arg(from).arg(to).current_dir(folder).status().unwrap();
    assert!(end.success());
}
