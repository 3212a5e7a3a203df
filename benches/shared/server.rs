//! The S3 server, and proxies before it.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::{Ended, Spent, results, spent};

/// Seconds after which everything ends by itself.
const SECONDS: u32 = 7200;

/// The folder of a benchmark, for the process that measures.
const FOLDER: &str = "RESULTS_BENCH_FOLDER";

/// Does the benchmark as a process of its own, which has the server in its environment, and ends the server.
pub(crate) fn around() {
    let dir = std::env::temp_dir().join(format!("results-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let server = Server(dir.join("s3"));
    let said = script("start-s3.sh")
        .arg(&server.0)
        .arg(SECONDS.to_string())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(said.status.success(), "there is no S3 server");
    let text = String::from_utf8(said.stdout).unwrap();
    let told = text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    let mut command = Command::new(std::env::current_exe().unwrap());
    let ended = command.args(std::env::args().skip(1)).envs(told).env(FOLDER, &dir).status().unwrap();
    drop(server);
    let _ = std::fs::remove_dir_all(&dir);
    assert!(ended.success(), "{ended}");
}

/// Ended when it is dropped.
struct Server(PathBuf);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = script("start-s3.sh").arg("--stop").arg(&self.0).status();
    }
}

/// A folder, and a server.
pub(crate) struct Bench {
    pub(crate) dir: PathBuf,
    endpoint: String,
}

impl Bench {
    /// What the process around this one has made; none if there is none.
    pub(crate) fn inside() -> Option<Self> {
        let dir = std::env::var_os(FOLDER)?.into();
        Some(Self { dir, endpoint: std::env::var("AWS_ENDPOINT_URL").ok()? })
    }

    /// A proxy with rules of `fault.py`, which writes a line for each request if it is to count.
    pub(crate) fn proxy(&self, rules: &[&str], counts: bool) -> Proxy {
        let log = self.dir.join("requests.jsonl");
        let _ = std::fs::remove_file(&log);
        let mut command = Command::new("python3");
        command.arg(services().join("fault.py")).args(["--to", &self.endpoint, "--port", "0"]);
        command
            .args(["--seconds", &SECONDS.to_string()])
            .args(rules.iter().flat_map(|rule| ["--rule", rule]));
        if counts {
            command.arg("--log").arg(&log);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Proxy { url: url.trim().to_owned(), log, _child: Ended(child) }
    }

    /// A command of the program in the folder.
    pub(crate) fn results(&self, args: &[&str]) -> Command {
        results(&self.dir, args)
    }

    /// Does a command several times, each with a number of its own; the median by wall time, the largest memory.
    pub(crate) fn median(&self, times: usize, args: impl Fn(usize) -> Vec<String>) -> Spent {
        let done = |i| spent(self.results(&args(i).iter().map(String::as_str).collect::<Vec<_>>()));
        let mut all: Vec<Spent> = (0..times).map(done).collect();
        all.sort_by(|a, b| a.wall.total_cmp(&b.wall));
        let peak = all.iter().map(|one| one.peak).fold(0.0, f64::max);
        Spent { peak, ..all[times / 2] }
    }
}

/// Between the program and the server.
pub(crate) struct Proxy {
    pub(crate) url: String,
    log: PathBuf,
    _child: Ended,
}

impl Proxy {
    /// What was asked so far: method, path, bytes of the answer.
    pub(crate) fn asked(&self) -> Vec<(String, String, u64)> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let of = |line: &str| {
            let told: serde_json::Value = serde_json::from_str(line).ok()?;
            Some((
                told["method"].as_str()?.to_owned(),
                told["path"].as_str()?.to_owned(),
                told["read"].as_u64()?,
            ))
        };
        text.lines().filter_map(of).collect()
    }

    /// How many there were of each method.
    pub(crate) fn methods(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (method, ..) in self.asked() {
            *counts.entry(method).or_default() += 1;
        }
        counts
    }
}

fn services() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services")
}

fn script(name: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(services().join(name)).stdin(Stdio::null());
    command
}
