//! The service, asked over HTTP: `cargo bench --bench serve`.
//!
//! Makes its data (a merged table of 4 M rows), starts the server at a free port and prints each line with the goal it is
//! measured against; a name after `--` picks lines, as in `cargo bench --bench serve -- page`.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Rows of the large table.
const ROWS: u64 = 4_000_000;

/// Runs of each line.
const RUNS: usize = 20;

fn results(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_results"));
    command.args(args).current_dir(dir).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn must(dir: &Path, args: &[&str]) {
    let status = results(dir, args).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{args:?}");
}

/// A merged output whose table `te` has so many rows.
fn data(dir: &Path) {
    must(dir, &["demo", "--users", "40", "--out", "demo", "--shards", "2"]);
    let sql = format!(
        "select lpad(cast(n as varchar), 8, '0') as user_id, t.* except (user_id) from (select unnest(range(0, {})) as n) \
         cross join (select * from te where tau = (select min(tau) from te) order by user_id limit 1) t order by 1",
        ROWS
    );
    must(
        dir,
        &[
            "sql",
            "--run",
            "demo/merged",
            "--output",
            "te.parquet",
            "--format",
            "parquet",
            "--memory",
            "3GB",
            &sql,
        ],
    );
    std::fs::rename(dir.join("te.parquet"), dir.join("demo/merged/te.parquet")).unwrap();
}

struct Service {
    child: Child,
    address: SocketAddr,
    token: String,
    began: Duration,
}

impl Service {
    fn start(dir: &Path) -> Self {
        let since = Instant::now();
        let args = ["serve", "demo/merged", "demo/run", "--listen", "0", "--state", "state", "--json"];
        let mut child = results(dir, &args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = told["address"].as_str().unwrap().parse().unwrap();
        let token = std::fs::read_to_string(dir.join("state/token")).unwrap().trim().to_owned();
        let mut service = Self { child, address, token, began: Duration::ZERO };
        service.get("/healthz");
        service.began = since.elapsed();
        service
    }

    fn open(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let (host, token) = (self.address, &self.token);
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    fn get(&self, path: &str) -> usize {
        let mut bytes = Vec::new();
        self.open(path).read_to_end(&mut bytes).unwrap();
        assert!(
            bytes.starts_with(b"HTTP/1.1 200"),
            "{path}: {}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(600)])
        );
        bytes.len()
    }

    fn times(&self, path: &str) -> Vec<Duration> {
        let mut times: Vec<Duration> = (0..RUNS)
            .map(|_| {
                let since = Instant::now();
                self.get(path);
                since.elapsed()
            })
            .collect();
        times.sort();
        times
    }

    /// Processor time of the serving process.
    fn worked(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<u64> =
            stat.rsplit_once(')').unwrap().1.split_whitespace().filter_map(|f| f.parse().ok()).collect();
        // utime and stime, in hundredths of a second.
        Duration::from_millis((fields[10] + fields[11]) * 10)
    }

    /// Memory of the process and its children, shared pages by their share.
    fn memory(&self) -> u64 {
        let own = self.child.id().to_string();
        let is_ours = |id: &str| {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            id == own || status.lines().any(|l| l.strip_prefix("PPid:").is_some_and(|p| p.trim() == own))
        };
        let ids =
            std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().into_string().ok());
        let pss = |id: String| {
            let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
            let line = text.lines().find_map(|l| l.strip_prefix("Pss:")).unwrap_or("0").to_owned();
            line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        };
        ids.filter(|id| id.parse::<u32>().is_ok() && is_ours(id)).map(pss).sum::<u64>() / 1024
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn main() {
    let picked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_picked = |name: &str| picked.is_empty() || picked.iter().any(|p| name.contains(p.as_str()));
    let folder = tempfile::tempdir().unwrap();
    data(folder.path());
    let service = Service::start(folder.path());
    println!("{:44} {:9.0} ms   (goal 150)", "start to the first answer", ms(service.began));
    let select = "/api/v1/query?run=merged&sql=select%201%20as%20n";
    let pages = [
        ("select 1, median", select, 10, 35),
        ("page of 4 M rows by key, 95th percentile", "/run/merged/table/te", 18, 100),
        ("page of 4 M rows by a column, 95th percentile", "/run/merged/table/te?sort=TE_A2S", 18, 500),
        ("page of one user, 95th percentile", "/run/merged/table/te?where=user_id.eq.01234567", 18, 100),
    ];
    for (name, path, place, goal) in pages.into_iter().filter(|line| is_picked(line.0)) {
        service.get(path);
        println!("{name:44} {:9.0} ms   (goal {goal})", ms(service.times(path)[place]));
    }
    if is_picked("clients") {
        let since = Instant::now();
        std::thread::scope(|scope| {
            let one = || (0..10).for_each(|_| drop(service.get(select)));
            for _ in 0..60 {
                scope.spawn(one);
            }
        });
        println!("{:44} {:9.0} ms", "60 clients at once, 10 queries each", ms(since.elapsed()));
    }
    if is_picked("download") {
        let since = Instant::now();
        let bytes = service.get("/api/v1/runs/merged/tables/te/rows?format=csv");
        let served = since.elapsed();
        let since = Instant::now();
        let sql = ["sql", "--run", "demo/merged", "--format", "csv", "select * from te order by user_id"];
        must(folder.path(), &sql);
        let own = since.elapsed();
        println!(
            "{:44} {:9.0} ms   ({} MB; {:.2} of the terminal's, goal 1.3)",
            "download of 4 M rows as CSV",
            ms(served),
            bytes / 1_000_000,
            served.as_secs_f64() / own.as_secs_f64()
        );
    }
    if is_picked("idle") {
        std::thread::sleep(Duration::from_secs(3));
        let (before, since) = (service.worked(), Instant::now());
        std::thread::sleep(Duration::from_secs(20));
        let share = (service.worked() - before).as_secs_f64() / since.elapsed().as_secs_f64();
        println!(
            "{:44} {:9} MB   (goal 60), {:.2} % of a core (goal 0.2)",
            "idle",
            service.memory(),
            share * 100.0
        );
    }
    if is_picked("watchers") {
        // 60 of this address: the doors let no more in from one.
        let open: Vec<TcpStream> = (0..60).map(|_| service.open("/api/v1/runs/run/events")).collect();
        let (before, since) = (service.worked(), Instant::now());
        std::thread::sleep(Duration::from_secs(20));
        let share = (service.worked() - before).as_secs_f64() / since.elapsed().as_secs_f64();
        println!("{:44} {:9.2} % of a core", "60 watchers of a run", share * 100.0);
        drop(open);
    }
}
