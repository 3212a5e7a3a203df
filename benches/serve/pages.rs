//! Answers to one who asks.

use std::io::Read;
use std::net::TcpStream;
use std::time::Instant;

use super::data::Data;
use super::process::{high_water, results, spent};
use super::service::{Service, state};
use super::{median, say};

/// Requests of a line.
const TIMES: usize = 20;

pub(crate) const SELECT: &str = "/api/v1/query?run=merged&sql=select%201%20as%20n";

/// From the command to an answer.
pub(crate) fn start(data: &Data) {
    let merged = format!("{}/merged", data.demo());
    state(data);
    let took = |path: &str| {
        let one = |_| {
            let since = Instant::now();
            let service = Service::start(data, &[&merged]);
            service.get(path);
            since.elapsed().as_secs_f64() * 1000.0
        };
        median((0..5).map(one).collect())
    };
    say("start to the list", &format!("{:.0} ms", took("/")), "150 ms");
    say("start to the rows of a query", &format!("{:.0} ms", took(SELECT)), "");
}

/// A query that costs nothing.
pub(crate) fn select(data: &Data) {
    let merged = format!("{}/merged", data.demo());
    state(data);
    let service = Service::start(data, &[&merged]);
    service.get(SELECT);
    let answers = service.often(TIMES, SELECT);
    let whole = median(answers.times.clone());
    let page = "/sql?run=merged&sql=select%201%20as%20n";
    let engine = |_| engine_time(&String::from_utf8_lossy(&service.get(page)));
    let engine = median((0..TIMES).map(engine).collect());
    let core = answers.core;
    let found = format!("{whole:.0} ms ({core:.0} of a core), {engine:.0} from job to last row");
    say("select 1 over HTTP, median", &found, "15 ms over the engine's own");
}

/// “1 row in 12 ms” on the page of the editor.
fn engine_time(page: &str) -> f64 {
    let before = page.split(" ms").next().unwrap_or_default();
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or_else(|_| panic!("the page does not say how long it took: {page}"))
}

/// The first page of a large table.
pub(crate) fn pages(data: &Data) {
    let merged = data.four_lags();
    state(data);
    let service = Service::start(data, &[merged]);
    let rows = data.people * 4;
    let one = format!("where=user_id.eq.P{:07}", data.people / 3);
    let lines = [
        ("by key", String::new(), "100 ms"),
        ("by a column", "sort=TE_A2S".to_owned(), "500 ms"),
        ("by a column, falling", "sort=-p_A2S".to_owned(), "500 ms"),
        ("of one person", one, "100 ms"),
    ];
    for (name, question, goal) in lines {
        for (kind, path) in [
            ("page", format!("/run/{merged}/table/te?{question}")),
            ("rows", format!("/api/v1/runs/{merged}/tables/te/rows?limit=100&{question}")),
        ] {
            service.get(&path);
            let found = service.often(TIMES, &path).words();
            say(&format!("{kind} of {rows} rows {name}, 95th percentile"), &found, goal);
        }
    }
}

/// All rows as CSV.
pub(crate) fn download(data: &Data) {
    let merged = data.four_lags();
    state(data);
    let service = Service::start(data, &[merged]);
    let path = format!("/api/v1/runs/{merged}/tables/te/rows?format=csv");
    let mut ratios = Vec::new();
    let (mut last, mut bytes) = (0.0, 0);
    for _ in 0..3 {
        let since = Instant::now();
        bytes = drained(service.open(&path));
        last = since.elapsed().as_secs_f64();
        let args = ["sql", "--run", merged, "--format", "csv", "select * from te"];
        let mut bare = results(&data.dir, &args);
        bare.stdout(std::fs::File::create(data.dir.join("all.csv")).unwrap());
        ratios.push(last / spent(bare).wall);
    }
    let told = std::fs::metadata(data.dir.join("all.csv")).unwrap().len();
    assert!(bytes >= told, "the download has {bytes} bytes, the terminal writes {told}");
    let parent = high_water(service.id()) as f64 / 1000.0;
    let found = format!("{last:.1} s, {} MB: {:.2} of the terminal's", bytes / 1_000_000, median(ratios));
    say(&format!("download of {} rows as CSV", data.people * 4), &found, "1.3");
    say("  the serving process", &format!("{parent:.0} MB"), "100 MB");
}

fn drained(mut stream: TcpStream) -> u64 {
    let mut part = vec![0; 1 << 20];
    let mut all = 0;
    loop {
        match stream.read(&mut part).unwrap() {
            0 => return all,
            n => all += n as u64,
        }
    }
}
