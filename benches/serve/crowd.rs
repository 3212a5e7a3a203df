//! Many at once.

use std::io::Read;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::data::{Data, SLOW};
use super::pages::SELECT;
use super::process::{Ended, results, worked};
use super::service::{Service, address, answer, ask, connect, state, token};
use super::{median, most, say};

const CLIENTS: usize = 200;
const WATCHERS: usize = 500;

/// Connections that come from one address.
const OF_ADDRESS: usize = 50;

/// Everybody asks ten small questions, one after the other.
pub(crate) fn clients(data: &Data) {
    let merged = format!("{}/merged", data.demo());
    state(data);
    let tokens: Vec<String> = (0..4).map(|n| token(data, &format!("client{n}"))).collect();
    let service = Service::start(data, &[&merged]);
    let small = [
        SELECT,
        "/api/v1/query?run=merged&sql=select%20tau,%20count(*)%20as%20n%20from%20te%20group%20by%20tau",
        "/api/v1/runs/merged/tables/te/rows?limit=20",
        "/run/merged/table/users",
        "/api/v1/runs",
    ];
    let (is_over, since, before) = (AtomicBool::new(false), Instant::now(), worked(service.id(), true));
    let (times, memory) = std::thread::scope(|scope| {
        let client = |number: usize| {
            let (tokens, service) = (&tokens, &service);
            scope.spawn(move || {
                let one = |question: usize| {
                    let path = small[question % small.len()];
                    let since = Instant::now();
                    let stream = connect(service.address, address(number / OF_ADDRESS));
                    answer(ask(stream, service.address, &tokens[number % tokens.len()], path), path);
                    since.elapsed().as_secs_f64()
                };
                (0..10).map(one).collect::<Vec<f64>>()
            })
        };
        let memory = scope.spawn(|| {
            let mut peak = 0.0_f64;
            while !is_over.load(Ordering::Relaxed) {
                peak = peak.max(service.memory());
                std::thread::sleep(Duration::from_millis(50));
            }
            peak
        });
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        let times: Vec<f64> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        is_over.store(true, Ordering::Relaxed);
        (times, memory.join().unwrap())
    });
    let all = since.elapsed().as_secs_f64();
    let core = (worked(service.id(), true) - before) * 1000.0 / times.len() as f64;
    let found = format!(
        "{:.1} s ({:.1} at the median), {memory:.0} MB, {} in {all:.0} s ({core:.0} ms of a core each), none failed",
        most(times.clone()),
        median(times.clone()),
        times.len()
    );
    say(&format!("{CLIENTS} clients at once, 95th percentile of a query"), &found, "8 s, 2500 MB");
}

/// A run that is at work, and those who watch it.
pub(crate) fn watchers(data: &Data) {
    let input = data.input();
    state(data);
    std::fs::write(data.dir.join("slow.yaml"), SLOW).unwrap();
    let _ = std::fs::remove_dir_all(data.dir.join("watched"));
    let args = ["run", "--config", "slow.yaml", "--data", input, "--out", "watched"];
    let run = Ended(results(&data.dir, &args).spawn().unwrap());
    while !data.dir.join("watched/_status/shard-0.json").exists() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let service = Service::start(data, &["watched"]);
    for count in [1, WATCHERS] {
        let open = |number: usize| {
            let stream = connect(service.address, address(number / OF_ADDRESS));
            ask(stream, service.address, &service.token, "/api/v1/runs/watched/events")
        };
        let streams: Vec<TcpStream> = (0..count).map(open).collect();
        std::thread::sleep(Duration::from_secs(2));
        let (before, since) = (worked(service.id(), false), Instant::now());
        std::thread::sleep(Duration::from_secs(20));
        let share = (worked(service.id(), false) - before) / since.elapsed().as_secs_f64() * 100.0;
        let told: Vec<f64> = streams.into_iter().map(|stream| changes(stream) as f64).collect();
        assert!(told.iter().all(|told| *told > 0.0), "somebody was told nothing");
        let goal = if count == WATCHERS { "2 % of a core" } else { "" };
        let found = format!("{share:.2} % of a core, {:.0} events each", median(told));
        say(&format!("{count} watchers of a run"), &found, goal);
    }
    drop(run);
}

/// Events that have come.
fn changes(mut stream: TcpStream) -> usize {
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let (mut bytes, mut part) = (Vec::new(), [0; 8192]);
    while let Ok(read @ 1..) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&bytes).matches("event: ").count()
}
